"""`headrace status` and `doctor` of a service that asks for keys, its flow alive and frozen."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from cli import status
from cli.doctor import command
from cli.embedded import EmbeddedBroker
from cli.embedded.ports import free_port
from contracts.codec import encode_json
from contracts.keys import Keys
from contracts.vitals import Checkpoint, Worker
from storage.writes import SetView, Write
from tests.api.running import serving
from tests.api.serve.shop import fill, now_ms
from tests.storage.servers import StoreServer, store_server  # noqa: F401  # a fixture

HOUR_MS = 3_600_000
LONG_AGO_MS = 1_000_000_000_000
OPERATOR = "the key of whoever runs it"


def run(what: Callable[..., None], *options: str) -> typer.testing.Result:
    app = typer.Typer()
    app.command()(what)
    return typer.testing.CliRunner().invoke(app, options)


def flow(told: int) -> list[Write]:
    """Return the views of a flow of two workers that both told of themselves at `told` (ms)."""
    keys = Keys("live")
    part = {"part": "events.click/0", "offset": 9, "written": told, "vouched": told}
    workers = [
        Worker(
            worker=number,
            workers=2,
            run=1,
            pid=1,
            started=0,
            written=told,
            cpu_seconds=0.1,
            memory=1,
            parts=[],
        )
        for number in (0, 1)
    ]
    return [
        *(SetView(keys.worker(one.worker), encode_json(one)) for one in workers),
        SetView(keys.progress("events.click/0"), json.dumps(part).encode()),
        SetView(keys.checkpoint(), encode_json(Checkpoint(written=told, time=told))),
        SetView(keys.model("shop", "baskets"), b'{"orders": 1, "pairs": 1200, "screened": 3}'),
        SetView(keys.model("shop", "feedback"), b'{"learned": 0, "heard": 4, "cases": 2}'),
        SetView(keys.model("shop", "decide"), b'{"placements": {"top": {"learned": 5}}}'),
    ]


@pytest.mark.parametrize("alive", [True, False])
def test_what_is_told_of_a_flow_takes_a_key_and_says_whether_it_lives(
    alive: bool,
    tmp_path: Path,
    own_broker: EmbeddedBroker,
    store_server: StoreServer,  # noqa: F811  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Ahead of the clock, so that however slow the machine is it was told of late.
    fill(store_server, flow(now_ms() + HOUR_MS if alive else LONG_AGO_MS))
    given: dict[str, Any] = {
        "redis.url": store_server.url,
        "api.sites": {"shop": "a write key", "books": "another"},
        "api.admin_key": OPERATOR,
    }
    with serving(own_broker.bootstrap_servers, **given) as url:
        folder = ("--data-dir", str(tmp_path), "--url", url)
        keyed = (*folder, "--key", OPERATOR, "--site", "shop")

        refused = run(status.status, *folder)
        assert refused.exit_code == 1
        assert "give it with --key, or as HEADRACE_API__ADMIN_KEY" in str(refused.exception)
        assert "give it with --site" in str(run(status.status, *keyed[:-2]).exception)
        assert "tells no figures" in run(command.doctor, *folder).stdout
        assert "no API answers" not in run(command.doctor, *folder).stdout

        done = run(status.status, *keyed)
        assert done.exit_code == (0 if alive else 1), done.output
        assert ("2 of 2 heard of" if alive else "none was heard of") in done.stdout
        assert "shop/baskets: orders 1, pairs 1,200\n" in done.stdout
        assert "shop/feedback: heard 4, cases 2\n" in done.stdout
        assert "shop/decide: 5 learned\n" in done.stdout
        monkeypatch.setenv("HEADRACE_API__ADMIN_KEY", OPERATOR)
        checks = json.loads(run(command.doctor, *folder, "--site", "shop", "--json").stdout)
        found = {one["check"]: one for one in checks["checks"] if one["area"] == "engine"}
        assert found["workers"]["level"] == ("ok" if alive else "fail")
        assert found["checkpoint"]["level"] == ("ok" if alive else "fail")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = run(status.status, "--data-dir", str(tmp_path / "vra"))
    assert "vra: there is no such folder" in str(done.exception)
    assert getattr(done.exception, "code", None) == 2


def test_a_folder_that_nothing_runs_in_tells_nothing_of_another_s_engine(
    tmp_path: Path,
    own_broker: EmbeddedBroker,
    store_server: StoreServer,  # noqa: F811  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    fill(store_server, flow(LONG_AGO_MS)[:3])
    (tmp_path / "recovery").mkdir()
    (tmp_path / "recovery" / "part-0.sqlite3").touch()
    monkeypatch.setenv("HEADRACE_API__PORT", str(port))
    given: dict[str, Any] = {"redis.url": store_server.url, "api.port": port}
    with serving(own_broker.bootstrap_servers, **given):
        done = run(status.status, "--data-dir", str(tmp_path))
        assert "checkpoint  none to be seen from here" in done.stdout
        assert f"nothing runs in {tmp_path.resolve()}" in done.stderr
        assert (
            f"nothing runs in {tmp_path.resolve()}"
            in run(command.doctor, "--data-dir", str(tmp_path)).stdout
        )
