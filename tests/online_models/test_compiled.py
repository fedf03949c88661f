"""The compiled inner loops give the same bits as the numpy ones."""

from collections.abc import Callable

import numpy as np
import pytest

from online_models import pooling, scoring
from online_models.crowd import LINKED, Crowd, crowd_of
from online_models.popularity import HORIZONS
from online_models.recommender import ItemRecommender
from online_models.rows import TopList, heaviest
from online_models.slate import CANDIDATES, DOUBT, OWN_FADE, SCALES
from online_models.slot_table import DAY_MS, SlotTable
from online_models.touches import Touch

pytest.importorskip("numba", reason="needs the extra `fast`")

from online_models import kernels

Bare = Callable[[Callable[[], object]], tuple[object, object]]


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> Bare:
    """Return what a call gives with the compiled loops, and without."""

    def run(call: Callable[[], object]) -> tuple[object, object]:
        fast = call()
        with monkeypatch.context() as bare:
            for module in (
                "slot_table",
                "weights",
                "blend",
                "crowd",
                "live_crowd",
                "pooling",
            ):
                bare.setattr(f"online_models.{module}.compiled", lambda: None)
            return fast, call()

    return run


def some_keys(rng: np.random.Generator, count: int, kinds: int = 400) -> np.ndarray:
    return rng.integers(0, kinds, size=count, dtype=np.uint64) << np.uint64(55)


def some_rows(rng: np.random.Generator) -> pooling.Rows:
    """Rows as a table gives them: an item stands in a row once."""
    lengths = rng.integers(0, 65, size=int(rng.integers(0, 21)))
    keys = [rng.permutation(400)[:n].astype(np.uint64) << np.uint64(55) for n in lengths]
    weights = rng.exponential(size=(lengths.sum(), 2)) * rng.integers(0, 2, (lengths.sum(), 2))
    return pooling.Rows(
        np.concatenate([np.empty(0, np.uint64), *keys]),
        weights.astype(np.float32),
        lengths,
        rng.random(len(lengths)),
        1.0 / (3.0 + rng.exponential(20.0, size=(len(lengths), 2))),
        np.sort(rng.permutation(25)[: len(lengths)]),
    )


def some_tops(rng: np.random.Generator) -> dict[str, TopList]:
    def top() -> TopList:
        keys = np.unique(some_keys(rng, 60))
        return heaviest(keys, rng.exponential(size=len(keys)), 40, 0, 50.0)

    return {name: top() for name in (*HORIZONS, LINKED) if rng.random() < 0.8}


def listed(crowd: Crowd) -> list[object]:
    order = np.argsort(crowd.keys)
    return [crowd.keys[order].tolist(), crowd.said[order].tolist(), crowd.heads.tolist()]


@pytest.mark.parametrize("seed", range(30))
def test_pooling_is_the_same(seed: int, both: Bare) -> None:
    rng = np.random.default_rng(seed)
    rows, tops, own = some_rows(rng), some_tops(rng), some_keys(rng, int(rng.integers(0, 50)))
    barred, repeats = some_keys(rng, int(rng.integers(0, 90)), 900), bool(rng.integers(0, 2))
    settings = pooling.Settings(SCALES, OWN_FADE, DOUBT, int(rng.integers(1, CANDIDATES)))

    def pooled() -> list[object]:
        crowd = crowd_of(tops)
        pool = pooling.fastest(rows, crowd, own, barred, repeats, settings)
        return [*(column.tolist() for column in pool), listed(crowd)]

    fast, plain = both(pooled)
    assert fast == plain


@pytest.mark.parametrize("seed", range(20))
def test_scores_leaders_and_steps_are_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, experts = int(rng.integers(2, 250)), len(pooling.EXPERTS)
    features = rng.exponential(size=(count, experts)) * rng.integers(0, 2, (count, experts))
    features[rng.integers(count)] = features[0]  # a tie
    own, items = (
        rng.random(count) < rng.choice([0.0, 0.3]),
        rng.permutation(count).astype(np.uint64),
    )
    results = []
    for module in (kernels, scoring):
        weights = np.random.default_rng(9).normal(size=(4, experts))
        squares = np.zeros((4, experts))
        for chosen in (0, 1, 1):
            learnt = module.learn(
                features, own, weights, squares, np.array([0, 2]), 3, chosen, (0.1, 20.0, 100.0)
            )
            assert learnt
        found = module.scores(features, own, weights[0], weights[3])
        best = [module.leaders(items, found, n).tolist() for n in (0, 1, 20, 300)]
        results.append([weights.tolist(), squares.tolist(), found.tolist(), best])
    assert results[0] == results[1]


