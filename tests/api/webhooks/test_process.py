"""The process that delivers, as a supervisor runs it: several of them, killed, paused, stopped."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from contracts.settings import ApiSettings, RedisSettings, Settings, WebhookSettings
from tests.api.running import await_true, serving
from tests.api.triggers.firing import SITE, fire, trigger
from tests.api.webhooks.receiver import Receiver, hang, receiving, status
from tests.storage.servers import StoreServer, running

LIMITS = {"kafka.delivery_timeout_ms": 200, "webhooks.allow": ["127.0.0.0/8"]}


@pytest.fixture
def store() -> Iterator[StoreServer]:
    with running() as server:
        yield server


@pytest.fixture
def base(store: StoreServer) -> Iterator[str]:
    with serving("127.0.0.1:9", **{"redis.url": store.url, **LIMITS}) as url:
        yield url


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


class Process:
    """One `python -m api.webhooks`."""

    def __init__(self, store: StoreServer, folder: Path, number: int) -> None:
        file = folder / f"settings-{number}.json"
        Settings(
            redis=RedisSettings(url=SecretStr(store.url)),
            api=ApiSettings(pseudonyms=False),
            webhooks=WebhookSettings(allow=["127.0.0.0/8"], timeout_seconds=2),
        ).save(file)
        self.log = folder / f"webhooks-{number}.log"
        with self.log.open("wb") as log:
            self.running = subprocess.Popen(
                [sys.executable, "-m", "api.webhooks"],
                env={**os.environ, "HEADRACE_SETTINGS": str(file)},
                stdout=log,
                stderr=log,
            )

    @property
    def delivers(self) -> bool:
        return self.log.read_text().count("delivering webhooks, as run") > 0


@contextmanager
def processes(store: StoreServer, folder: Path, count: int) -> Iterator[list[Process]]:
    started = [Process(store, folder, number) for number in range(count)]
    try:
        yield started
    finally:
        for one in started:
            one.running.kill()
            one.running.wait()


def subscribe(base: str, receiver: Receiver, **given: Any) -> dict[str, Any]:
    body = {"delivery": "webhook", "url": receiver.url, **given}
    answer = httpx.post(f"{base}/v1/subscriptions", json=body)
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    receiver.secrets.append(created["secret"])
    return created


def shown(base: str, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{base}/v1/subscriptions/{id_}").json()
    return found


def ids(numbers: range) -> set[str]:
    return {f"t{number}" for number in numbers}


def test_one_delivers_and_when_it_is_killed_another_goes_on(
    base: str, store: StoreServer, receiver: Receiver, tmp_path: Path
) -> None:
    one = subscribe(base, receiver)
    with processes(store, tmp_path, 2) as both:
        fire(store.url, [trigger(n) for n in range(100)])
        await_true(lambda: len(receiver.ids) >= 20, 40)
        first, second = sorted(both, key=lambda process: not process.delivers)
        assert not second.delivers
        first.running.send_signal(signal.SIGKILL)
        fire(store.url, [trigger(n) for n in range(100, 200)])
        await_true(lambda: shown(base, one["id"])["backlog"] == 0, 40)
        assert second.delivers
    assert set(receiver.ids) == ids(range(200)), "nothing is lost"
    assert len(receiver.ids) <= 208, "and what was under way came again, under the same ids"
    assert receiver.unverified == 0


def test_one_that_was_thought_dead_changes_nothing(
    base: str, store: StoreServer, receiver: Receiver, tmp_path: Path
) -> None:
    one = subscribe(base, receiver)
    with processes(store, tmp_path, 2) as both:
        await_true(lambda: any(process.delivers for process in both), 40)
        first, second = sorted(both, key=lambda process: not process.delivers)
        first.running.send_signal(signal.SIGSTOP)
        fire(store.url, [trigger(n) for n in range(50)])
        await_true(lambda: shown(base, one["id"])["delivered"] == 50, 40)
        first.running.send_signal(signal.SIGCONT)
        fire(store.url, [trigger(n) for n in range(50, 100)])
        await_true(lambda: shown(base, one["id"])["delivered"] == 100)
        await_true(lambda: "its lease has ended" in first.log.read_text())
        assert shown(base, one["id"])["backlog"] == 0
        assert second.delivers
    assert set(receiver.ids) == ids(range(100))


def test_a_slow_receiver_delays_no_other(
    base: str, store: StoreServer, receiver: Receiver, tmp_path: Path
) -> None:
    with receiving() as slow, processes(store, tmp_path, 1):
        release = threading.Event()
        slow.always = hang(release)
        stuck = subscribe(base, slow)
        subscribe(base, receiver)
        fire(store.url, [trigger(n) for n in range(300)])
        await_true(lambda: len(receiver.ids) == 300, 40)
        assert len(slow.ids) < 300
        await_true(lambda: shown(base, stuck["id"])["state"] == "failing")
        release.set()
    assert receiver.unverified == slow.unverified == 0


def test_it_outlives_its_store(
    base: str, store: StoreServer, receiver: Receiver, tmp_path: Path
) -> None:
    one = subscribe(base, receiver)
    with processes(store, tmp_path, 1) as (process,):
        fire(store.url, [trigger(1)])
        # Else what was sent and not written down yet would rightly be sent again.
        await_true(lambda: shown(base, one["id"])["delivered"] == 1, 40)
        store.freeze()
        try:
            await_true(lambda: "its lease has ended" in process.log.read_text(), 40)
        finally:
            store.thaw()
        fire(store.url, [trigger(2)])
        await_true(lambda: "t2" in receiver.ids, 40)
        await_true(lambda: shown(base, one["id"])["delivered"] == 2, 40)
        assert process.running.poll() is None
    assert receiver.ids == ["t1", "t2"]


def test_it_is_directed_over_http(
    base: str, store: StoreServer, receiver: Receiver, tmp_path: Path
) -> None:
    one = subscribe(base, receiver, filter={"campaigns": ["cart"]})
    path = f"{base}/v1/subscriptions/{one['id']}"
    with processes(store, tmp_path, 1) as (process,):
        fire(store.url, [trigger(1), trigger(2, campaign="browse")])
        await_true(lambda: receiver.ids == ["t1"], 40)

        # Another secret: both sign, and then the new one alone.
        rotated = httpx.post(f"{path}/secret", json={"overlap_hours": 1}).json()
        receiver.secrets.insert(0, rotated["secret"])
        assert len(rotated["secrets"]) == 2
        await_true(lambda: _verified_by(receiver, store, 10) == 2)
        httpx.post(f"{path}/secret", json={"overlap_hours": 0})
        receiver.secrets.insert(0, httpx.post(f"{path}/secret", json={}).json()["secret"])
        await_true(lambda: _verified_by(receiver, store, 1_000) == 1)

        # It wants no more, and then it does again.
        receiver.replies = [status(410)]
        fire(store.url, [trigger(5_000)])
        await_true(lambda: shown(base, one["id"])["state"] == "disabled")
        assert "410" in shown(base, one["id"])["why"]
        fire(store.url, [trigger(5_001)])
        enabled = httpx.post(f"{path}/enable").json()
        assert enabled["state"] == "active"
        await_true(lambda: "t5001" in receiver.ids)

        # All of it once more.
        before = len(receiver.ids)
        assert httpx.post(f"{path}/replay", json={"after": 0}).status_code == 202
        await_true(lambda: receiver.ids[before:].count("t1") == 1)
        assert "t2" not in receiver.ids

        assert httpx.delete(path).status_code == 204
        await_true(lambda: not _left(store))
        process.running.send_signal(signal.SIGTERM)
        assert process.running.wait(20) == 0
        with store.client() as client:
            assert not client.exists("c:delivery-owner"), "the next need not wait"


def test_a_wrong_setting_is_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "api.webhooks"],
        env={**os.environ, "HEADRACE_API__PSEUDONYMS": "0", "HEADRACE_SETTINGS": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "headrace webhooks: redis.url is empty" in done.stderr
    assert "Traceback" not in done.stderr


def _verified_by(receiver: Receiver, store: StoreServer, start: int) -> int:
    """Return how many of the known secrets verify what is sent now."""
    number = start + len(receiver.ids)
    fire(store.url, [trigger(number)])
    await_true(lambda: f"t{number}" in receiver.ids)
    return len(receiver.verified_by[receiver.ids.index(f"t{number}")])


def _left(store: StoreServer) -> list[bytes]:
    with store.client() as client:
        return list(client.scan_iter(match=f"c:delivery:{SITE}:*"))
