"""Answers are what the OpenAPI document says of them."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.api.serve.knowledge import knowledge
from tests.api.serve.shop import Shop, fill, now_ms, open_shop, shop
from tests.storage.servers import StoreServer

CALLS: dict[tuple[str, str], tuple[str, Any]] = {
    ("get", "/v1/users/{id}/recommendations"): ("/v1/users/ada/recommendations?explain=1", None),
    ("post", "/v1/recommendations"): ("/v1/recommendations", {"users": ["ada", "nobody"]}),
    ("post", "/v1/rank"): ("/v1/rank", {"items": ["cup", "what"], "user": "ada", "n": 1}),
    ("get", "/v1/items"): ("/v1/items?id=kettle&id=what", None),
    ("get", "/v1/items/{id}/similar"): ("/v1/items/kettle/similar", None),
    ("get", "/v1/trending"): ("/v1/trending?category=kitchen", None),
    ("get", "/v1/users/{id}/profile"): ("/v1/users/ada/profile", None),
    ("get", "/v1/users/{id}/segments"): ("/v1/users/ada/segments", None),
    ("get", "/v1/users/{id}/facts"): ("/v1/users/nobody/facts", None),
    ("get", "/v1/segments"): ("/v1/segments", None),
    ("get", "/v1/rules"): ("/v1/rules?item=kettle", None),
    ("get", "/v1/concepts"): ("/v1/concepts?q=kit", None),
    ("get", "/v1/concepts/{name}"): ("/v1/concepts/Kettles", None),
    ("get", "/v1/search"): ("/v1/search?q=kettle", None),
    ("get", "/v1/stats"): ("/v1/stats", None),
    ("get", "/readyz"): ("/readyz", None),
}


@pytest.fixture(scope="module")
def opened(store_server: StoreServer) -> Iterator[Shop]:
    now = now_ms()
    fill(store_server, [*shop(now), *knowledge(now)])
    with open_shop(store_server) as opened:
        yield opened


def strict(schema: Any) -> Any:
    """Return a schema under which an object has only the properties that are named."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(one) for name, one in schema.items()}
    if "properties" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


def content(opened: Shop, method: str, path: str) -> dict[str, Any]:
    document = opened.http.get("/openapi.json").json()
    operation = document["paths"][path][method]
    assert operation["summary"]
    assert operation["description"]
    return dict(operation)


@pytest.mark.parametrize(("method", "path"), list(CALLS))
def test_an_answer_is_as_described(opened: Shop, method: str, path: str) -> None:
    operation = content(opened, method, path)
    url, body = CALLS[method, path]
    response = opened.http.request(method, url, json=body)
    assert response.status_code == 200
    described = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema.Draft202012Validator(strict(described)).validate(response.json())
    if body is not None:
        asked = operation["requestBody"]["content"]["application/json"]["schema"]
        jsonschema.Draft202012Validator(strict(asked)).validate(body)


@pytest.mark.parametrize(("method", "path"), list(CALLS))
def test_every_described_parameter_is_taken(opened: Shop, method: str, path: str) -> None:
    given = {
        "n": "1",
        "explain": "1",
        "basis": "order",
        "max_per_category": "2",
        "diversity": "0.5",
    }
    parameters = content(opened, method, path)["parameters"]
    names = [one["name"] for one in parameters if one["in"] == "query"]
    query = {name: given.get(name, "kettle") for name in names}
    url, body = CALLS[method, path]
    response = opened.http.request(method, url.partition("?")[0], params=query, json=body)
    assert response.status_code == 200, response.text
