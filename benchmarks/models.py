"""What each model costs: microseconds to predict, learn and rank, and bytes.

    python -m benchmarks.models
    python -m benchmarks.models --json

Medians over rounds on made-up data of the shape that shops have: 20,000 items drawn by a power
law, people with 20 recent items. Where many rows are learnt at once, the figure is a row's share.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks import _family_costs as families
from benchmarks._answer_costs import answer_costs
from benchmarks._timing import KEY, NOW, Cost, learnt, people, timed
from contracts.profile import PROFILE_VERSION, CartLine, Profile, Recent, Session
from online_models.apprentice import Apprentice
from online_models.blend import rank, wanted
from online_models.bots import rhythm, suspicion
from online_models.concepts import ConceptGraph, Thing
from online_models.crowd import crowd_of
from online_models.features import SESSION_FEATURES, session_features, user_features
from online_models.guard import Guard
from online_models.intent import IntentModel
from online_models.pairs import PairArrays, PairBuffer
from online_models.popularity import Popularity, merge
from online_models.ranker import Ranker
from online_models.recommender import ItemRecommender
from online_models.rules import RuleMiner
from online_models.slate import slate
from online_models.slot_table import SlotTable
from online_models.touches import Touch
from online_models.weights import Weights

ITEMS = 20_000


def drawn(rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw item numbers by a power law, spread over the 64-bit numbers."""
    ranks = np.minimum(rng.zipf(1.3, count), ITEMS).astype(np.uint64)
    return ranks * np.uint64(11_400_714_819_323_198_485)


def some_pairs(rng: np.random.Generator, count: int, at: int) -> PairArrays:
    return PairArrays(
        drawn(rng, count),
        drawn(rng, count),
        (rng.random(count) < 0.1).astype(np.int8),
        rng.random(count).astype(np.float32),
        np.full(count, NOW + at * 1_000),
    )


def item_costs() -> Iterator[Cost]:
    rng = np.random.default_rng(1)
    table, counts = SlotTable(slots=64), Popularity()
    batches = iter([some_pairs(rng, 1_000, at) for at in range(150)])
    yield Cost(
        "slot table",
        "learn a pair, of 1,000",
        timed(lambda: table.learn_many(*next(batches)), 150, 1_000),
    )
    batches = iter([some_pairs(rng, 16_000, at) for at in range(150, 190)])
    yield Cost(
        "slot table",
        "learn a pair, of 16,000",
        timed(lambda: table.learn_many(*next(batches)), 40, 16_000),
    )
    known = np.array(table.items()[:2_000], np.uint64)
    yield Cost(
        "slot table", "pack a row, of 2,000", timed(lambda: table.pack_many(known), 20, 2_000)
    )
    saved = len(table.dump())
    yield Cost("slot table", "bytes an item, in memory", 0.0, round(table.nbytes / len(table)))
    yield Cost("slot table", "bytes an item, saved", 0.0, round(saved / len(table)))
    items, times = drawn(rng, 1_000), np.full(1_000, NOW)
    yield Cost(
        "popularity",
        "learn a touch, of 1,000",
        timed(lambda: counts.learn_many(items, np.ones(1_000), times), 100, 1_000),
    )
    counts.learn_many(np.arange(ITEMS, dtype=np.uint64), np.ones(ITEMS), np.full(ITEMS, NOW))
    yield Cost(
        "popularity",
        f"top 200 of {ITEMS:,}",
        timed(lambda: counts.top(200, NOW), 30),
        round(len(counts.dump()) / len(counts)),
    )
    tops = [counts.top(200, NOW)["long"]] * 16
    yield Cost("popularity", "merge 16 shards", timed(lambda: merge(tops, 200, 1), 50))


def blend_costs() -> Iterator[Cost]:
    rng = np.random.default_rng(2)
    table, counts, weights = SlotTable(slots=64), Popularity(), Weights()
    for at in range(40):
        pairs = some_pairs(rng, 10_000, at)
        table.learn_many(*pairs)
        counts.learn_many(pairs.items, pairs.weights, pairs.times)
    tops = crowd_of(counts.top(500, table.time))
    for length in (10, 20):
        recents = [Touch(int(item), "view", NOW) for item in np.unique(drawn(rng, 400))[:length]]
        rows = table.rows(wanted(recents), table.time)
        exclude = [touch.item for touch in recents]
        ask = partial(rank, recents, rows, tops, weights, 20, exclude, NOW)
        yield Cost("blend", f"rank 20, of {length} recents", timed(ask))
    made = slate(recents, rows, tops, exclude, NOW)
    yield Cost(
        "blend",
        "learn a choice",
        timed(lambda: weights.learn_one(made, 3)),
        len(weights.pack()),
    )
    event, buffer = Touch(7, "view", NOW), PairBuffer()
    yield Cost(
        "pairs", "an event after 20 recents", timed(lambda: buffer.add(recents, event), 2_000)
    )


def person_costs() -> Iterator[Cost]:
    profile = Profile(
        PROFILE_VERSION, "shop", "ada", events=90, sessions=7, orders=2, monetary=80.0
    )
    profile.first_seen, profile.last_seen = NOW - 10**9, NOW
    profile.session = Session("s", NOW - 10**6, NOW, events=9, views=6, carts=1, value=30.0)
    profile.counts = {"view": 60, "add_to_cart": 6}
    profile.recents = [Recent.of(f"i{n}", "view", NOW - 50 + n) for n in range(50)]
    profile.cart = {"kettle": CartLine(1.0, 30.0, NOW)}
    yield Cost("features", "of a session", timed(lambda: session_features(profile, NOW), 2_000))
    yield Cost("features", "of a user", timed(lambda: user_features(profile, NOW), 2_000))
    yield Cost("bots", "look at a visit", timed(lambda: suspicion(rhythm(profile)), 2_000))
    yield from intent_costs()


