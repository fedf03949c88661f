"""The service as a whole: its process, its errors, its document."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from api import problems
from cli.embedded import EmbeddedBroker
from cli.embedded.ports import free_port
from contracts.settings import ApiSettings, KafkaSettings, RedisSettings, Settings
from flows.topics import create_topics
from tests.api.running import NOWHERE, await_true, headers, serving
from tests.conftest import PARTITIONS

EVENT = {"id": "1", "type": "view", "user": "ada", "time": 1_700_000_000_000}


@contextmanager
def process(settings: Settings, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m api.main` as a supervisor does."""
    file = folder / "settings.json"
    settings.save(file)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE")}
    with (folder / "api.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "api.main"],
            env={**environ, "HEADRACE_SETTINGS": str(file)},
            stdout=log,
            stderr=log,
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait()


def served(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_sigterm_answers_what_is_under_way_first(
    own_broker: EmbeddedBroker, store_url: str, tmp_path: Path
) -> None:
    port, operations = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    metrics = f"http://127.0.0.1:{operations}/metrics"
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=own_broker.bootstrap_servers),
        redis=RedisSettings(url=SecretStr(store_url)),
        api=ApiSettings(
            port=port,
            operations_port=operations,
            sites={"shop": SecretStr("key")},
            pseudonym_keys={"1": SecretStr("the secret of the pseudonyms of a test")},
        ),
    )
    with process(settings, tmp_path) as running, ThreadPoolExecutor() as threads:
        await_true(lambda: served(url))
        assert httpx.post(f"{url}/v1/events", json=EVENT, headers=headers("key")).is_success
        assert own_broker.child.pid is not None
        os.kill(own_broker.child.pid, signal.SIGSTOP)
        try:
            waiting = threads.submit(
                httpx.post, f"{url}/v1/events", json=EVENT, headers=headers("key"), timeout=30
            )
            await_true(lambda: "in_flight 1.0" in httpx.get(metrics).text)
            running.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            assert not waiting.done()
        finally:
            os.kill(own_broker.child.pid, signal.SIGCONT)
        assert waiting.result(30).status_code == 200
        assert running.wait(30) == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "kafka.bootstrap_servers is empty"),
        ({"kafka": {"bootstrap_servers": "127.0.0.1:9"}}, "redis.url is empty"),
        (
            {
                "api": {"host": "0.0.0.0"},
                "kafka": {"bootstrap_servers": "127.0.0.1:9"},
                "redis": {"url": NOWHERE},
            },
            "api.sites: no write key is configured",
        ),
        ({"api": {"prot": 1}}, "there is no such setting"),
    ],
)
def test_a_bad_setting_is_one_line(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings))
    done = subprocess.run(
        [sys.executable, "-m", "api.main"],
        env={**os.environ, "HEADRACE_SETTINGS": str(file)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, store_url: str) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("app")
    with EmbeddedBroker(folder / "broker", folder / "log") as broker:
        create_topics(broker.bootstrap_servers, PARTITIONS)
        with (
            serving(broker.bootstrap_servers, **{"redis.url": store_url}) as url,
            httpx.Client(base_url=url, timeout=30) as client,
        ):
            yield client


def test_errors_of_the_framework_are_problems(client: httpx.Client) -> None:
    for answer, status, kind in (
        (client.get("/v1/nothing"), 404, "not-found"),
        (client.get("/v1/events"), 405, "method-not-allowed"),
        (client.put("/healthz"), 405, "method-not-allowed"),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == f"urn:headrace:problem:{kind}"


def test_an_unforeseen_error_shows_nothing_of_the_inside() -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("secret")

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/fails")

    import asyncio

    answer = asyncio.run(ask())
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:headrace:problem:internal-error"
    assert "secret" not in answer.text


def test_the_examples_of_the_document_are_real(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    posted = 0
    for path, item in document["paths"].items():
        if "collect" not in item.get("post", {}).get("tags", []):
            continue
        for example in item["post"]["requestBody"]["content"]["application/json"][
            "examples"
        ].values():
            answer = client.post(path, json=example["value"])
            assert answer.status_code == 200, answer.text
            assert answer.json()["rejected"] == []
            posted += 1
    assert posted == 9
    assert "writeKey" in document["components"]["securitySchemes"]


def test_what_was_taken_and_refused_is_counted(client: httpx.Client) -> None:
    def count(name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", client.get("/metrics").text, re.M)
        return float(found[1]) if found else 0.0

    accepted = 'headrace_collect_accepted_total{site="default"}'
    rejected = 'headrace_collect_rejected_total{reason="malformed"}'
    before = count(accepted), count(rejected)
    client.post("/v1/events", json=[EVENT, EVENT])
    client.post("/v1/events", content=b"{")
    assert (count(accepted), count(rejected)) == (before[0] + 2, before[1] + 1)
    assert count("headrace_collect_ack_seconds_count") > 0


def test_it_lives_without_its_store() -> None:
    with serving("127.0.0.1:9", **{"redis.url": NOWHERE, "kafka.delivery_timeout_ms": 200}) as url:
        assert httpx.get(f"{url}/healthz").json() == {"status": "up"}
        assert httpx.post(f"{url}/v1/events", json=EVENT).status_code == 503


def test_wrong_rules_end_it_with_one_line(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "sale"\naction = "boost"\n')
    settings = Settings(
        kafka=KafkaSettings(bootstrap_servers=NOWHERE),
        redis=RedisSettings(url=SecretStr("redis://127.0.0.1:1")),
        api=ApiSettings(rules_file=rules, port=free_port()),
    )
    with process(settings, tmp_path) as running:
        assert running.wait(60) == 2
    said = (tmp_path / "api.log").read_text()
    assert f"headrace api: api.rules_file: {rules}: " in said
    assert "Traceback" not in said


def test_probes_may_ask_for_the_head_only(client: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]


def test_the_page_of_the_routes_fetches_nothing_from_elsewhere(client: httpx.Client) -> None:
    assert client.get("/").headers["location"] == "/docs"
    page = client.get("/", follow_redirects=True)
    assert page.headers["content-type"].startswith("text/html")
    found = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page.text)
    assert "/openapi.json" in found
    assert len(found) >= 4
    for address in found:
        assert address.startswith("/"), address
        assert client.get(address).status_code == 200, address
    assert "://" not in page.text
