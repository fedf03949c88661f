import math
import random
from collections.abc import Mapping
from typing import Any

import pytest

from online_models.amount_arms import AmountArm
from online_models.arms import KINDS, RiverArm
from online_models.challenger import Contest
from online_models.estimate import Estimate
from online_models.guard import Guard
from online_models.sequential import SequentialTest

KEY = b"a key for tests, not for use"


class Fixed:
    """Always says the same; counts what it learns."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p
        self.learned = 0

    def predict_proba_one(self, x: Mapping[str, float]) -> dict[bool, float]:
        return {True: self.p, False: 1.0 - self.p}

    def learn_one(self, x: Mapping[str, float], y: bool) -> None:
        self.learned += 1


class Usual:
    """Always expects the same amount."""

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def estimate_one(self, x: Mapping[str, float]) -> Estimate:
        return Estimate(self.amount, self.amount, self.amount, self.amount)

    def predict_one(self, x: Mapping[str, float]) -> float:
        return self.amount

    def learn_one(self, x: Mapping[str, float], y: float) -> None:
        """Learn nothing."""


class Broken(Fixed):
    def learn_one(self, x: Mapping[str, float], y: bool) -> None:
        raise IndexError("injected")


def contest(every: int = 1, **models: float) -> Contest:
    guards = {name: Guard(Fixed(p), KEY) for name, p in models.items()}
    return Contest("test", guards, every=every, promote=True, least=200)


def coins(seed: int, p: float, count: int) -> list[bool]:
    rng = random.Random(seed)
    return [rng.random() < p for _ in range(count)]


def test_peeking_after_each_example_promotes_no_equal_more_often_than_promised() -> None:
    wrong = 0
    for seed in range(200):
        rng, test = random.Random(seed), SequentialTest()
        highest = -math.inf
        for _ in range(1_000):
            test.learn_one(rng.choice((-0.3, 0.3)))
            highest = max(highest, test.log_evidence)
        wrong += highest >= -math.log(0.05)
    assert wrong <= 10


def test_evidence_grows_the_quicker_the_better_the_challenger() -> None:
    needed = []
    for ahead in (0.02, 0.1):
        rng, test = random.Random(5), SequentialTest()
        while test.log_evidence < -math.log(0.01) and test.examples < 50_000:
            test.learn_one(rng.gauss(ahead, 0.1))
        needed.append(test.examples)
    assert needed[1] < needed[0] < 5_000


def test_absurd_differences_are_cut() -> None:
    test = SequentialTest()
    test.learn_one(1e9)
    assert test.mean == 1.0
    assert math.isfinite(test.log_evidence)


def test_a_better_challenger_is_promoted_once_and_on_record() -> None:
    match = contest(old=0.5, good=0.2, bad=0.8)
    for at, y in enumerate(coins(1, 0.2, 3_000)):
        match.learn_one({}, y, time=at)
    (promotion,) = match.promotions
    assert (match.champion, promotion.name, promotion.over) == ("good", "good", "old")
    assert promotion.examples >= 200
    assert promotion.log10_evidence >= 2.0
    assert promotion.time == promotion.examples - 1
    assert match.predict_proba_one({})[True] == 0.2
    assert match.report()["challengers"]["old"]["ahead"] < 0


def test_promotion_is_off_unless_it_is_asked_for() -> None:
    guards = {"old": Guard(Fixed(0.9), KEY), "good": Guard(Fixed(0.1), KEY)}
    match = Contest("test", guards)
    for y in coins(2, 0.1, 2_000):
        match.learn_one({}, y)
    assert match.champion == "old"
    assert match.report()["challengers"]["good"]["log10_evidence"] > 10


def test_no_arm_is_starved_and_the_sampled_see_their_share() -> None:
    match = contest(every=4, old=0.5, other=0.5)
    for y in coins(3, 0.5, 400):
        match.learn_one({}, y)
    learned = {name: guard.model.learned for name, guard in match.models.items()}
    assert learned == {"old": 400, "other": 100}


def test_a_challenger_that_fails_harms_nobody() -> None:
    guards: dict[str, Guard[Any]] = {"old": Guard(Fixed(), KEY), "broken": Guard(Broken(), KEY)}
    match = Contest("test", guards, promote=True)
    for y in coins(4, 0.5, 100):
        match.learn_one({}, y)
    assert match.guard.counts()["learned"] == 100
    assert match.report()["challengers"]["broken"]["errors"] == 100


def test_a_contest_goes_on_after_a_restart_as_if_there_had_been_none() -> None:
    match, copy = contest(old=0.5, good=0.2), contest(old=0.5, good=0.2)
    ys = coins(6, 0.2, 2_000)
    for at, y in enumerate(ys[:1_000]):
        match.learn_one({}, y, at)
    copy.restore(match.snapshot())
    for at, y in enumerate(ys[1_000:]):
        match.learn_one({}, y, at)
        copy.learn_one({}, y, at)
    assert copy.report() == match.report()
    assert copy.digest() == match.digest()
    assert copy.snapshot() == match.snapshot()


def test_settings_may_add_and_take_challengers_between_runs() -> None:
    match = contest(old=0.5, good=0.2)
    for y in coins(7, 0.2, 3_000):
        match.learn_one({}, y)
    assert match.champion == "good"
    other = contest(old=0.5, new=0.3)
    other.restore(match.snapshot())
    assert other.champion == "old"
    assert other.report()["challengers"]["new"]["judged"] == 0


def test_an_unknown_loss_is_told() -> None:
    with pytest.raises(ValueError, match="amount, brier"):
        Contest("test", {"a": Guard(Fixed(), KEY)}, loss="hinge")


def test_an_unknown_kind_of_challenger_is_told() -> None:
    with pytest.raises(ValueError, match="forest, tree"):
        RiverArm("oracle")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_arm_overtakes_a_champion_that_is_far_off(kind: str) -> None:
    """A band in the middle, four in ten, where the champion says one in ten of everything."""
    rng = random.Random(8)
    guards = {"rate": Guard(Fixed(0.1), KEY), kind: Guard(RiverArm(kind, seed=1), KEY)}
    match = Contest("band", guards, promote=True, least=200)
    for at in range(3_000):
        a, b = rng.random(), rng.random()
        match.learn_one({"a": a, "b": b, "noise": rng.random()}, 0.3 < a < 0.7, at)
    assert [promotion.name for promotion in match.promotions] == [kind]


def test_amounts_are_judged_by_what_is_typical_and_promoted_alike() -> None:
    rng = random.Random(9)
    models = {"mean": Usual(300.0), "forest": AmountArm("forest", seed=1)}
    guards: dict[str, Guard[Any]] = {name: Guard(model, KEY) for name, model in models.items()}
    match = Contest("order_value", guards, loss="amount", promote=True, least=200)
    for at in range(2_500):
        club = float(rng.random() < 0.5)
        match.learn_one({"club": club}, rng.lognormvariate(2.0 + 4.0 * club, 0.3), at)
    assert [promotion.name for promotion in match.promotions] == ["forest"]
    assert 200 < match.estimate_one({"club": 1.0}).expected < 900
    assert match.estimate_one({"club": 0.0}).expected < 30


def test_a_number_that_is_none_is_a_whole_loss_and_learnt_by_nobody() -> None:
    match = Contest("order_value", {"ours": Guard(AmountArm("tree"), KEY)}, loss="amount")
    assert match.learn_one({"club": 1.0}, math.nan) == 1.0
    assert match.counts()["refused"] == 1
