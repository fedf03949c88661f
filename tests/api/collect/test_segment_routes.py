"""The Segment routes: each call, write keys, batches, retries."""

import json
import uuid
from typing import Any

import httpx
import pytest

from api.collect.routes import ALIASES, BATCHES
from contracts.rejects import raw_bytes
from tests.api.collect.conftest import Events, Rejects
from tests.api.running import headers

CALLS: dict[str, tuple[dict[str, Any], str]] = {
    "track": ({"event": "Product Added", "properties": {"product_id": "k"}}, "add_to_cart"),
    "page": ({"name": "Home"}, "view"),
    "screen": ({"name": "Home"}, "view"),
    "identify": ({"traits": {"plan": "gold"}}, "identify"),
    "group": ({"groupId": "acme"}, "identify"),
    "alias": ({"previousId": "old"}, "identify"),
}


def message(call: str = "track", **fields: Any) -> dict[str, Any]:
    content, _ = CALLS[call]
    return {"messageId": uuid.uuid4().hex, "userId": "ada", **content, **fields}


@pytest.mark.parametrize(
    ("path", "call"), [(path, call) for call, paths in ALIASES.items() for path in paths]
)
def test_every_call(path: str, call: str, client: httpx.Client, events_of: Events) -> None:
    posted = message(call)
    answer = client.post(path, json=posted, headers=headers())
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "accepted": 1, "rejected": []}
    (event,) = events_of(lambda e: e.id == posted["messageId"])
    assert event.type == CALLS[call][1]
    assert event.user == "ada"


@pytest.mark.parametrize("path", BATCHES)
def test_a_batch(path: str, client: httpx.Client, events_of: Events, rejects_of: Rejects) -> None:
    run = uuid.uuid4().hex
    good = [message(call, type=call, userId=run) for call in CALLS]
    bad = [message(type="track", event=7, userId=run), message(type="video", userId=run)]
    posted = {
        "batch": [good[0], bad[0], *good[1:], bad[1]],
        "context": {"locale": "de-DE"},
        "sentAt": "2024-05-04T12:00:00Z",
        "writeKey": "any",
    }
    body = client.post(path, json=posted).json()
    assert (body["success"], body["accepted"]) == (True, len(good))
    assert [(entry["index"], entry["id"]) for entry in body["rejected"]] == [
        (1, bad[0]["messageId"]),
        (7, bad[1]["messageId"]),
    ]
    assert body["rejected"][0]["detail"].startswith("`event`: expected the name")
    assert body["rejected"][1]["detail"].startswith("`type`: expected one of track")
    found = events_of(lambda e: e.user == run, len(good))
    assert {e.id for e in found} == {m["messageId"] for m in good}
    added = next(e for e in found if e.type == "add_to_cart")
    assert added.props["locale"] == "de-DE"
    records = rejects_of(lambda r: run.encode() in raw_bytes(r), 2)
    assert {r.origin for r in records} == {f"http:{path}[1]", f"http:{path}[7]"}
    assert {json.loads(raw_bytes(r))["messageId"] for r in records} == {m["messageId"] for m in bad}


def test_an_order_is_one_message_and_many_events(client: httpx.Client, events_of: Events) -> None:
    products = [{"product_id": f"p{n}", "price": n, "quantity": 1} for n in range(3)]
    order = message(event="Order Completed", properties={"order_id": "o", "products": products})
    assert client.post("/v1/track", json=order).json()["accepted"] == 1
    found = events_of(lambda e: e.id.startswith(order["messageId"]), 3)
    assert {e.id for e in found} == {f"{order['messageId']}:{n}" for n in range(3)}


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        (b"", "malformed", "the body is empty"),
        (b"[]", "invalid", "expected"),
        (b"{}", "invalid", "batch"),
        (b'{"batch": []}', "invalid", "`batch`: the list holds no messages"),
        (b'{"batch": {}}', "invalid", "`batch`: expected a list"),
        (b'{"batch": [{}], "context": 3}', "invalid", "`context`"),
        (b'{"batch": [{}], "sentAt": "soon"}', "invalid", "`sentAt`"),
        (b'{"batch": [1, null, "x"]}', "invalid", "event 0: expected an object, got a number"),
        (b'{"batch": [{"type": "track", "type": "page"}]}', "invalid", "`type`: stands twice"),
        (b'{"batch": [' + b"[" * 50_000, "too_deep", "nested"),
        (b'{"batch": [{"type": "page", "userId": "\xff"}]}', "malformed", "UTF-8: byte 29 is 0xff"),
    ],
)
def test_bad_batches(client: httpx.Client, body: bytes, reason: str, words: str) -> None:
    answer = client.post("/v1/batch", content=body)
    assert answer.status_code == 400
    assert answer.json()["rejected"][0]["reason"] == reason
    assert words in answer.json()["detail"]


def test_a_retry_of_the_same_bytes_has_the_same_id(client: httpx.Client, events_of: Events) -> None:
    run = uuid.uuid4().hex
    raw = json.dumps({"batch": [{"type": "page", "userId": run}, {"type": "page", "userId": run}]})
    for _ in range(2):
        assert client.post("/v1/batch", content=raw).json()["accepted"] == 2
    found = events_of(lambda e: e.user == run, 4)
    assert len({e.id for e in found}) == 2


def test_events_carry_the_arrival_where_nothing_else_says_when(
    client: httpx.Client, events_of: Events
) -> None:
    posted = message()
    client.post("/v1/track", json=posted)
    (event,) = events_of(lambda e: e.id == posted["messageId"])
    other = message(originalTimestamp="2001-01-01T00:00:00Z", sentAt="2001-01-01T00:00:10Z")
    client.post("/v1/track", json=other)
    (skewed,) = events_of(lambda e: e.id == other["messageId"])
    assert -12_000 < skewed.time - event.time < -8_000
