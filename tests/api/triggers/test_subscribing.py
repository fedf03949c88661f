"""Subscriptions over HTTP: made, changed, refused; secrets are told once."""

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema
import pytest

from api.serve.known_segments import KnownSegments
from api.triggers.naming import Known
from contracts.decisions import Segment
from contracts.subscriptions import MAX_SUBSCRIPTIONS, Filter
from tests.api.running import serving
from tests.api.serve.test_openapi import strict
from tests.storage.servers import StoreServer, running

ALL = "/v1/subscriptions"
HOOK = {"delivery": "webhook", "url": "https://shop.example/hooks", "name": "CRM"}


@pytest.fixture(scope="module")
def store() -> Iterator[StoreServer]:
    with running() as server:
        yield server


@pytest.fixture(scope="module")
def http(store: StoreServer) -> Iterator[httpx.Client]:
    given = {"redis.url": store.url, "kafka.delivery_timeout_ms": 200}
    with (
        serving("127.0.0.1:9", **given) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def empty(store: StoreServer) -> None:
    with store.client() as client:
        client.flushall()


def test_it_is_made_shown_changed_and_ended(http: httpx.Client) -> None:
    made = http.post(ALL, json={**HOOK, "filter": {"campaigns": ["cart"]}})
    assert made.status_code == 201
    one = made.json()
    secret = one.pop("secret")
    assert secret.startswith("whsec_")
    assert made.headers["location"] == f"/v1/subscriptions/{one['id']}"
    assert http.get(f"{ALL}/{one['id']}").json() == one
    assert http.get(ALL).json() == {"subscriptions": [one]}
    assert secret not in http.get(ALL).text, "it is told once"
    changed = http.put(f"{ALL}/{one['id']}", json={**HOOK, "url": "https://other.example/"}).json()
    assert (changed["url"], changed["filter"]["campaigns"]) == ("https://other.example/", [])
    assert http.delete(f"{ALL}/{one['id']}").status_code == 204
    for gone in (http.get, http.delete):
        assert gone(f"{ALL}/{one['id']}").status_code == 404


def test_what_a_filter_names_and_is_not_there_is_warned_of(http: httpx.Client) -> None:
    filter_ = {"campaigns": ["cart"], "segments": ["s1"], "types": ["vip", "custom"]}
    one = http.post(ALL, json={**HOOK, "filter": filter_}).json()
    campaign, segment = one["warnings"]
    assert campaign.startswith("filter.campaigns: there is no campaign 'cart' now")
    assert segment == "filter.segments: there is no segment 's1' now; there are: none"
    assert http.get(f"{ALL}/{one['id']}").json()["warnings"] == one["warnings"]
    assert http.put(f"{ALL}/{one['id']}", json=HOOK).json()["warnings"] == []
    names = {"s1": "bargain hunters", "s2": "browsers"}
    segments = [Segment(id=id_, name=name, size=1, share=0.5) for id_, name in names.items()]
    known = Known(["cart-2"], KnownSegments(segments))
    wanted = Filter(campaigns=("cart-2", "cart_2"), segments=("s1", "browsers", "s9"))
    assert known.warnings(wanted) == [
        "filter.campaigns: there is no campaign 'cart_2' now; did you mean `cart-2`?",
        "filter.segments: 'browsers' is a name, which may change; its id is 's2'",
        "filter.segments: there is no segment 's9' now; "
        "there are: s1 (bargain hunters), s2 (browsers)",
    ]
    assert http.get("/v1/triggers?type=vipp&wait=0").json()["detail"] == (
        "`type`: 'vipp' is no type of trigger; did you mean `vip`?"
    )


def test_a_rotation_leaves_two_secrets_at_most(http: httpx.Client) -> None:
    path = f"{ALL}/{http.post(ALL, json=HOOK).json()['id']}/secret"
    secrets = {http.post(path, json={}).json()["secret"] for _ in range(3)}
    assert len(secrets) == 3
    shown = http.get(path.removesuffix("/secret")).json()["secrets"]
    assert [secret["expires"] is None for secret in shown] == [True, False]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "delivery"),
        ({"delivery": "pigeon"}, "delivery"),
        ({"delivery": "webhook"}, "url"),
        ({**HOOK, "url": "http://shop.example/"}, "url"),
        ({**HOOK, "url": "https://2130706433/"}, "url"),
        ({**HOOK, "url": "https://[::ffff:169.254.169.254]/"}, "url"),
        ({**HOOK, "delivery": "pull"}, "url"),
        ({"delivery": "webhok"}, "`delivery`: expected `webhook` or `pull`, got 'webhok'"),
        (
            {**HOOK, "filter": {"campaign": ["x"]}},
            "`filter.campaign`: there is no such field; did you mean `campaigns`?",
        ),
        ({**HOOK, "filter": {"types": [""]}}, "filter.types"),
        (
            {**HOOK, "filter": {"types": ["complain"]}},
            "`filter.types`: 'complain' is no type of trigger; did you mean `complaint`?",
        ),
        ({**HOOK, "filter": {"types": ["headrace.trigger.v1"]}}, "there are: cart_abandoned, "),
        ({**HOOK, "filter": {"types": "vip"}}, "`filter.types`: expected a list, got text"),
        ({**HOOK, "filter": {"segments": ["s"] * 101}}, "filter.segments"),
        ({**HOOK, "name": "a\nb"}, "name"),
        ({**HOOK, "colour": "red"}, "`colour`: there is no such field; there are: delivery, name"),
        ([], "the body: expected an object, got a list"),
    ],
)
def test_what_is_wrong_is_named(http: httpx.Client, body: Any, field: str) -> None:
    answer = http.post(ALL, json=body)
    assert answer.status_code == 400
    assert field in answer.json()["detail"]
    assert http.get(ALL).json() == {"subscriptions": []}


