"""Every route, with every kind of key and none: it opens for the kind that its scope names only."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr

from api.app import create_app
from api.held import OPERATOR_SCOPES
from api.scopes import SCOPES
from contracts.access import SECRET_SCOPES, WRITE_SCOPES
from contracts.settings import Settings
from tests.api.running import NOWHERE, PLAIN, serving

KEYS = {"write": "w" * 20, "secret": "s" * 20, "admin": "a" * 20}
GIVEN: dict[str, Any] = {
    "api.sites": {"shop": SecretStr(KEYS["write"]), "books": SecretStr("another-write-key")},
    "api.secrets": {"shop": SecretStr(KEYS["secret"])},
    "api.admin_key": SecretStr(KEYS["admin"]),
    "kafka.delivery_timeout_ms": 200,
}

OPEN = frozenset({"open"})
OPENS: dict[str, frozenset[str]] = {
    "write": OPEN.union(WRITE_SCOPES),
    "secret": OPEN.union(SECRET_SCOPES),
    "admin": OPEN.union(OPERATOR_SCOPES),
}

EXPORT = "/v1/users/x/export"

# A key may stand in the body, so that serving looks at the question first.
QUERIES: dict[str, dict[str, str]] = {
    "GET /v1/items": {"id": "x"},
    "GET /v1/search": {"q": "x"},
    "GET /v1/rules": {"item": "x"},
}
BODIES: dict[str, Any] = {
    "POST /v1/recommendations": {"users": ["x"]},
    "POST /v1/rank": {"user": "x", "items": ["a", "b"]},
    "POST /v1/users/{id:path}/decide": {"placement": "x"},
}


def routes(app: FastAPI) -> Iterator[str]:
    """Yield method and path of every route of an application, those of its routers too."""

    def walk(found: Any) -> Iterator[APIRoute]:
        for one in found:
            router = getattr(one, "original_router", None)
            if router is not None:
                yield from walk(router.routes)
            elif isinstance(one, APIRoute):
                yield one

    for route in walk(app.routes):
        for method in sorted(route.methods):
            yield f"{method} {route.path}"


def test_every_route_declares_its_scope() -> None:
    given = {"kafka.bootstrap_servers": "127.0.0.1:9", "redis.url": NOWHERE, **PLAIN, **GIVEN}
    found = set(routes(create_app(Settings.load(overrides=given))))
    assert len(found) > 40, "the walk found hardly any"
    assert found - SCOPES.keys() == set(), "say in api/scopes.py what these are for"
    assert SCOPES.keys() - found == set(), "these are not there any more"
    # Pages show everything to everybody: they are for the demo.
    open_ = {route for route, scope in SCOPES.items() if scope == "open"}
    assert not [route for route in open_ if "/v1/" in route]


@pytest.fixture(scope="module")
def client(broker: str) -> Iterator[httpx.Client]:
    with serving(broker, **GIVEN) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


@pytest.mark.parametrize("kind", ["none", "unknown", "write", "secret", "admin"])
def test_a_route_opens_for_its_kind_of_key_and_no_other(client: httpx.Client, kind: str) -> None:
    wrong = []
    for route, scope in SCOPES.items():
        status = asked(client, route, kind)
        closed = status in (401, 403)
        if status == 500 or closed == (scope in OPENS.get(kind, OPEN)):
            wrong.append(f"{route} ({scope}) with the {kind} key: {status}")
    assert not wrong, wrong


def scope_of_site(path: str) -> bool:
    return "campaigns" in path or path in ("/v1/offers", "/v1/stats", "/v1/users/x", EXPORT)


def asked(client: httpx.Client, route: str, kind: str) -> int:
    method, path = route.split()
    path = re.sub(r"\{[^}]*\}", "x", path)
    key = KEYS.get(kind, "nobody-has-this-key")
    headers: dict[str, str] = {}
    auth: Any = None
    if kind in ("secret", "admin"):
        headers["Authorization"] = f"Bearer {key}"
    elif kind != "none":
        auth = (key, "")
    params = QUERIES.get(route, {"site": "shop"} if scope_of_site(path) else {})
    body = BODIES.get(route) if method == "POST" else None
    with client.stream(
        method, path, headers=headers, auth=auth, params=params, json=body
    ) as answer:
        return answer.status_code
