"""The models as the conformance suite meets them."""

import pickle
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from online_models.anomaly import LIMITS, AnomalyModel
from online_models.drift import DriftWatch
from online_models.features import SESSION_FEATURES, USER_FEATURES
from online_models.guard import Guard
from online_models.intent import IntentModel
from online_models.popularity import Popularity
from online_models.recommender import ItemRecommender
from online_models.segments import SegmentModel
from online_models.slate import EXPERTS, Slate
from online_models.slot_table import SlotTable
from online_models.weights import Weights
from tests.online_models.apprentice_case import Learner, hostile_trails, trails
from tests.online_models.basket_cases import CASES as BASKET_CASES
from tests.online_models.challenger_cases import CASES as CHALLENGER_CASES
from tests.online_models.conformance import Case
from tests.online_models.count_cases import CASES as COUNT_CASES
from tests.online_models.decide_cases import CASES as DECIDE_CASES
from tests.online_models.made_people import STRANGE, Labelled, broken_people, people
from tests.online_models.predictors import Amounts, Churn, Response, Spend
from tests.online_models.ranker_case import ListRanker, hostile_lists, shown_lists
from tests.online_models.text_cases import CASES as TEXT_CASES

KEY = b"a key for tests, not for use"
DAY_MS = 86_400_000


class Classifier:
    """A guarded model that gives probabilities."""

    def __init__(self) -> None:
        self.guard = Guard(IntentModel(seed=1), KEY)

    @property
    def model(self) -> IntentModel:
        return self.guard.model

    def learn(self, example: Labelled) -> None:
        self.guard.learn_one(*example)

    def answer(self, example: Labelled) -> dict[bool, float]:
        return self.guard.predict_proba_one(example[0])

    def save(self) -> bytes:
        return self.guard.snapshot()

    def restore(self, saved: bytes) -> None:
        self.guard.restore(saved)


class Clusterer:
    """A guarded model that names a segment."""

    def __init__(self) -> None:
        self.guard = Guard(SegmentModel(n_segments=4, warmup=50, seed=1), KEY)

    @property
    def model(self) -> SegmentModel:
        return self.guard.model

    def learn(self, example: Labelled) -> None:
        self.guard.learn_one(example[0])

    def answer(self, example: Labelled) -> list[Any]:
        described = self.model.describe()
        numbers = [value for s in described for value in (*s.centre.values(), *s.lift.values())]
        return [self.guard.predict_one(example[0]), *[s.name for s in described], *numbers]

    def save(self) -> bytes:
        return self.guard.snapshot()

    def restore(self, saved: bytes) -> None:
        self.guard.restore(saved)


class Watch:
    """A guarded watch over series."""

    def __init__(self) -> None:
        self.guard = Guard(DriftWatch(spreads=True), KEY)

    @property
    def model(self) -> DriftWatch:
        return self.guard.model

    def learn(self, example: Labelled) -> None:
        self.guard.learn_one(example[0], 5)

    def answer(self, example: Labelled) -> dict[str, float]:
        answer: dict[str, float] = self.guard.predict_one(example[0])
        return answer

    def save(self) -> bytes:
        return self.guard.snapshot()

    def restore(self, saved: bytes) -> None:
        self.guard.restore(saved)


class Anomaly:
    """The guarded score of visits."""

    def __init__(self) -> None:
        self.guard = Guard(AnomalyModel(seed=1), KEY)

    @property
    def model(self) -> AnomalyModel:
        return self.guard.model

    def learn(self, example: Labelled) -> None:
        self.guard.learn_one(example[0])

    def answer(self, example: Labelled) -> float:
        return float(self.guard.predict_one(example[0]))

    def save(self) -> bytes:
        return self.guard.snapshot()

    def restore(self, saved: bytes) -> None:
        self.guard.restore(saved)


class Table:
    """The slot table, a pair at a time; it refuses absurd weights."""

    def __init__(self) -> None:
        self.model = SlotTable(slots=8, half_life_ms=30 * DAY_MS, max_rows=200)

    def learn(self, pair: tuple[int, int, int, float, int]) -> None:
        columns = zip(pair, ("u8", "u8", "i1", "f8", "i8"), strict=True)
        try:
            self.model.learn_many(*(np.array([value], dtype) for value, dtype in columns))
        except ValueError:
            assert not abs(pair[3]) <= 1e6

    def answer(self, pair: tuple[int, int, int, float, int]) -> list[Any]:
        row = self.model.row(pair[0], self.model.time)
        return [row.keys.tolist(), row.weights.ravel().tolist()]

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Counts:
    """The popularity counts, a touch at a time; they refuse absurd weights."""

    def __init__(self) -> None:
        self.model = Popularity(max_items=200)

    def learn(self, touch: tuple[int, float, int]) -> None:
        item, weight, time = touch
        try:
            self.model.learn_many(
                np.array([item], np.uint64), np.array([weight]), np.array([time], np.int64)
            )
        except ValueError:
            assert not abs(weight) <= 1e6

    def answer(self, touch: tuple[int, float, int]) -> list[Any]:
        tops = self.model.top(20, self.model.time)
        return [(top.keys.tolist(), top.weights.tolist(), top.total) for top in tops.values()]

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class BlendWeights:
    """The weights of the blend."""

    def __init__(self) -> None:
        self.model = Weights()

    def learn(self, example: tuple[np.ndarray, int, int]) -> None:
        features, chosen, history = example
        items, own = np.arange(len(features), dtype=np.uint64), np.arange(len(features)) % 3 == 0
        self.model.learn_one(Slate(items, features, own, history, 1_000 * history), chosen)

    def answer(self, example: tuple[np.ndarray, int, int]) -> list[float]:
        weights: list[float] = self.model.of(example[2], 1_000 * example[2]).tolist()
        return weights

    def save(self) -> bytes:
        return self.model.pack()

    def restore(self, saved: bytes) -> None:
        self.model = Weights.unpack(saved)


