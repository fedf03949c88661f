"""Replays over HTTP: what they came to, and what differs between two."""

from collections.abc import Iterator

import httpx
import pytest

from contracts.keys import Keys
from contracts.replays import Finished
from storage.redis_views import RedisViews
from storage.replays import ReplayStore
from storage.writes import SetView
from tests.api.running import serving
from tests.api.serve.shop import fill, shop
from tests.storage.servers import StoreServer, store_server  # noqa: F401  # a fixture

NOW = 1_795_000_000_000


def finished(namespace: str, at: int) -> Finished:
    return Finished(
        namespace=namespace,
        source="shop.jsonl",
        format="events",
        time=NOW + at,
        workers=1,
        summary={"events": 7, "state_hash": namespace},
    )


@pytest.fixture
def http(broker: str, store_server: StoreServer) -> Iterator[httpx.Client]:  # noqa: F811
    fill(store_server, shop(NOW, "one"), "one")
    views = RedisViews.open(store_server.settings, "two")
    views.write([*shop(NOW, "two"), SetView(Keys("two").feedback("default"), b"{}")])
    views.close()
    store = ReplayStore(store_server.settings)
    for at, name in enumerate(("one", "two")):
        store.put(finished(name, at))
    store.close()
    with (
        serving(broker, **{"redis.url": store_server.url}) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def test_replays_are_listed_compared_and_forgotten_with_their_views(
    http: httpx.Client,
    store_server: StoreServer,  # noqa: F811  # the fixture
) -> None:
    told = http.get("/v1/replays").json()
    assert told["served"] == "live"
    assert [one["namespace"] for one in told["replays"]] == ["two", "one"]
    assert told["replays"][1]["summary"] == {"events": 7, "state_hash": "one"}

    compared = http.get("/v1/replays/diff", params={"a": "one", "b": "two"}).json()
    assert compared["differs"]
    assert compared["kinds"]["feedback"]["only_in_b"] == 1
    assert compared["kinds"]["profile"]["same"] == 1
    assert "worker" not in compared["kinds"]
    missing = http.get("/v1/replays/diff", params={"a": "one", "b": "--help"})
    assert (missing.status_code, missing.json()["type"].split(":")[-1]) == (
        404,
        "unknown-namespace",
    )
    assert http.get("/v1/replays/diff", params={"a": "one"}).status_code == 400

    views = RedisViews.open(store_server.settings)
    views.delete_namespace("one")
    views.close()
    assert [one["namespace"] for one in http.get("/v1/replays").json()["replays"]] == ["two"]