@pytest.mark.parametrize("seed", range(5))
def test_likeness_is_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 60, size=(80, 12), dtype=np.int32)
    codes[0] = 0  # an item of which nothing is told
    rarity = np.concatenate([[0.0], rng.exponential(size=59)])
    items, fresh = rng.permutation(60).astype(np.uint64)[:30], rng.integers(0, 70, 40)
    pool = items, rng.random((30, 5)), rng.random(30) < 0.2
    met = rng.integers(0, 70, 10).astype(np.uint64), rng.integers(0, 70, 10).astype(np.uint64)
    places = rng.integers(-1, 80, size=70)
    places[:2] = 0, -1
    results = []
    for module in (kernels, scoring):
        wanted = np.zeros(60)
        module.want(codes[:15], rarity, np.linspace(0.1, 0.9, 15), wanted)
        wanted[5:9] = 0.0  # some alike, to be told apart by their numbers
        heaviest = [module.heaviest(codes[:15].ravel(), wanted, n).tolist() for n in (0, 1, 8, 90)]
        about = codes, rarity, wanted
        told = module.describe(pool, fresh.astype(np.uint64), met, places, about, (2, 0.05, 0.7))
        results.append([wanted.tolist(), heaviest, *(array.tolist() for array in told)])
    assert results[0] == results[1]
    _, _, every, features, _ = results[0]
    assert features[0][2] == features[1][2] == 0.0
    assert max(row[2] for row in features) > 0.0
    assert set(every[30:]) == set(fresh.tolist()) - set(items.tolist()) - {*met[0], *met[1]}
    assert {row[3] for row in features[30:]} == {0.7}


@pytest.mark.parametrize("module", [kernels, scoring])
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300, 100.0])
def test_an_absurd_example_teaches_nothing(module: object, value: float) -> None:
    features = np.ones((3, 2))
    features[1, 1] = value
    weights, squares = np.ones((2, 2)), np.zeros((2, 2))
    own, cases = np.zeros(3, np.bool_), np.array([0])
    steps = (0.1, 20.0, 100.0)
    assert not module.learn(features, own, weights, squares, cases, 1, 0, steps)  # type: ignore[attr-defined]
    assert weights.tolist() == [[1.0, 1.0], [1.0, 1.0]]


@pytest.fixture
def batches() -> list[tuple[np.ndarray, ...]]:
    """Batches of pairs that fill the rows several times over."""
    rng = np.random.default_rng(7)
    return [
        (
            rng.integers(0, 12, size=count, dtype=np.uint64),
            rng.integers(100, 140, size=count, dtype=np.uint64),
            rng.integers(0, 2, size=count).astype(np.int8),
            rng.normal(1.0, 1.0, size=count).astype(np.float32),
            np.sort(rng.integers(at * DAY_MS, (at + 1) * DAY_MS, size=count)),
        )
        for at, count in enumerate(rng.integers(1, 250, size=40).tolist())
    ]


def test_rows_learn_the_same_and_are_gathered_alike(
    batches: list[tuple[np.ndarray, ...]], both: Bare
) -> None:
    def learnt() -> list[object]:
        table = SlotTable(slots=8)
        for batch in batches:
            table.learn_many(*batch)
        rows = table.gather(list(range(20)), table.time)
        return [table.dump(), *(column.tolist() for column in rows)]

    fast, plain = both(learnt)
    assert fast == plain


def test_a_touch_is_learnt_as_its_pairs_are(both: Bare) -> None:
    rng = np.random.default_rng(3)
    touches = [
        (
            Touch(int(rng.integers(30)), str(rng.choice(["view", "purchase", "dislike"])), 10 * at),
            (30 + rng.permutation(40)[: rng.integers(0, 21)]).tolist(),
        )
        for at in range(300)
    ]

    def learnt() -> bytes:
        table = SlotTable(slots=8)
        for touch, others in touches:
            table.learn_touch(touch, others)
        return table.dump()

    fast, plain = both(learnt)
    assert fast == plain


def test_a_recommender_is_the_same(both: Bare) -> None:
    """Over a whole stream: the same answers in the same order, and the same weights."""

    def played() -> list[object]:
        rng, model, said = np.random.default_rng(5), ItemRecommender(slots=16, repeats=True), []
        for at in range(600):
            user, item = int(rng.integers(12)), int(rng.zipf(1.4)) % 90
            slate = model.slate(user, (), at * 60_000)
            said.append(model.leaders(slate, 20))
            model.learn_from_choice(slate, item)
            model.learn_one(user, item, True, {"time": at * 60_000})
        return [said, model.weights.pack()]

    fast, plain = both(played)
    assert fast == plain
