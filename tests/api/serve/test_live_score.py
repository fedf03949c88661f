"""Answers judged by what came next: the counting, its bounds, and the whole way through HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from api.serve import live_score
from api.serve.live_score import WITHIN_MS, LiveScore
from contracts.keys import Keys
from contracts.profile import Recent
from online_models.touches import Touch
from tests.api.serve.shop import MINUTE, Shop, ada, fill, now_ms, open_shop, person, shop
from tests.storage.servers import StoreServer

KEYS = Keys("live")
ADA = "/v1/users/ada/recommendations"


def score(share: float = 1.0) -> LiveScore:
    return LiveScore(share, CollectorRegistry())


def judged(
    touches: list[Touch], beside: int | None = None, known: list[Touch] | None = None
) -> dict[str, Any]:
    live = score()
    live.answered("shop", "ada", [1, 2, 3], known or [], beside, now=1_000)
    live.answered("shop", "ada", [], [*(known or []), *touches], None, now=2_000)
    return live.figures().get("shop", {})


def test_the_first_touch_after_an_answer_is_what_had_come_next() -> None:
    got = judged([Touch(3, "view", 1_500), Touch(1, "view", 1_600)])
    assert got["predictions"] == 1
    assert (got["hr@10"], got["hr@20"]) == (1.0, 1.0)
    assert (got["mrr@10"], got["mrr@20"], got["ndcg@10"]) == (0.3333, 0.3333, 0.5)


def test_a_touch_of_something_else_is_a_miss() -> None:
    assert judged([Touch(9, "view", 1_500)])["hr@20"] == 0.0


@pytest.mark.parametrize(
    ("touches", "beside"),
    [
        ([], None),
        ([Touch(1, "dislike", 1_500)], None),
        ([Touch(1, "view", 1_001 + WITHIN_MS)], None),
        ([Touch(9, "view", 1_500)], 9),
    ],
    ids=["none", "no sign of interest", "too late", "the item on the page"],
)
def test_what_tells_nothing_counts_for_nothing(touches: list[Touch], beside: int | None) -> None:
    assert judged(touches, beside) == {}


def test_what_the_answer_knew_is_not_what_came_next() -> None:
    known = [Touch(1, "view", 900)]
    assert judged([], known=known) == {}
    assert judged([Touch(2, "view", 950)], known=known)["mrr@10"] == 0.5


def test_the_sample_is_of_people_and_about_as_large_as_asked_for() -> None:
    live = score(0.2)
    chosen = [live.samples("shop", f"user-{n}") for n in range(5_000)]
    assert 800 < sum(chosen) < 1_200
    assert chosen == [score(0.2).samples("shop", f"user-{n}") for n in range(5_000)]
    assert not any(score(0.0).samples("shop", f"user-{n}") for n in range(100))
    assert all(score(1.0).samples("shop", f"user-{n}") for n in range(100))


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_score, "MAX_PEOPLE", 50)
    live = score()
    for number in range(500):
        live.answered("shop", f"u{number}", list(range(100)), [], None, now=number)
    assert len(live) == 50
    assert all(len(pending.items) == 20 for pending in live._pending.values())


def test_the_counters_are_those_that_prometheus_can_add_up() -> None:
    registry = CollectorRegistry()
    live = LiveScore(1.0, registry)
    for number in range(4):
        live.answered("shop", f"u{number}", [1, 2], [], None, now=0)
        live.answered("shop", f"u{number}", [], [Touch(number, "view", 1)], None, now=2)
    text = generate_latest(registry).decode()
    assert 'headrace_live_predictions_total{site="shop"} 4.0' in text
    assert 'headrace_live_score_total{figure="hr@10",site="shop"} 2.0' in text
    assert 'headrace_live_score_total{figure="mrr@20",site="shop"} 1.5' in text


@pytest.fixture
def now() -> int:
    return now_ms()


@pytest.fixture
def opened(store_server: StoreServer, now: int) -> Iterator[Shop]:
    fill(store_server, shop(now))
    with open_shop(store_server, **{"api.score_share": 1.0}) as opened:
        yield opened


def test_a_visitor_takes_what_was_recommended(opened: Shop, now: int) -> None:
    served = opened.items(ADA)
    assert opened.get("/v1/stats")["scoreboard"] == {}
    recents = [*ada(now).recents, Recent.of(served[1], "view", now)]
    opened.write(person(KEYS, ada(now, recents=recents)))
    opened.get(ADA)
    figures = opened.get("/v1/stats")["scoreboard"]["default"]
    assert (figures["predictions"], figures["hr@10"], figures["mrr@10"]) == (1, 1.0, 0.5)
    # The next one is something that was not shown.
    recents = [*recents, Recent.of("never-shown", "add_to_cart", now + MINUTE)]
    opened.write(person(KEYS, ada(now, recents=recents)))
    opened.post("/v1/recommendations", {"users": ["ada", "bob"]})
    figures = opened.get("/v1/stats")["scoreboard"]["default"]
    assert (figures["predictions"], figures["hr@10"]) == (2, 0.5)
    text = opened.http.get("/metrics").text
    assert 'headrace_live_score_total{figure="hr@10",site="default"} 1.0' in text
