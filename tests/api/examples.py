"""The examples of the OpenAPI document, asked of a real service.

`python -m tests.api.examples` writes them anew, after a change of routes or answers.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from api.examples import FILE

CART = {"id": "cart", "name": "Cart", "template": "cart_abandoned", "with": {"after": "2h"}}
HOOK = {"delivery": "webhook", "url": "https://shop.example/hooks", "name": "CRM"}
ITEM = {"id": "lamp", "title": "Lamp", "category": "Home", "price": 19.9, "currency": "EUR"}
ADA, KETTLE, CASE = {"id": "ada"}, {"id": "kettle"}, {"id": "c2"}
MENDED = json.dumps({"id": "7", "type": "view", "user": "ada", "time": 1_732_836_469_000})
CAMPAIGN, HOOKED = {"id": "cart"}, {"id": "{subscription}"}

# In an order that can be asked: what is made comes before what is asked of it.
ASKED: list[tuple[str, dict[str, Any], Any]] = [
    ("GET /v1/users/{id}/recommendations", ADA | {"n": 2, "explain": True}, None),
    ("POST /v1/recommendations", {}, {"users": ["ada", "nobody"], "n": 2}),
    ("POST /v1/rank", {}, {"items": ["cup", "rake"], "user": "ada"}),
    ("GET /v1/users/{id}/profile", ADA, None),
    ("GET /v1/users/{id}/segments", ADA, None),
    ("GET /v1/users/{id}/scores", ADA, None),
    ("GET /v1/users/{id}/facts", ADA, None),
    ("GET /v1/users/{id}/history", ADA, None),
    ("GET /v1/items", {"id": ["kettle"]}, None),
    ("POST /v1/items", {}, [ITEM]),
    ("GET /v1/items/{id}/similar", KETTLE | {"n": 2}, None),
    ("GET /v1/trending", {"n": 2}, None),
    ("GET /v1/segments", {}, None),
    ("GET /v1/rules", {"item": "kettle", "n": 2}, None),
    ("GET /v1/concepts", {"q": "kit"}, None),
    ("GET /v1/concepts/{name}", {"name": "Kettles"}, None),
    ("GET /v1/search", {"q": "kettle", "n": 2}, None),
    ("GET /readyz", {}, None),
    ("GET /healthz", {}, None),
    ("GET /v1/stats", {}, None),
    ("GET /v1/rejects", {"reason": "invalid", "n": 2}, None),
    ("GET /v1/rejects/{id}", {"id": "{reject}"}, None),
    ("POST /v1/rejects/{id}/retry", {"id": "{reject}"}, {"text": MENDED}),
    ("POST /v1/rejects/{id}/drop", {"id": "{other}"}, {"why": "a test of ours"}),
    ("GET /v1/replays", {}, None),
    ("GET /v1/replays/diff", {"a": "live", "b": "live"}, None),
    ("GET /v1/feedback", {"status": "open", "n": 2}, None),
    ("GET /v1/feedback/summary", {}, None),
    ("GET /v1/feedback/{id}", CASE, None),
    ("POST /v1/feedback/{id}/status", CASE, {"status": "answered"}),
    ("GET /v1/users/{id}/feedback", ADA, None),
    ("POST /v1/campaigns", {}, CART),
    ("GET /v1/campaigns", {}, None),
    ("GET /v1/campaigns/vocabulary", {}, None),
    ("POST /v1/campaigns/check", {}, CART),
    ("POST /v1/campaigns/preview", {"n": 5}, CART),
    ("GET /v1/campaigns/{id}", CAMPAIGN, None),
    ("PUT /v1/campaigns/{id}", CAMPAIGN, CART | {"name": "Carts"}),
    ("GET /v1/campaigns/{id}/results", CAMPAIGN, None),
    ("GET /v1/users/{id}/triggers", {"id": "user-1", "n": 2}, None),
    ("GET /v1/triggers", {"cursor": "0", "wait": 0, "limit": 2}, None),
    ("POST /v1/subscriptions", {}, HOOK),
    ("GET /v1/subscriptions", {}, None),
    ("GET /v1/subscriptions/{id}", HOOKED, None),
    ("PUT /v1/subscriptions/{id}", HOOKED, HOOK | {"name": "Mail"}),
    ("POST /v1/subscriptions/{id}/enable", HOOKED, None),
    ("POST /v1/subscriptions/{id}/secret", HOOKED, {"overlap_hours": 24}),
    ("GET /v1/subscriptions/{id}/dead", HOOKED, None),
    ("POST /v1/subscriptions/{id}/replay", HOOKED, {"after": 1_700_000_000_000}),
    ("DELETE /v1/subscriptions/{id}", HOOKED, None),
    ("GET /v1/users/{id}/export", ADA, None),
    ("POST /v1/users/{id}/decide", ADA, {"placement": "home"}),
    ("GET /v1/offers", {}, None),
    ("DELETE /v1/users/{id}", {"id": "gone"}, None),
    ("DELETE /v1/campaigns/{id}", CAMPAIGN, None),
]


def asked(http: httpx.Client) -> Iterator[dict[str, Any]]:
    """Ask everything, in order; yield each as an example with its answer."""
    ids: dict[str, str] = {}
    for operation, given, body in ASKED:
        parameters = with_ids(given, ids)
        answer = ask(http, operation, parameters, body)
        found: dict[str, Any] = {"operation": operation}
        if parameters:
            found["parameters"] = parameters
        if body is not None:
            found["body"] = body
        found["status"] = answer.status_code
        if answer.content:
            found["answer"] = answer.json()
            ids |= ids_in(operation, found["answer"])
        yield found


def with_ids(given: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """Return parameters with the ids of what was made meanwhile."""
    return {name: ids.get(str(value), value) for name, value in given.items()}


def ids_in(operation: str, answer: Any) -> dict[str, str]:
    """Return the ids in an answer that later questions are about."""
    if operation == "POST /v1/subscriptions":
        return {"{subscription}": answer["id"]}
    if operation == "GET /v1/rejects":
        [reject, other] = [one["id"] for one in answer["rejects"]]
        return {"{reject}": reject, "{other}": other}
    return {}


def ask(http: httpx.Client, operation: str, given: dict[str, Any], body: Any) -> httpx.Response:
    """Ask one operation, and expect that it is done."""
    method, _, path = operation.partition(" ")
    query = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
    for name, value in given.items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    answer = http.request(method, path, params=query, json=body)
    assert answer.is_success, f"{operation}: {answer.text}"
    return answer


def alike(one: Any, other: Any) -> bool:
    """Tell whether two answers say the same of other moments; null may stand for anything."""
    if one is None or other is None:
        return True
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(alike(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    numbers = {int, float}
    return type(one) is type(other) or {type(one), type(other)} <= numbers


def main() -> None:
    """Write the file."""
    from cli.embedded import EmbeddedBroker
    from flows.topics import create_topics
    from tests.api.whole_shop import whole_shop
    from tests.storage.servers import running

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with EmbeddedBroker(folder / "broker", folder / "log") as broker, running() as store:
            create_topics(broker.bootstrap_servers, 4)
            with whole_shop(broker.bootstrap_servers, store, folder) as http:
                found = list(asked(http))
    text = json.dumps(found, indent=1, ensure_ascii=False)
    FILE.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
