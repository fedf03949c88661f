"""What is logged and what is answered carries no key, no secret, and nothing of a person."""

import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from cli.embedded import EmbeddedStore
from contracts.access import SECRET_SCOPES, WRITE_SCOPES
from tests.api.running import NOWHERE, await_true, headers, serving
from tests.api.test_keys import SHOP, make

SECRETS = {"write": "w-hush-1", "secret": "s-hush-2", "admin": "a-hush-3", "store": "p-hush-4"}
PERSON = ("canary@mail.example", "canary-device", "canary text", "canary query", "canary-order")


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG):
        yield caplog


def event(**fields: Any) -> dict[str, Any]:
    mail, device, text, query, order = PERSON
    given = {"id": mail, "type": "complaint", "user": mail, "device": device, "time": 1}
    return {**given, "text": text, "query": query, "order": order, **fields}


def everything(http: httpx.Client, key: str, page: str) -> Iterator[httpx.Response]:
    """Ask for all that can go wrong, with keys in right and in wrong places."""
    mail = PERSON[0]
    bearers = [{"Authorization": f"Bearer {k}"} for k in (key, *SECRETS.values(), key[:-1] + "!")]
    for header in (*bearers, headers(page), headers(key), headers(SECRETS["write"])):
        for path in (
            f"/v1/users/{mail}/profile",
            "/v1/trending",
            "/v1/triggers?wait=0",
            "/v1/stats",
        ):
            yield http.get(path, headers=header)
        yield http.post("/v1/events", json=[event(), event(price="no")], headers=header)
        yield http.post("/v1/identify", json={"userId": mail, "traits": 7}, headers=header)
        yield http.post("/v1/recommendations", json={"users": [mail], "n": 0}, headers=header)
    for secret in (key, page, *SECRETS.values()):
        yield http.post("/v1/events", params={"writeKey": secret}, json=event())
        yield http.post("/v1/track", json={"writeKey": secret, "userId": mail, "event": 1})
        yield http.get("/v1/trending", params={"writeKey": secret})
        yield http.get(f"/v1/nothing/{secret}x")


def test_no_key_is_answered_or_logged(
    own_store: EmbeddedStore, log: pytest.LogCaptureFixture
) -> None:
    key = make(own_store, "shop", *SECRET_SCOPES)
    page = make(own_store, "shop", *WRITE_SCOPES, origins=(SHOP,))
    given = {
        "redis.url": own_store.url,
        "redis.timeout_seconds": 0.5,
        "kafka.delivery_timeout_ms": 200,
        "kafka.password": SECRETS["store"],
        "api.sites": {"shop": SECRETS["write"]},
        "api.secrets": {"shop": SECRETS["secret"]},
        "api.admin_key": SECRETS["admin"],
        "api.address_rate": 0,
    }
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url, timeout=20) as http:
        bearer = {"Authorization": f"Bearer {key}"}
        await_true(lambda: http.get("/v1/trending", headers=bearer).status_code == 200)
        answers = list(everything(http, key, page))
        own_store.stop()
        answers += list(everything(http, key, page))
    assert {answer.status_code for answer in answers} >= {200, 400, 401, 403, 404, 503}
    hidden = [*SECRETS.values(), key, page, key.rpartition("_")[2], page.rpartition("_")[2]]
    told = [f"{a.headers} {a.text}" for a in answers if "/v1/nothing/" not in str(a.request.url)]
    assert [word for word in hidden if any(word in one for one in told)] == []
    # Of ours: what a client of this test logs is its own business.
    logged = [r.getMessage() for r in log.records if not r.name.startswith(("httpx", "httpcore"))]
    assert logged
    assert [w for w in (*hidden, *PERSON) if any(w in one for one in logged)] == []


def test_a_failure_of_ours_logs_no_name(
    log: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise KeyError(PERSON[0])

    monkeypatch.setattr("api.serve.people_routes.find_people", fails)
    with serving(NOWHERE, **{"kafka.delivery_timeout_ms": 200}) as url:
        answer = httpx.get(f"{url}/v1/users/{PERSON[0]}/profile")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    ours = [r.getMessage() for r in log.records if r.name.startswith("headrace")]
    assert any("GET /v1/users/{id:path}/profile failed: KeyError" in line for line in ours)
    assert not [line for line in ours if "canary" in line]
