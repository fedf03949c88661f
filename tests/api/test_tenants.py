"""Sites do not see each other: every route, asked about one site with the key of another."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest

from api.scopes import SCOPES
from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.access import KEY_SCOPES
from contracts.codec import dump_json, encode_json, pack
from contracts.decisions import DECISION_VERSION, Segment, Standing
from contracts.events import Item
from contracts.feedback import STATUSES, Case, CaseLine, Voice
from contracts.keys import Keys
from contracts.profile import Recent
from contracts.settings import RedisSettings
from storage.redis_views import RedisViews
from storage.writes import SetView, Write
from tests.api.running import await_true, serving
from tests.api.serve.shop import MINUTE, ada, catalogue, neighbours, now_ms, person, rankings
from tests.api.test_keys import make
from tests.api.triggers.firing import fire, trigger

CANARY = "canary"
SITE, OTHER = "one", "two"
CART = {"id": "cart", "name": CANARY, "template": "cart_abandoned", "with": {"after": "2h"}}
IDS = {
    "/v1/items/": "kettle",
    "/v1/feedback/": "c1",
    "/v1/campaigns/": "cart",
    "/v1/concepts/": "kettle",
    "/v1/users/": "ada",
}
"""What the first site has under each path."""

QUERIES: dict[str, dict[str, Any]] = {
    "GET /v1/items": {"id": "kettle"},
    "GET /v1/search": {"q": "ket"},
    "GET /v1/rules": {"item": "kettle"},
    "GET /v1/triggers": {"cursor": "0", "wait": "0"},
}
BODIES: dict[str, Any] = {
    "POST /v1/recommendations": {"users": ["ada"]},
    "POST /v1/rank": {"user": "ada", "items": ["kettle", "teapot"]},
    "POST /v1/users/{id:path}/decide": {"placement": "x"},
    "POST /v1/events": {"id": "1", "type": "view", "user": "ada", "time": 1},
    "POST /v1/feedback/{id:path}/status": {"status": "answered"},
    "POST /v1/subscriptions": {"delivery": "pull"},
    "PUT /v1/subscriptions/{id}": {"delivery": "pull"},
}


def views(now: int) -> list[Write]:
    """Return what the flow would have written of the first site: its mark is in all of it."""
    keys = Keys()
    items = [
        Item(id=i, title=f"{i} {CANARY}", category=CANARY) for i in ("kettle", "teapot", "cup")
    ]
    profile = ada(now, categories={CANARY: 4.0}, traits={"name": CANARY})
    profile.site = SITE
    profile.recents = [Recent.of("kettle", "view", now - MINUTE)]
    case = Case(1, SITE, "c1", "complaint", "ada", now, topic="delivery", text=CANARY, due=now + 5)
    line = CaseLine("c1", now, "delivery", "complaint", now + 5)
    standing = Standing(DECISION_VERSION, SITE, "ada", as_of=now, facts={"stage": CANARY})
    segment = Segment(id="s1", name=CANARY, size=3, share=0.6, as_of=now)
    return [
        *catalogue(items, keys, SITE),
        *catalogue([Item(id="rug", title="Rug")], keys, OTHER),
        *neighbours(keys, now, SITE),
        *rankings(keys, now, SITE, popular=["kettle", "cup"], trending=["cup"], long=["kettle"]),
        person(keys, profile),
        SetView(keys.standing(SITE, "ada"), pack(standing)),
        SetView(keys.segments(SITE), b"[" + encode_json(segment) + b"]"),
        SetView(keys.model(SITE, "intent"), dump_json({"note": CANARY})),
        SetView(keys.case(SITE, "c1"), pack(case)),
        *(SetView(keys.cases(SITE, s), pack([line] if s == "open" else [])) for s in STATUSES),
        SetView(keys.voices(SITE, "ada"), pack([Voice("c1", "complaint", now, text=CANARY)])),
        SetView(keys.feedback(SITE), dump_json({"note": CANARY})),
    ]


class Service(NamedTuple):
    http: httpx.Client
    keys: dict[str, str]
    subscription: str


@pytest.fixture
def service(own_broker: EmbeddedBroker, own_store: EmbeddedStore) -> Iterator[Service]:
    views_ = RedisViews.open(RedisSettings.model_validate({"url": own_store.url}), "live")
    views_.write(views(now_ms()))
    views_.close()
    keys = {site: make(own_store, site, *KEY_SCOPES) for site in (SITE, OTHER)}
    fire(own_store.url, [trigger(1, SITE, campaign=CANARY)])
    given = {"redis.url": own_store.url, "api.site_names": [SITE, OTHER]}
    bootstrap = own_broker.bootstrap_servers
    with serving(bootstrap, **given) as url, httpx.Client(base_url=url, timeout=20) as http:
        own = {"Authorization": f"Bearer {keys[SITE]}"}
        await_true(lambda: http.get("/v1/trending", headers=own).is_success)
        await_true(lambda: "cup" in http.get("/v1/trending", headers=own).text)
        assert http.post("/v1/campaigns", json=CART, headers=own).status_code == 201
        made = http.post(
            "/v1/subscriptions", json={"delivery": "pull", "name": CANARY}, headers=own
        )
        yield Service(http, keys, made.json()["id"])


def answers(service: Service, whose: str, routes: list[str], **params: str) -> dict[str, str]:
    """Return what each route answers, headers too, about what the first site has."""
    header = {"Authorization": f"Bearer {service.keys[whose]}"}
    found = {}
    for route in routes:
        method, path = route.split()
        known = next((id_ for start, id_ in IDS.items() if path.startswith(start)), "x")
        known = service.subscription if "/subscriptions/" in path else known
        answer = service.http.request(
            method,
            re.sub(r"\{[^}]*\}", known, path),
            headers=header,
            params={**QUERIES.get(route, {}), **params},
            json=BODIES.get(route) if method in ("POST", "PUT") else None,
        )
        assert answer.status_code != 500, route
        found[route] = f"{answer.status_code} {answer.headers} {answer.text}"
    return found


def test_no_route_tells_one_site_of_another(service: Service) -> None:
    routes = [r for r, scope in SCOPES.items() if scope != "open" and not r.endswith("/stream")]
    reads = [route for route in routes if route.startswith("GET") or "ommend" in route]
    own = answers(service, SITE, reads)
    telling = [route for route, told in own.items() if CANARY in told.lower()]
    assert len(telling) >= 15, sorted(set(reads) - set(telling))
    # Changes too, last: what one site does to the other's must do nothing.
    for named in ({}, {"site": SITE}):
        told = answers(service, OTHER, routes, **named)
        leaks = {route: text for route, text in told.items() if CANARY in text.lower()}
        assert not leaks
    after = answers(service, SITE, telling)
    assert [route for route in telling if CANARY not in after[route].lower()] == []
