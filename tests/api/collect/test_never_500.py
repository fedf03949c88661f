"""Whatever is posted, the answer is a 200, or a 4xx that says why: no 500, no hang."""

import json
from typing import Any, get_args

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from api.collect.routes import PATHS
from contracts.rejects import RejectReason

SLOW = 20.0

FIELDS = (
    *("id", "type", "time", "site", "user", "device", "item", "price", "currency", "quantity"),
    *("value", "session", "query", "text", "request", "position", "consent", "props", "v"),
    *("batch", "sentAt", "context", "messageId", "userId", "anonymousId", "event", "properties"),
    *("traits", "timestamp", "previousId", "groupId", "products", "product_id", "writeKey"),
)
WORDS = ("view", "identify", "track", "page", "purchase", "Order Completed", "ada", "device:x", "")
NUMBERS = (0, -1, 1_700_000_000_000, 1_700_000_000, 2**63, 2**64, -(2**63), 10**30, 1e308, 1e-320)

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(NUMBERS)
    | st.floats()
    | st.sampled_from(WORDS)
    | st.text(st.characters(), max_size=20)
)
names = st.sampled_from(FIELDS) | st.text(st.characters(), max_size=5)
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=25,
)
valid: dict[str, Any] = {
    "id": "1",
    "type": "view",
    "time": 1_700_000_000_000,
    "user": "ada",
    "messageId": "m",
    "userId": "ada",
    "event": "Order Completed",
}
near = st.dictionaries(names, trees, max_size=5).map(lambda changes: {**valid, **changes})
bodies = (
    st.binary(max_size=300)
    # Python's writer lets NaN, Infinity and lone surrogates through, as other clients do.
    | trees.map(lambda tree: json.dumps(tree).encode())
    | near.map(lambda tree: json.dumps(tree).encode())
    | st.lists(near, max_size=4).map(lambda trees: json.dumps(trees).encode())
    | st.lists(near, max_size=4).map(lambda trees: json.dumps({"batch": trees}).encode())
    | st.tuples(near, st.integers(0, 400), st.binary(max_size=3)).map(
        lambda t: (raw := json.dumps(t[0]).encode())[: t[1]] + t[2] + raw[t[1] :]
    )
)


@settings(max_examples=400, deadline=None)
@given(
    path=st.sampled_from(sorted(PATHS)),
    body=bodies,
    extra=st.fixed_dictionaries(
        {},
        optional={
            "Content-Encoding": st.sampled_from(["gzip", "identity", "br", "gzip, gzip"]),
            "Content-Type": st.sampled_from(["text/plain", "application/json", "x"]),
            "Authorization": st.sampled_from(["Basic", "Basic !!", "Basic Og==", "Bearer x"]),
        },
    ),
)
def test_any_body(client: httpx.Client, path: str, body: bytes, extra: dict[str, str]) -> None:
    answer = client.post(path, content=body, headers=extra, timeout=SLOW)
    assert answer.status_code in (200, 400, 413, 415), answer.text
    content = answer.json()
    for entry in content.get("rejected", []):
        assert entry["reason"] in get_args(RejectReason)
        assert entry["detail"]
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert content["status"] == answer.status_code
        assert content["detail"]


@settings(max_examples=60, deadline=None)
@given(st.lists(near, min_size=1, max_size=6))
def test_every_event_of_a_list_is_accepted_or_named(
    client: httpx.Client, events: list[dict[str, Any]]
) -> None:
    content = client.post("/v1/events", content=json.dumps(events).encode()).json()
    if "index" not in (content.get("rejected") or [{"index": 0}])[0]:
        return  # not JSON as a whole
    named = [entry["index"] for entry in content["rejected"]]
    assert named == sorted(set(named))
    assert content["accepted"] + len(named) == len(events)
