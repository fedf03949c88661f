"""Chances are true, baselines get their share, and reasons say who chose."""

from collections import Counter

import numpy as np
import pytest

from api.decide.choosing import choose
from api.decide.offers import NOTHING_OFFERED, Offer, Placement
from online_models.placement import PlacementModel
from online_models.rewards import Taken

OFFERS = [
    Offer(id="rebate", kind="rebate", cost=5.0),
    Offer(id="points", kind="points"),
    NOTHING_OFFERED,
]


def learnt() -> PlacementModel:
    """Return what is learnt of people who like rebates if they are new, and points else."""
    model, rng = PlacementModel(), np.random.default_rng(1)
    for at in range(3_000):
        offer, stage = ("rebate", "points", "none")[at % 3], ("new", "customer")[at // 3 % 2]
        likes = (offer, stage) in (("rebate", "new"), ("points", "customer"))
        got = float(rng.random() < (0.6 if likes else 0.1))
        facts: dict[str, float | str] = {"stage": stage}
        model.learn_one(
            Taken(f"r{at}", "u", "home", offer, "uniform", 0, 1, "click", 1.0, facts, got)
        )
    return model


def test_offers_are_drawn_with_the_chances_that_are_said() -> None:
    model, placement = learnt(), Placement(name="home")
    facts: dict[str, float | str] = {"stage": "new"}
    runs = [choose(placement, OFFERS, model, facts, f"r{n}") for n in range(3_000)]
    drawn = np.bincount([one.at for one in runs], minlength=3) / len(runs)
    said = np.mean([one.chances for one in runs], axis=0)
    assert drawn == pytest.approx(said, abs=0.02)
    assert all(one.chances.sum() == pytest.approx(1.0) for one in runs)
    assert said[0] > 0.8
    policies = Counter(one.policy for one in runs)
    assert policies["uniform"] == pytest.approx(150, abs=50)
    assert policies["fixed"] == pytest.approx(150, abs=50)


def test_people_are_told_apart_where_the_policy_may() -> None:
    model = learnt()
    for policy, apart in (("linear-thompson", True), ("linucb", True), ("thompson", False)):
        placement = Placement(name="home", policy=policy, shares={})  # type: ignore[arg-type]
        best = [
            int(np.argmax(choose(placement, OFFERS, model, {"stage": stage}, "r").chances))
            for stage in ("new", "customer")
        ]
        assert (best == [0, 1]) is apart, policy


def test_what_costs_more_than_it_is_worth_is_left() -> None:
    model, facts = learnt(), {"stage": "new"}
    for worth, best in ((1_000.0, 0), (6.0, 1)):
        placement = Placement(name="home", policy="linucb", shares={}, worth=worth)
        chosen = choose(placement, OFFERS, model, facts, "r")  # type: ignore[arg-type]
        assert (int(np.argmax(chosen.chances)) == 0) is (best == 0)


@pytest.mark.parametrize(
    ("policy", "words"),
    [("uniform", "drawn by chance"), ("fixed", "always offered here")],
)
def test_baselines_say_that_they_are(policy: str, words: str) -> None:
    placement = Placement(name="home", policy=policy, fixed="points", shares={})  # type: ignore[arg-type]
    chosen = choose(placement, OFFERS, PlacementModel(), {}, "r")
    assert words in chosen.reason
    if policy == "fixed":
        assert chosen.chances.tolist() == [0.0, 1.0, 0.0]


def test_the_fixed_offer_that_may_not_be_made_gives_way_to_nothing() -> None:
    placement = Placement(name="home", policy="fixed", fixed="points", shares={})
    assert choose(placement, [OFFERS[0], OFFERS[2]], PlacementModel(), {}, "r").at == 1
    assert choose(placement, [OFFERS[0]], PlacementModel(), {}, "r").at == 0


def test_reasons_of_those_that_learn_are_in_words_and_numbers() -> None:
    placement = Placement(name="home", shares={})
    fresh = choose(placement, OFFERS, PlacementModel(), {}, "r").reason
    assert fresh == "nothing is known yet: drawn by chance"
    model = learnt()
    said = {choose(placement, OFFERS, model, {"stage": "new"}, f"r{n}").reason for n in range(200)}
    assert any(reason.startswith("the best for somebody like this: ") for reason in said)
    assert any(reason.startswith("to learn what it is worth") for reason in said)
    alone = choose(placement, OFFERS[:1], model, {}, "r").reason
    assert alone == "nothing else may be offered now"


def test_the_same_seed_chooses_the_same() -> None:
    model, placement = learnt(), Placement(name="home")
    first, again = (choose(placement, OFFERS, model, {}, "r7") for _ in range(2))
    assert (first.at, first.policy, first.chances.tolist()) == (
        again.at,
        again.policy,
        again.chances.tolist(),
    )
