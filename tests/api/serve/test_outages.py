"""The store is away, frozen, restarted, wiped, switched: answers go on, and say so."""

import asyncio
import time
from pathlib import Path

import pytest

from api.serve import Serving
from contracts.events import Item
from contracts.keys import SERVED_KEY, Keys
from contracts.settings import Settings, SettingsError
from storage.redis_views import RedisViews
from tests.api.serve.shop import (
    Shop,
    ada,
    catalogue,
    fill,
    neighbours,
    now_ms,
    open_shop,
    person,
    rankings,
    shop,
    until,
)
from tests.storage.servers import StoreServer, free_port, running

ADA = "/v1/users/ada/recommendations"
EVERY = (
    ADA,
    "/v1/users/ada/profile",
    "/v1/users/ada/segments",
    "/v1/users/device:d/facts",
    "/v1/items/kettle/similar",
    "/v1/trending",
    "/v1/segments",
    "/v1/stats",
)


def degraded(opened: Shop) -> bool:
    return bool(opened.get(ADA)["degraded"])


def check_degraded(opened: Shop) -> None:
    answer = opened.get(ADA, n=3)
    assert (answer["degraded"], answer["fallback"], answer["as_of"]) == (True, True, None)
    assert len(answer["items"]) == 3
    assert all(shown["reasons"] for shown in answer["items"])
    for path in EVERY:
        assert opened.get(path)["degraded"] is True
    assert opened.get("/v1/users/ada/profile")["known"] is None
    ranked = opened.post("/v1/rank", {"user": "ada", "items": ["hose", "cup"]})
    assert [shown["item"] for shown in ranked["items"]] == ["hose", "cup"]
    many = opened.post("/v1/recommendations", {"users": ["ada", "device:d"]})["answers"]
    assert all(one["degraded"] for one in many)
    assert opened.get("/readyz")["status"] == "degraded"


def test_answers_go_on_while_the_store_is_away_and_mend_when_it_is_back() -> None:
    with running() as server:
        now = now_ms()
        fill(server, shop(now))
        with open_shop(server) as opened:
            assert not degraded(opened)
            server.stop()
            check_degraded(opened)
            lag = opened.get(ADA)["lag_ms"]
            time.sleep(0.3)
            assert opened.get(ADA)["lag_ms"] > lag
            server.start()
            fill(server, shop(now))
            until(lambda: not degraded(opened))
            assert opened.items(ADA, n=1) == ["cup"]
            assert opened.get("/readyz")["status"] == "ready"


def test_a_frozen_store_costs_an_answer_no_more_than_the_budget() -> None:
    with running() as server:
        fill(server, shop(now_ms()))
        with open_shop(server, **{"api.store_budget_ms": 100}) as opened:
            until(lambda: not degraded(opened))
            server.freeze()
            begin = time.monotonic()
            assert degraded(opened)
            # The store's own timeout is 5 s: what ends the wait is the budget.
            assert time.monotonic() - begin < 2.5
            until(lambda: opened.serving.store.away)
            check_degraded(opened)
            waits = opened.serving.registry
            before = waits.get_sample_value("headrace_serve_store_seconds_sum", {"trip": "people"})
            for _ in range(50):
                assert degraded(opened)
            after = waits.get_sample_value("headrace_serve_store_seconds_sum", {"trip": "people"})
            assert before is not None
            assert after is not None
            assert after - before < 50 * 0.1 / 4, "the breaker is open: nobody waits the budget"
            server.thaw()
            until(lambda: not degraded(opened))


def test_a_service_starts_without_its_store_and_finds_it_later() -> None:
    server = StoreServer()
    server.port = free_port()
    with open_shop(server) as opened:
        answer = opened.get(ADA)
        assert (answer["items"], answer["fallback"], answer["degraded"]) == ([], True, True)
        assert answer["lag_ms"] is None
        assert opened.http.get("/readyz").status_code == 503
        server.start()
        try:
            fill(server, shop(now_ms()))
            until(lambda: opened.http.get("/readyz").status_code == 200)
            until(lambda: opened.items(ADA, n=1) == ["cup"])
        finally:
            server.stop()


