"""`POST /v1/rank` where a ranker has learnt: the order, the fallback, what is counted."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from api.serve.learnt import ENOUGH, Given, rank_learnt
from api.serve.memory import Memory
from api.serve.ranking import Ask
from api.serve.visitor import Visitor
from contracts.keys import Keys
from online_models.ranker import Ranker
from online_models.touches import number_of
from storage.writes import SetView, Write
from tests.api.serve.shop import MINUTE, SITE, Shop, ada, fill, now_ms, open_shop, person, shop
from tests.storage.servers import StoreServer

KEYS = Keys("live")
SHELF = ("hose", "seed", "cup", "spoon", "teapot")
NOBODY = (0.0, 0.0, 0.0, 0.0)


def learnt(now: int, clicks: int = 3 * ENOUGH) -> Ranker:
    """Return a ranker of people who like `spoon`, then `cup`, and look at the first places more."""
    ranker, rng = Ranker(), random.Random(2)
    chances = dict(zip(SHELF, (0.05, 0.05, 0.3, 0.8, 0.05), strict=True))
    n = 0
    while ranker.weights.learned < clicks:
        n += 1
        items = rng.sample(SHELF, len(SHELF))
        at = now - 12 * 60 * MINUTE + n * 1_000
        numbers = [number_of(item) for item in items]
        ranker.show(f"r{n}", numbers, list(range(5)), [NOBODY] * 5, 0, at)
        for place, item in enumerate(items):
            if rng.random() < chances[item] * 0.7**place:
                ranker.click(f"r{n}", number_of(item), at + 500)
                break
    return ranker


def views(ranker: Ranker) -> list[Write]:
    tracks = [
        SetView(KEYS.track(SITE, item), packed)
        for item in ranker.tracks.items()
        if (packed := ranker.tracks.packed(item)) is not None
    ]
    return [*tracks, SetView(KEYS.rank_weights(SITE), ranker.weights.pack())]


@pytest.fixture(scope="module")
def now() -> int:
    return now_ms()


@pytest.fixture(scope="module")
def opened(store_server: StoreServer, now: int) -> Iterator[Shop]:
    fill(store_server, [*shop(now), *views(learnt(now))])
    with open_shop(store_server) as opened:
        yield opened


def test_the_learnt_order_is_answered_and_says_so(opened: Shop) -> None:
    answer = opened.post("/v1/rank", {"items": list(SHELF), "user": "nobody-yet"})
    assert [shown["item"] for shown in answer["items"]][:2] == ["spoon", "cup"]
    assert {shown["strategy"] for shown in answer["items"]} == {"ranked"}
    assert answer["items"][0]["reasons"] == ["by what people click where it is shown"]
    assert sum(shown["score"] for shown in answer["items"]) == pytest.approx(1.0, abs=1e-4)
    assert (answer["fallback"], answer["degraded"]) == (False, False)


def test_the_answer_is_what_the_model_itself_says(opened: Shop, now: int) -> None:
    """One scoring function: what evaluation measures is what is served."""
    ranker = learnt(now)
    answer = opened.post("/v1/rank", {"items": list(SHELF)})
    prices = (18.0, 1.0, 5.0, 2.0, 25.0)
    own = [(0.0, 0.0, 0.0, price) for price in prices]
    scores = ranker.score([number_of(item) for item in SHELF], own, 0, now_ms())
    order = [SHELF[at] for at in np.argsort(-scores, kind="stable")]
    assert [shown["item"] for shown in answer["items"]] == order


def test_explain_gives_each_features_part(opened: Shop) -> None:
    answer = opened.post("/v1/rank", {"items": ["seed", "spoon"], "explain": True})
    best = answer["items"][0]
    assert best["item"] == "spoon"
    assert best["parts"]["strength"] > 0.0


def test_rules_of_given_lists_hold(opened: Shop) -> None:
    asked = {"items": ["spoon", "gone", "rake", "unheard of"], "exclude": ["spoon"], "user": "ada"}
    shown = [one["item"] for one in opened.post("/v1/rank", asked)["items"]]
    assert sorted(shown) == ["rake", "unheard of"]  # owned, but the caller named it
    assert len(opened.post("/v1/rank", {"items": list(SHELF), "n": 2})["items"]) == 2


def test_an_order_of_the_caller_s_own_can_count(opened: Shop) -> None:
    """Of items nobody knows, the first is ahead only if their order is said to mean anything."""
    unknown = [f"new {n}" for n in range(4)]
    plain = opened.post("/v1/rank", {"items": unknown})
    assert len({one["score"] for one in plain["items"]}) == 1
    assert plain["fallback"] is True
    ordered = opened.post("/v1/rank", {"items": unknown, "ordered": True})
    scores = [one["score"] for one in ordered["items"]]
    assert scores[0] > scores[-1]


def test_how_much_was_learnt_stands_in_metrics(opened: Shop) -> None:
    text = opened.http.get("/metrics").text
    assert f"headrace_serve_ranker_learned_total {float(3 * ENOUGH)}" in text


def test_damaged_rows_and_weights_do_no_harm(store_server: StoreServer, now: int) -> None:
    writes = [
        *shop(now),
        *views(learnt(now)),
        SetView(KEYS.track(SITE, number_of("spoon")), b"rubbish"),
    ]
    fill(store_server, writes)
    with open_shop(store_server) as opened:
        assert len(opened.post("/v1/rank", {"items": list(SHELF)})["items"]) == 5
    fill(store_server, [*writes, SetView(KEYS.rank_weights(SITE), b"rubbish")])
    with open_shop(store_server) as opened:
        answer = opened.post("/v1/rank", {"items": list(SHELF), "user": "ada"})
        assert "ranked" not in {shown["strategy"] for shown in answer["items"]}
        assert answer["fallback"] is False


def test_a_site_with_few_clicks_is_answered_by_the_blend(
    store_server: StoreServer, now: int
) -> None:
    fill(store_server, [*shop(now), *views(learnt(now, ENOUGH - 1))])
    with open_shop(store_server) as opened:
        answer = opened.post("/v1/rank", {"items": list(SHELF), "user": "ada"})
        assert "ranked" not in {shown["strategy"] for shown in answer["items"]}
        assert answer["fallback"] is False


def test_without_consent_nothing_personal_is_used(store_server: StoreServer, now: int) -> None:
    site = Memory("live", [SITE]).sites[SITE]
    given = Given(["cup", "kettle", "seed"], [None] * 3)
    order = []
    for consent in (None, ["marketing"]):
        visitor = Visitor("ada", ada(now, consent=consent))
        ranking = rank_learnt(given, visitor, site, (), Ask(3), now)
        order.append([pick.item.id for pick in ranking.picks])
        assert ranking.fallback is (consent is not None)
    assert order[0][0] == "kettle"  # touched
    assert order[1] == ["cup", "kettle", "seed"]


def test_people_are_asked_for_once(opened: Shop, now: int) -> None:
    opened.write(person(KEYS, ada(now)))
    answer = opened.post("/v1/rank", {"items": list(SHELF), "user": "ada"})
    assert answer["user"] == "ada"
    assert answer["as_of"] is not None