def test_what_a_pulled_one_does_not_have_is_a_conflict(http: httpx.Client) -> None:
    path = f"{ALL}/{http.post(ALL, json={'delivery': 'pull'}).json()['id']}"
    assert http.get(f"{path}/dead").status_code == 409
    assert http.post(f"{path}/secret").status_code == 409
    assert http.post(f"{path}/replay").status_code == 409
    assert http.put(path, json=HOOK).status_code == 400
    hook = http.post(ALL, json=HOOK).json()["id"]
    assert http.get(f"/v1/triggers?subscription={hook}").status_code == 409


def test_replays_and_dead_letters_are_asked_for_with_care(http: httpx.Client) -> None:
    path = f"{ALL}/{http.post(ALL, json=HOOK).json()['id']}"
    assert http.get(f"{path}/dead").json() == {"dead": [], "next": None}
    assert http.get(f"{path}/dead?after=x").status_code == 400
    assert http.post(f"{path}/replay", json={"after": 5, "before": 5}).status_code == 400
    codes = [http.post(f"{path}/replay", json={}).status_code for _ in range(11)]
    assert codes == [202] * 10 + [409]


def test_a_site_has_so_many_and_no_more(http: httpx.Client) -> None:
    codes = [http.post(ALL, json={"delivery": "pull"}).status_code for _ in range(101)]
    assert codes == [201] * MAX_SUBSCRIPTIONS + [409]


def test_answers_are_as_the_document_says(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]
    one = f"{ALL}/{http.post(ALL, json=HOOK).json()['id']}"
    for method, path, body in (
        ("post", "/v1/subscriptions", HOOK),
        ("get", "/v1/subscriptions", None),
        ("get", "/v1/subscriptions/{id}", None),
        ("put", "/v1/subscriptions/{id}", HOOK),
        ("post", "/v1/subscriptions/{id}/enable", None),
        ("post", "/v1/subscriptions/{id}/secret", {}),
        ("get", "/v1/subscriptions/{id}/dead", None),
        ("post", "/v1/subscriptions/{id}/replay", {}),
        ("get", "/v1/triggers", None),
    ):
        operation = paths[path][method]
        assert operation["summary"]
        assert operation["description"]
        given = {"wait": 0} if path == "/v1/triggers" else None
        url = path.replace("/v1/subscriptions/{id}", one)
        answer = http.request(method, url, json=body, params=given)
        described = operation["responses"][str(answer.status_code)]["content"]["application/json"]
        jsonschema.validate(answer.json(), strict(described["schema"]))
    assert "get" in paths["/v1/triggers/stream"]