class Recommender:
    """The recommender in memory."""

    def __init__(self) -> None:
        self.model = ItemRecommender(slots=8, max_items=200, max_users=50, batch=8, seed=1)

    def learn(self, example: tuple[Any, Any, Any, dict[str, Any]]) -> None:
        self.model.learn_one(*example)

    def answer(self, example: tuple[Any, Any, Any, dict[str, Any]]) -> list[Any]:
        user, item, _, x = example
        best = self.model.recommend(user, 5)
        return [self.model.predict_one(user, item, x), *(tuple(c)[:3] for c in best)]

    def save(self) -> bytes:
        return pickle.dumps(self.model)

    def restore(self, saved: bytes) -> None:
        self.model = pickle.loads(saved)


def pairs(seed: int, count: int) -> list[tuple[int, int, int, float, int]]:
    rng = random.Random(seed)
    return [
        (rng.randrange(40), rng.randrange(40), rng.randrange(2), rng.random(), at * 60_000)
        for at in range(count)
    ]


def hostile_pairs(seed: int, count: int) -> Iterator[tuple[int, int, int, float, int]]:
    rng = random.Random(seed)
    for at in range(count):
        weight = rng.choice((*STRANGE, -5.0, 1.0))
        time = rng.choice((0, at * 60_000, -DAY_MS, at * DAY_MS))
        yield rng.getrandbits(64), rng.randrange(40), rng.randrange(2), weight, time


def touches(seed: int, count: int) -> list[tuple[int, float, int]]:
    return [(item, weight, time) for item, _, _, weight, time in pairs(seed, count)]


def hostile_touches(seed: int, count: int) -> Iterator[tuple[int, float, int]]:
    for item, _, _, weight, time in hostile_pairs(seed, count):
        yield item, weight, time


def choices(seed: int, count: int) -> list[tuple[np.ndarray, int, int]]:
    rng = np.random.default_rng(seed)
    shape = (20, len(EXPERTS))
    return [
        (rng.exponential(size=shape), int(rng.integers(20)), int(rng.integers(30)))
        for _ in range(count)
    ]


def hostile_choices(seed: int, count: int) -> Iterator[tuple[np.ndarray, int, int]]:
    rng = random.Random(seed)
    for features, chosen, history in choices(seed, count):
        features[rng.randrange(20), rng.randrange(len(EXPERTS))] = rng.choice(STRANGE)
        yield features, chosen, history


def shopping(seed: int, count: int) -> list[tuple[Any, Any, Any, dict[str, Any]]]:
    rng = random.Random(seed)
    made = []
    for at in range(count):
        shelf = rng.randrange(4)
        x = {"time": at * 60_000, "type": rng.choice(("view", "purchase"))}
        made.append((f"u{rng.randrange(30)}", f"i{shelf}-{rng.randrange(8)}", True, x))
    return made


def hostile_shopping(seed: int, count: int) -> Iterator[tuple[Any, Any, Any, dict[str, Any]]]:
    rng = random.Random(seed)
    for at in range(count):
        x: dict[str, Any] = {"time": rng.choice((*STRANGE, "noon", None, at * 1_000, -1))}
        x["type"] = rng.choice(("view", "no such type", None, "return"))
        item = rng.choice((None, "", "i1-1", 1 << 70, -1, 3.5, f"new {at}", "\ud800"))
        yield rng.choice((None, "", "u1", f"new {at}")), item, rng.choice((*STRANGE, 1, True)), x


CASES = (
    Case(
        "intent",
        Classifier,
        people(SESSION_FEATURES),
        broken_people(SESSION_FEATURES),
        limit=6_000_000,
    ),
    Case("churn", Churn, people(USER_FEATURES), broken_people(USER_FEATURES), 900_000, count=150),
    Case("amounts", Amounts, people(USER_FEATURES), broken_people(USER_FEATURES), 900_000, 150),
    Case("spend", Spend, people(USER_FEATURES), broken_people(USER_FEATURES), 1_800_000, 150),
    Case("response", Response, people(USER_FEATURES), broken_people(USER_FEATURES), 900_000, 150),
    Case("segments", Clusterer, people(USER_FEATURES), broken_people(USER_FEATURES), limit=700_000),
    Case("drift watch", Watch, people(USER_FEATURES), broken_people(USER_FEATURES), limit=250_000),
    Case("anomaly", Anomaly, people(tuple(LIMITS)), broken_people(tuple(LIMITS)), limit=900_000),
    Case("slot table", Table, pairs, hostile_pairs, limit=60_000),
    Case("popularity", Counts, touches, hostile_touches, limit=20_000),
    Case("blend weights", BlendWeights, choices, hostile_choices, limit=4_000),
    Case("apprentice", Learner, trails, hostile_trails, limit=60_000, count=300),
    Case("recommender", Recommender, shopping, hostile_shopping, limit=600_000, count=300),
    Case("ranker", ListRanker, shown_lists, hostile_lists, limit=80_000),
    *BASKET_CASES,
    *CHALLENGER_CASES,
    *COUNT_CASES,
    *DECIDE_CASES,
    *TEXT_CASES,
)