def test_an_empty_store_gets_an_answer_of_nothing(store_server: StoreServer) -> None:
    fill(store_server, [])
    with open_shop(store_server) as opened:
        answer = opened.get(ADA)
        assert (answer["items"], answer["fallback"], answer["degraded"]) == ([], True, False)
        assert opened.get("/readyz")["status"] == "ready"
        for path in EVERY:
            assert opened.get(path)["degraded"] is False
        opened.write(*catalogue([Item(id="only")], Keys("live")))
        until(lambda: opened.items(ADA) == ["only"])
        assert opened.get(ADA)["items"][0]["strategy"] == "new"


def test_a_wiped_store_is_forgotten_and_learnt_anew(store_server: StoreServer) -> None:
    now = now_ms()
    fill(store_server, shop(now))
    with open_shop(store_server) as opened:
        assert opened.items(ADA, n=1) == ["cup"]
        with store_server.client() as client:
            client.flushall()
        until(lambda: opened.items(ADA, n=100) == [])
        keys = Keys("live")
        opened.write(*catalogue([Item(id="phoenix")], keys), *rankings(keys, now, long=["phoenix"]))
        until(lambda: opened.items(ADA, n=100) == ["phoenix"])


def test_the_served_namespace_can_be_switched_and_switched_back(store_server: StoreServer) -> None:
    now = now_ms()
    fill(store_server, shop(now))
    keys = Keys("replay 1")
    other = RedisViews.open(store_server.settings, "replay 1")
    other.write([*catalogue([Item(id="kettle"), Item(id="anvil")], keys), *neighbours(keys, now)])
    other.write([person(keys, ada(now)), *rankings(keys, now, long=["anvil"])])
    other.close()
    with open_shop(store_server) as opened, store_server.client() as client:
        assert opened.items(ADA, n=1) == ["cup"]
        client.set(SERVED_KEY, "replay 1")
        until(lambda: opened.items(ADA, n=1) == ["anvil"])
        assert opened.get("/readyz")["namespace"] == "replay 1"
        client.delete(SERVED_KEY)
        until(lambda: opened.items(ADA, n=1) == ["cup"])
        assert opened.get(ADA)["as_of"] is not None


def test_the_catalogues_log_may_be_cut_while_nobody_reads_it() -> None:
    keys = Keys("live")
    with running() as server:
        fill(server, shop(now_ms()))
        with open_shop(server) as opened:
            until(lambda: opened.items(ADA, category="kitchen") != [])
            # More than is read at once, and the log is cut to its end right away.
            for first in range(0, 3_000, 1_000):
                more = [Item(id=f"i{n}", category="many") for n in range(first, first + 1_000)]
                opened.write(*catalogue(more, keys))
                with server.client() as client:
                    client.xtrim(keys.catalog_log("default"), maxlen=1, approximate=False)
            path = "/v1/stats"
            until(lambda: opened.get(path)["sites"]["default"]["items"] == 3_009)


def test_settings_that_cannot_work_are_refused_at_the_start(tmp_path: Path) -> None:
    async def start(settings: Settings) -> None:
        async with Serving.open(settings):
            pass

    with pytest.raises(SettingsError, match=r"redis\.url is empty"):
        asyncio.run(start(Settings.load()))
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nname = "x"\naction = "boast"\n')
    given = {"redis.url": "redis://127.0.0.1:1/0", "api.rules_file": str(rules)}
    with pytest.raises(SettingsError, match=r'api.rules_file: .*rule 1 \("x"\): action'):
        asyncio.run(start(Settings.load(overrides=given)))


def test_an_answer_needs_two_round_trips_at_most(store_server: StoreServer) -> None:
    fill(store_server, shop(now_ms()))
    with open_shop(store_server) as opened:
        sums = opened.serving.registry

        def trips() -> float:
            names = ("people", "rows")
            counts = (
                sums.get_sample_value("headrace_serve_store_seconds_count", {"trip": name})
                for name in names
            )
            return sum(count or 0 for count in counts)

        body = {"users": ["ada", "device:d", "stranger"], "item": "rake"}
        for call, most in (
            (lambda: opened.get(ADA), 2),
            (lambda: opened.get(ADA, category="garden", item="rake", explain=1), 2),
            (lambda: opened.post("/v1/recommendations", body), 2),
            (lambda: opened.post("/v1/rank", {"items": ["cup"], "user": "ada"}), 2),
            (lambda: opened.get("/v1/items/kettle/similar"), 1),
            (lambda: opened.get("/v1/trending"), 0),
            (lambda: opened.get("/v1/users/device:d/profile"), 1),
        ):
            before = trips()
            call()
            assert trips() - before <= most