def intent_costs() -> Iterator[Cost]:
    examples = people(SESSION_FEATURES, 6_000)
    guard = Guard(IntentModel(), KEY)
    for model, name in ((IntentModel(), "intent"), (guard, "intent, guarded")):
        yield learnt(name, model.learn_one, [(x, n % 9 == 0) for n, x in enumerate(examples)])
        yield Cost(name, "predict", timed(lambda m=model: m.predict_proba_one(examples[0]), 2_000))
    raw = guard.snapshot()
    yield Cost("intent, guarded", "snapshot", timed(guard.snapshot), len(raw))
    yield Cost("intent, guarded", "restore", timed(lambda: guard.restore(raw)))
    yield Cost("intent, guarded", "digest", timed(guard.digest))


def recommender_costs() -> Iterator[Cost]:
    rng = np.random.default_rng(4)
    model = ItemRecommender(seed=1)
    names = drawn(rng, 30_000).tolist()
    users = rng.integers(1_000, size=30_000).tolist()
    for at in range(25_000):
        model.learn_one(users[at], names[at], True, {"time": NOW + at * 1_000})
    rest = iter(range(25_000, 30_000))

    def learn() -> None:
        at = next(rest)
        model.learn_one(users[at], names[at], True, {"time": NOW + at * 1_000})

    started = time.process_time()
    for _ in range(3_200):
        learn()
    # A mean: learning happens in batches, which a median would leave out.
    yield Cost("recommender", "learn", round(1e6 * (time.process_time() - started) / 3_200, 2))
    yield Cost("recommender", "recommend 10", timed(lambda: model.recommend(users[0], 10)))


def ranker_costs() -> Iterator[Cost]:
    """Lists of 40 of 2,000 items, shown at once and clicked once."""
    rng = np.random.default_rng(4)
    model = Ranker()
    facts = [(0.0, 1.0, 0.1, 9.0)] * 40
    lists = [rng.choice(2_000, 40, replace=False).tolist() for _ in range(1_000)]
    turns = iter(range(len(lists)))

    def show() -> int:
        turn = next(turns)
        model.show(str(turn), lists[turn], list(range(40)), facts, 3, NOW + turn * 1_000)
        return turn

    def show_and_click() -> None:
        turn = show()
        model.click(str(turn), lists[turn][turn % 40], NOW + turn * 1_000 + 500)

    for _ in range(400):
        show_and_click()
    score = timed(lambda: model.score(lists[0], facts, 3, NOW + 500_000))
    yield Cost("ranker", "rank 40 items", score, len(model.weights.pack()))
    shown = timed(show, rounds=200)
    yield Cost("ranker", "take note of a list of 40", shown)
    both = timed(show_and_click, rounds=200)
    yield Cost("ranker", "learn a click in it", both - shown, len(model.dump()))


def knowledge_costs() -> Iterator[Cost]:
    """Baskets and windows of five items out of 2,000, on 100 shelves."""
    rng = np.random.default_rng(6)
    miner, graph, apprentice = RuleMiner(), ConceptGraph(), Apprentice()
    baskets = [
        sorted({f"i{shelf}-{n}" for n in rng.integers(20, size=5)})
        for shelf in rng.integers(100, size=6_000)
    ]
    yield learnt("rules", lambda basket, at: miner.learn_one(basket, at), timed_rows(baskets))
    yield Cost("rules", "of an item", timed(lambda: miner.rules("i1-1"), 200), len(miner.dump()))
    windows = [
        [Thing(i, f"home > {i[:3]}", f"maker {i[-1]}", ("new",), f"thing {i}") for i in basket]
        for basket in baskets
    ]
    yield learnt("concepts", lambda w, at: graph.learn_one(w, [], at), timed_rows(windows))
    yield Cost("concepts", "describe", timed(lambda: graph.describe("new"), 50), len(graph.dump()))
    items = drawn(rng, 6_000).tolist()
    touches = [Touch(item, "view", NOW + at * 1_000) for at, item in enumerate(items)]
    trails = [(touches[at - 20 : at], touches[at]) for at in range(20, len(touches))]
    yield learnt("apprentice", apprentice.learn, trails)
    yield Cost("apprentice", "saved, 6,000 touches", 0.0, len(apprentice.dump(full=True)))


def timed_rows(rows: list[list[Any]]) -> list[tuple[Any, int]]:
    return [(row, NOW + at * 60_000) for at, row in enumerate(rows)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    costs: list[Cost] = []
    parts = (
        item_costs,
        blend_costs,
        person_costs,
        families.segment_costs,
        families.outcome_costs,
        families.challenger_costs,
        families.watching_costs,
        recommender_costs,
        ranker_costs,
        knowledge_costs,
        answer_costs,
    )
    for part in parts:
        for cost in part():
            costs.append(cost)
            if not as_json:
                size = "" if cost.bytes is None else f"{cost.bytes:,} bytes"
                print(f"{cost.model:18} {cost.what:28} {cost.us:>10.2f} us  {size}", flush=True)
    if as_json:
        print(json.dumps([cost._asdict() for cost in costs]))


if __name__ == "__main__":
    main()
