"""How often a key and an address may ask: refused with when to come back, never by an outage."""

import asyncio

import httpx
import pytest

from api.rates import NEAR, Rate, Shared
from cli.embedded import EmbeddedStore
from contracts.access import WRITE_SCOPES
from contracts.settings import RedisSettings
from storage.connection import connect, connect_async
from tests.api.running import NOWHERE, await_true, headers, serving
from tests.api.test_keys import SHOP, make

GIVEN = {"api.sites": {"shop": "w", "books": "b"}, "kafka.delivery_timeout_ms": 200}
PATH = "/v1/trending"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_window_ends() -> None:
    clock = Clock()
    rate = Rate("key", 0.3, clock)
    assert [rate.hit("a").left for _ in range(4)] == [2, 1, 0, -1]
    assert rate.hit("b").left == 2
    clock.now += 3
    assert rate.hit("a").seconds == 7
    clock.now += 7
    assert rate.hit("a").left == 2
    assert set(rate.counts) == {"a"}


def test_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.rates.MOST_NAMES", 10)
    rate = Rate("address", 1, Clock())
    for number in range(100):
        assert rate.hit(str(number)).left >= 0
    assert len(rate.counts) == 10


@pytest.fixture
def pair(store_url: str, namespace: str) -> tuple[Rate, Rate]:
    clock = Clock()
    return Rate(namespace, 10, clock), Rate(namespace, 10, clock)


def test_processes_count_together(store_url: str, pair: tuple[Rate, Rate]) -> None:
    async def share() -> None:
        for rate in pair:
            settings = RedisSettings.model_validate({"url": store_url})
            client = connect_async(settings, connections=1)
            await Shared([rate], client.connection_pool, store_url).share()
            await client.aclose()

    one, two = pair
    for _ in range(60):
        one.hit("shop")
    for _ in range(30):
        two.hit("shop")
    two.hit("rare")
    asyncio.run(share())
    asyncio.run(share())
    assert one.hit("shop").left == 100 - 60 - 30 - 1
    assert two.hit("shop").left == 100 - 60 - 30 - 1
    # Nobody is told of a name that is far from its limit.
    assert two.counts["rare"].here < 100 * NEAR
    assert two.counts["rare"].told == 0


def test_a_key_that_asks_too_often_is_told_when_to_come_back() -> None:
    with (
        serving(NOWHERE, **GIVEN, **{"api.key_rate": 0.5}) as url,
        httpx.Client(base_url=url) as http,
    ):
        answers = [http.get(PATH, headers=headers("w")) for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert answers[0].headers["ratelimit-policy"] == '"key";q=5;w=10'
        assert answers[0].headers["ratelimit"].startswith('"key";r=4;t=')
        assert refused[0].headers["content-type"] == "application/problem+json"
        assert refused[0].json()["type"] == "urn:headrace:problem:too-many-requests"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 10
        assert http.get(PATH, headers=headers("b")).status_code == 200, "another key's turn"
        posted = http.post("/v1/events", json={}, headers=headers("w"))
        assert posted.status_code in (400, 429)


def test_guessing_keys_and_pages_keys_are_limited_by_address(own_store: EmbeddedStore) -> None:
    page = make(own_store, "shop", *WRITE_SCOPES, origins=(SHOP,))
    given = {**GIVEN, "redis.url": own_store.url, "api.address_rate": 0.5}
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url) as http:
        await_true(lambda: http.get(PATH, headers=headers(page)).status_code != 503)

        def statuses(key: str) -> set[int]:
            return {http.get(PATH, headers=headers(key)).status_code for _ in range(12)}

        assert 429 in statuses("no-key-of-ours")
        assert 429 in statuses(page)
        assert statuses("w") == {200}, "a server's key is not counted by its address"
        # Behind a proxy that is believed each client has a count of its own.
        other = {**headers(page), "X-Forwarded-For": "198.51.100.7"}
        assert http.get(PATH, headers=other).status_code == 200
        assert b"198.51" not in b"".join(connect(_settings(own_store)).keys("*"))


def test_an_outage_of_the_store_refuses_nobody(own_store: EmbeddedStore) -> None:
    given = {**GIVEN, "redis.url": own_store.url, "api.key_rate": 5.0}
    with serving(NOWHERE, **given) as url, httpx.Client(base_url=url, timeout=20) as http:
        assert http.get(PATH, headers=headers("w")).status_code == 200
        own_store.stop()
        assert {http.get(PATH, headers=headers("w")).status_code for _ in range(20)} == {200}


def _settings(store: EmbeddedStore) -> RedisSettings:
    return RedisSettings.model_validate({"url": store.url})
