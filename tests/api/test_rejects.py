"""Refused events over HTTP: listed, mended, sent again, let go; each site sees its own."""

from collections.abc import Iterator

import httpx
import pytest

from cli.embedded import EmbeddedBroker, EmbeddedStore
from tests.api.running import await_true, headers, serving
from tests.api.test_keys import make
from tests.cli.test_config import headrace

BAD = b'{"id": "1", "type": "view", "device": "d1", "time": 1795000000000, "price": -1}'
ADMIN = {"Authorization": "Bearer the key of the operator"}


@pytest.fixture
def http(own_broker: EmbeddedBroker, own_store: EmbeddedStore) -> Iterator[httpx.Client]:
    given = {"redis.url": own_store.url, "redis.timeout_seconds": 5}
    with (
        serving(own_broker.bootstrap_servers, **given) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):
        yield client


def listed(http: httpx.Client, **query: object) -> dict:
    answer = http.get("/v1/rejects", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_refused_is_listed_mended_and_sent_again(http: httpx.Client) -> None:
    assert listed(http)["rejects"] == []
    assert http.post("/v1/events", content=BAD).status_code == 400
    assert http.post("/v1/batch", json={"batch": [{"type": "what"}]}).status_code == 400
    both = listed(http, state="open")
    assert {one["origin"] for one in both["rejects"]} == {"http:/v1/events", "http:/v1/batch[0]"}
    assert sum(both["counts"]["open"].values()) == 2
    (one,) = (one for one in both["rejects"] if one["origin"] == "http:/v1/events")
    shown = http.get(f"/v1/rejects/{one['id']}").json()
    assert shown["text"] == BAD.decode()
    assert "price" in shown["detail"]

    retry = f"/v1/rejects/{one['id']}/retry"
    as_it_was = http.post(retry).json()
    assert not as_it_was["taken"]
    assert "price" in as_it_was["why"]
    mended = {"text": shown["text"].replace("-1", "1")}
    assert http.post(retry, json=mended).json() == {"taken": True, "why": ""}
    assert listed(http, state="retried")["rejects"][0]["id"] == one["id"]
    again = http.post(retry, json=mended)
    assert (again.status_code, again.json()["type"].split(":")[-1]) == (409, "done-before")
    assert http.post(retry, json={**mended, "again": True}).json()["taken"]

    (other,) = (one for one in both["rejects"] if "batch" in one["origin"])
    let_go = http.post(f"/v1/rejects/{other['id']}/drop", json={"why": "a test of ours"})
    assert let_go.json() == {"dropped": other["id"]}
    (gone,) = listed(http, state="dropped")["rejects"]
    assert (gone["id"], gone["why"]) == (other["id"], "a test of ours")
    # The one that was refused again is a record of its own.
    assert len(listed(http, state="open", n=1)["rejects"]) == 1


def test_all_are_paged_through_newest_first(http: httpx.Client, monkeypatch) -> None:
    monkeypatch.setattr("api.rejects.topic.STRETCH", 2)  # the service is of this process
    for n in range(7):
        bad = BAD.replace(b'"price": -1', b'"price": "x"') if n % 3 else BAD
        assert http.post("/v1/events", content=bad).status_code == 400
    whole = listed(http, n=500)
    assert whole["next"] is None
    times = [one["received"] for one in whole["rejects"]]
    assert (len(times), times) == (7, sorted(times, reverse=True))
    reason = min(one["reason"] for one in whole["rejects"])
    for query in ({"n": 2}, {"n": 4, "reason": reason}):
        expected = [
            one for one in whole["rejects"] if one["reason"] == query.get("reason", one["reason"])
        ]
        found, page = [], listed(http, **query)
        while page["next"] is not None:
            found += page["rejects"]
            page = listed(http, **query, cursor=page["next"])
        assert [*found, *page["rejects"]] == expected
    many = [*([{"type": "what"}] * 5), {"type": "view"}]
    assert http.post("/v1/batch", json={"batch": many}).status_code == 400  # in one go
    assert len(listed(http, n=500)["rejects"]) == 7 + len(many)
    whole["rejects"] = listed(http, n=500)["rejects"]
    oldest = whole["rejects"][-1]["id"]
    assert http.get(f"/v1/rejects/{oldest}").json()["text"] == BAD.decode()
    # What comes meanwhile moves nothing to another page.
    first = listed(http, n=3)
    assert http.post("/v1/events", content=BAD).status_code == 400
    following = listed(http, n=3, cursor=first["next"])
    assert [*first["rejects"], *following["rejects"]] == whole["rejects"][:6]
    for wrong in ("?", "e30", "WzEsMl0"):
        assert http.get("/v1/rejects", params={"cursor": wrong}).status_code == 400


def test_what_cannot_be_done_is_said(http: httpx.Client) -> None:
    assert http.get("/v1/rejects/0-99").status_code == 404
    assert http.get("/v1/rejects", params={"state": "lost"}).status_code == 400
    http.post("/v1/events", content=BAD)
    (one,) = listed(http)["rejects"]
    for body in (b"{", b'{"text": 1}', b'{"other": 1}'):
        path = f"/v1/rejects/{one['id']}/retry"
        assert http.post(path, content=body).status_code == 400


def test_a_site_sees_its_own_and_the_operator_those_of_each(
    own_broker: EmbeddedBroker, own_store: EmbeddedStore
) -> None:
    given = {
        "redis.url": own_store.url,
        "redis.timeout_seconds": 5,
        "api.sites": {"shop": "write shop", "books": "write books"},
        "api.admin_key": "the key of the operator",
    }
    text = make(own_store, "shop", "admin")
    with (
        serving(own_broker.bootstrap_servers, **given) as url,
        httpx.Client(base_url=url, timeout=30) as http,
    ):
        for key in ("write shop", "write books"):
            http.post("/v1/events", content=BAD, headers=headers(key))
        shops = {"Authorization": f"Bearer {text}"}
        await_true(lambda: http.get("/v1/rejects", headers=shops).status_code == 200)
        (own,) = http.get("/v1/rejects", headers=shops).json()["rejects"]
        assert own["site"] == "shop"
        answer = http.get("/v1/rejects", headers=ADMIN, params={"site": "books"})
        (other,) = answer.json()["rejects"]
        assert other["site"] == "books"
        assert http.get(f"/v1/rejects/{other['id']}", headers=shops).status_code == 404
        dropped = http.post(f"/v1/rejects/{other['id']}/drop", headers=shops)
        assert dropped.status_code == 404
        # Who made the keys knows them; the settings at hand need not.
        for known in ("[]", '["shop"]'):
            done = headrace(
                *("rejects", "retry", "--all", "--site", "shop", "--url", url),
                *("--kafka", own_broker.bootstrap_servers, "--redis", own_store.url),
                HEADRACE_API__PSEUDONYMS="false",
                HEADRACE_API__SITE_NAMES=known,
            )
            assert done.returncode == 2, done.stderr
            assert "give one with --key" in done.stderr
