"""Gains that are there are found, and none where there is none."""

import random

import numpy as np
import pytest

from evaluation.qini import qini
from online_models.response import NOBODY
from online_models.uplift import MAX_ARMS, UpliftModel, Way


def experiment(seed: int, people: int, share: float) -> list[tuple[dict[str, float], str, bool]]:
    """Web people answer the mail twice as often, shop people less often than without it."""
    rng = random.Random(seed)
    made = []
    for _ in range(people):
        web, age = rng.random() < 0.5, float(rng.randrange(60))
        arm = "mail" if rng.random() < share else NOBODY
        rate = 0.15 + (0.15 if web else -0.05) * (arm == "mail") + 0.002 * age
        made.append(({"web": float(web), "age": age}, arm, rng.random() < rate))
    return made


@pytest.mark.parametrize("way", ["t-learner", "transformed"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_gains_are_told_apart(way: Way, share: float) -> None:
    model = UpliftModel(way)
    for x, arm, came in experiment(1, 8_000, share):
        model.learn_one(x, came, arm)
    web, shop = ({"web": web, "age": 30.0} for web in (1.0, 0.0))
    assert model.uplift_one(web, "mail") == pytest.approx(0.15, abs=0.06)
    assert model.uplift_one(shop, "mail") == pytest.approx(-0.05, abs=0.06)


@pytest.mark.parametrize("way", ["t-learner", "transformed"])
def test_its_order_spends_a_campaign_better_than_chance(way: Way) -> None:
    model, people = UpliftModel(way), experiment(2, 8_000, 0.7)
    foretold = []
    for x, arm, came in people:
        foretold.append(model.uplift_one(x, "mail"))
        model.learn_one(x, came, arm)
    later = people[4_000:]
    treated = np.array([float(arm == "mail") for _, arm, _ in later])
    came = np.array([float(came) for _, _, came in later])
    found = qini(np.array(foretold[4_000:]), treated, came)
    assert found.area > 4.0 * found.error
    # Whom it puts off is better not sent to: the peak is above sending to everyone.
    assert found.best > found.everyone + 0.01
    assert 0.35 < found.best_share < 0.65
    by_chance = qini(np.random.default_rng(1).random(4_000), treated, came)
    assert abs(by_chance.area) < 3.5 * by_chance.error


def test_arms_are_bounded_and_nobody_gains_from_nothing() -> None:
    model = UpliftModel()
    assert model.uplift_one({"a": 1.0}, "mail") == 0.0
    for at in range(2 * MAX_ARMS):
        model.learn_one({}, 1.0, f"arm{at}")
        model.learn_one({}, 0.0, NOBODY)
    assert len(model.arms()) == MAX_ARMS
    assert model.uplift_one({}, NOBODY) == 0.0
    assert model.uplift_one({}, "arm31") == 0.0
