"""What each model costs: microseconds to predict, learn and rank, and bytes.

    python -m benchmarks.models
    python -m benchmarks.models --json

Medians over rounds on made-up data of the shape that shops have: 20,000 items drawn by a power
law, people with 20 recent items. Where many rows are learnt at once, the figure is a row's share.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from river import cluster

from contracts.profile import PROFILE_VERSION, CartLine, Profile, Recent, Session
from online_models.anomaly import LIMITS, AnomalyModel
from online_models.arms import KINDS, RiverArm
from online_models.blend import rank, wanted
from online_models.churn import ChurnModel
from online_models.digest import digest
from online_models.drift import DriftWatch
from online_models.features import (
    SESSION_FEATURES,
    USER_FEATURES,
    session_features,
    user_features,
)
from online_models.guard import Guard
from online_models.intent import IntentModel
from online_models.order_value import OrderValueModel
from online_models.pairs import PairArrays, PairBuffer
from online_models.popularity import Popularity, merge
from online_models.ranker import Ranker
from online_models.recommender import ItemRecommender
from online_models.segments import SegmentModel
from online_models.sequential import SequentialTest
from online_models.slate import slate
from online_models.slot_table import SlotTable
from online_models.spend import SpendModel
from online_models.touches import Touch
from online_models.weights import Weights
from operators.outcomes import VISIT_FEATURES

NOW = 1_700_000_000_000
KEY = b"signs nothing that leaves this benchmark"
ITEMS = 20_000


class Cost(NamedTuple):
    model: str
    what: str
    us: float
    bytes: int | None = None


def timed(call: Callable[[], Any], rounds: int = 200, share: int = 1) -> float:
    """Return the median microseconds of a call, divided by the rows it handles."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return round(1e6 * median(seconds) / share, 2)


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
    tops = counts.top(500, table.time)
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
    yield from intent_costs()
    yield from segment_costs()


def people(names: tuple[str, ...], count: int) -> list[dict[str, float]]:
    rng = random.Random(3)
    return [{name: max(0.0, rng.gauss(1.0, 1.0)) for name in names} for _ in range(count)]


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


def learnt(name: str, learn: Callable[[Any, Any], Any], examples: list[tuple[Any, Any]]) -> Cost:
    """Return the mean cost of learning the later half of examples.

    A mean: trees are grown now and then, which a median would leave out.
    """
    half = len(examples) // 2
    for x, y in examples[:half]:
        learn(x, y)
    started = time.process_time()
    for x, y in examples[half:]:
        learn(x, y)
    return Cost(name, "learn", round(1e6 * (time.process_time() - started) / half, 2))


def outcome_costs() -> Iterator[Cost]:
    examples = people(VISIT_FEATURES, 3_000)
    churn, spend, order = ChurnModel(), SpendModel(), OrderValueModel()
    bought = [(x, 40.0 * (n % 3)) for n, x in enumerate(examples)]
    yield learnt("churn", churn.learn_one, [(x, y > 0.0) for x, y in bought])
    yield Cost("churn", "predict", timed(lambda: churn.predict_proba_one(examples[0]), 1_000))
    for name, model in (("spend", spend), ("order value", order)):
        yield learnt(name, model.learn_one, bought)
        ask = partial(model.estimate_one, examples[0])
        yield Cost(name, "estimate", timed(ask, 1_000), len(pickle.dumps(model)))


def segment_costs() -> Iterator[Cost]:
    examples = people(USER_FEATURES, 3_000)
    model = SegmentModel(seed=1)
    for x in examples:
        model.learn_one(x)
    rows = iter(examples)
    yield Cost("segments", "learn", timed(lambda: model.learn_one(next(rows)), 3_000))
    yield Cost("segments", "predict", timed(lambda: model.predict_one(examples[0]), 1_000))
    yield Cost("segments", "describe", timed(model.describe, 50), len(pickle.dumps(model)))
    yield Cost("segments", "digest", timed(lambda: digest(model), 10))
    numbered = [dict(enumerate(x.values())) for x in examples]
    for plain in (cluster.KMeans(6, seed=1), cluster.STREAMKMeans(100, 6, seed=1)):
        rows_ = iter(numbered)
        name = f"river {type(plain).__name__}"
        yield Cost(name, "learn", timed(lambda m=plain, r=rows_: m.learn_one(next(r)), 3_000))
        yield Cost(name, "predict", timed(lambda m=plain: m.predict_one(numbered[0]), 1_000))


def watching_costs() -> Iterator[Cost]:
    """Yield what drift, challengers and the anomaly score cost."""
    examples = people(SESSION_FEATURES, 3_000)
    watch, watched = DriftWatch(), iter(examples)
    for x in examples[:300]:
        watch.learn_one(x)
    yield Cost(
        "drift",
        f"learn {len(SESSION_FEATURES)} series",
        timed(lambda: watch.learn_one(next(watched)), 2_000),
        len(pickle.dumps(watch)),
    )
    test = SequentialTest()
    yield Cost("contest", "learn a difference", timed(lambda: test.learn_one(0.1), 2_000))
    yield Cost("contest", "evidence", timed(lambda: test.log_evidence, 2_000))
    for kind in sorted(KINDS):
        arm, rows = RiverArm(kind, seed=1), iter(examples[500:])
        for x in examples[:500]:
            arm.learn_one(x, x["session_views"] > 1.0)

        def learn(arm: RiverArm = arm, rows: Iterator[dict[str, float]] = rows) -> None:
            x = next(rows)
            arm.learn_one(x, x["session_views"] > 1.0)

        yield Cost(kind, "learn", timed(learn, 300), len(pickle.dumps(arm)))
        ask = partial(arm.predict_proba_one, examples[0])
        yield Cost(kind, "predict", timed(ask, 300))
    anomaly, usual = AnomalyModel(seed=1), dict.fromkeys(LIMITS, 0.5)
    yield Cost("anomaly", "learn", timed(lambda: anomaly.learn_one(usual), 500))
    asked = timed(lambda: anomaly.predict_one(usual), 500)
    yield Cost("anomaly", "predict", asked, len(pickle.dumps(anomaly)))


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

    started = time.perf_counter()
    for _ in range(3_200):
        learn()
    # A mean: learning happens in batches, which a median would leave out.
    yield Cost("recommender", "learn", round(1e6 * (time.perf_counter() - started) / 3_200, 2))
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
        outcome_costs,
        recommender_costs,
        watching_costs,
        ranker_costs,
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
