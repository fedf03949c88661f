"""What every answer carries, what is on which port, and which pages may ask."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.doors import Doors
from api.main import _sockets
from cli.embedded import EmbeddedStore
from cli.embedded.ports import free_port
from contracts.access import WRITE_SCOPES
from contracts.settings import Settings
from tests.api.running import NOWHERE, PLAIN, await_true, headers, serving
from tests.api.test_keys import make
from web import FILES

SHOP, OTHER = "https://shop.example", "https://other.example"
KEYED: dict[str, Any] = {"api.sites": {"shop": "w"}, "kafka.delivery_timeout_ms": 200}
OPERATORS = ("/metrics", "/docs", "/openapi.json", "/", "/docs-assets/favicon.png")
PAGES = ("/shop", "/person", "/web/shop.js", "/v1/live/stream")


@pytest.mark.parametrize("path", ["/healthz", "/v1/trending", "/v1/nothing", "/v1/events", "/docs"])
def test_every_answer_has_them(path: str) -> None:
    with serving(NOWHERE, **{"kafka.delivery_timeout_ms": 200}) as url:
        answer = httpx.get(url + path)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    (policy,) = answer.headers.get_list("content-security-policy")
    assert "frame-ancestors 'none'" in policy
    assert ("script-src" in policy) == (path == "/docs")


def test_so_have_answers_to_what_goes_wrong() -> None:
    async def fails(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/", "method": "GET", "server": ("x", 1)}
    asyncio.run(Doors(fails, True, None)(scope, None, send))  # type: ignore[arg-type]
    assert (b"x-content-type-options", b"nosniff") in sent[0]["headers"]


def test_the_public_port_has_nothing_for_operators() -> None:
    given = {**KEYED, "api.pages": True}
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url) as http:
        for path in (*OPERATORS, *PAGES):
            answer = http.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-type"] == "application/problem+json"
        assert http.get("/readyz").json().keys() == {"status"}
        assert http.get("/healthz").status_code == 200


@pytest.mark.parametrize("pages", [True, False])
def test_the_tracker_is_on_the_public_port_with_and_without_pages(pages: bool) -> None:
    with serving(NOWHERE, **{**KEYED, "api.pages": pages}) as url:
        path = f"{url}/web/headrace.js"
        answer = httpx.get(path)
        assert answer.text == (FILES / "headrace.js").read_text()
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "public, max-age=3600"
        again = httpx.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "public, max-age=3600"
        assert httpx.head(path).headers["etag"] == answer.headers["etag"]


@contextmanager
def two_doors(**given: Any) -> Iterator[tuple[str, str]]:
    """Serve on two ports, as `python -m api.main` does; yield both."""
    import uvicorn

    from api.main import Server

    port, operations = free_port(), free_port()
    settings = Settings.load(
        overrides={
            "api.port": port,
            "api.operations_port": operations,
            "kafka.bootstrap_servers": NOWHERE,
            "redis.url": NOWHERE,
            **PLAIN,
            **KEYED,
            **given,
        }
    )
    config = uvicorn.Config(create_app(settings), port=port, http="httptools", log_config=None)
    server = Server(config)
    sockets = _sockets(config, settings.api)
    thread = threading.Thread(target=server.run, args=(sockets,))
    thread.start()
    try:
        await_true(lambda: server.started)
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{operations}"
    finally:
        server.should_exit = True
        thread.join(20)


def test_the_operators_port_has_all_of_it() -> None:
    with two_doors(**{"api.pages": True}) as (public, operations):
        for path in ("/metrics", "/docs", "/openapi.json", "/", "/shop", "/web/shop.js"):
            assert httpx.get(operations + path).status_code == 200, path
            assert httpx.get(public + path).status_code == 404, path
        # What a client says of itself opens nothing.
        named = {"Host": operations.removeprefix("http://"), "X-Forwarded-Port": "1"}
        assert httpx.get(f"{public}/metrics", headers=named).status_code == 404
        assert "rules" in httpx.get(f"{operations}/readyz").json()
        # Keys are asked for there too.
        assert httpx.get(f"{operations}/v1/trending").status_code == 401


def test_without_keys_there_is_one_door(caplog: pytest.LogCaptureFixture) -> None:
    with serving(NOWHERE) as url:
        assert httpx.get(f"{url}/metrics").status_code == 200
    settings = Settings.load(overrides={"api.sites": {"shop": "w"}})
    with caplog.at_level(logging.WARNING):
        assert _sockets(None, settings.api) is None  # type: ignore[arg-type]
    assert "api.operations_port" in caplog.text


def allowed(http: httpx.Client, path: str, origin: str, method: str = "GET") -> str | None:
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    return http.options(path, headers=asked).headers.get("access-control-allow-origin")


def test_pages_of_named_origins_may_ask_and_no_others(own_store: EmbeddedStore) -> None:
    key = make(own_store, "shop", *WRITE_SCOPES, origins=(OTHER,))
    given = {**KEYED, "api.cors_origins": [SHOP], "redis.url": own_store.url}
    path = "/v1/users/device:d/recommendations"
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url) as http:
        await_true(lambda: allowed(http, path, OTHER) == OTHER)
        for origin in (SHOP, OTHER):
            assert allowed(http, "/v1/events", origin, "POST") == origin
            assert allowed(http, path, origin) == origin
            assert allowed(http, "/v1/campaigns", origin) is None
            assert allowed(http, "/v1/triggers", origin) is None
        for origin in ("https://evil.example", "null", f"{SHOP}.evil.example"):
            assert allowed(http, path, origin) is None
        told = http.get(path, headers={**headers(key), "Origin": OTHER})
        assert told.headers["access-control-allow-origin"] == OTHER
        # A page has to see why it is refused.
        refused = http.get(path, headers={"Origin": SHOP})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, SHOP)


def test_without_keys_any_page_may_post_but_not_read() -> None:
    with serving(NOWHERE) as url, httpx.Client(base_url=url) as http:
        assert allowed(http, "/v1/events", OTHER, "POST") == "*"
        assert allowed(http, "/v1/trending", OTHER) is None
