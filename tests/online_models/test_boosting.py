"""Forests, stacks and intervals: what they must be able to do."""

import random

import numpy as np
import pytest

from online_models.boosting import BoostedForest
from online_models.churn import ChurnModel
from online_models.digest import digest
from online_models.encoding import LEVELS, WORDS, Encoder
from online_models.intervals import MEMORY, AdaptiveInterval
from online_models.order_value import OrderValueModel
from online_models.response import ResponseModel
from online_models.spend import SpendModel
from online_models.stacking import LogitStack


def test_trees_find_what_no_sum_can_say() -> None:
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(900, 4)).astype(np.float32)
    labels = (rows[:, 0] > 0) != (rows[:, 1] > 0)
    forest = BoostedForest(window=512, trees=30)
    for row, label in zip(rows, labels, strict=True):
        forest.learn_one(row, float(label))
    fresh = rng.normal(size=(200, 4)).astype(np.float32)
    truth = (fresh[:, 0] > 0) != (fresh[:, 1] > 0)
    guessed = np.array([(forest.raw_one(row) or 0.0) > 0.0 for row in fresh])
    assert (guessed == truth).mean() > 0.85


def test_a_forest_forgets_what_left_its_window() -> None:
    forest = BoostedForest(window=200, trees=10)
    for n in range(1_200):
        forest.learn_one(np.array([n % 2, n % 5], np.float32), float(n % 2 == (n < 600)))
    told = forest.raw_one(np.array([1, 0], np.float32))
    assert told is not None
    assert told < 0


def test_a_forest_waits_for_both_outcomes_and_something_to_split() -> None:
    forest = BoostedForest(window=200, trees=2)
    for _ in range(150):
        forest.learn_one(np.array([1.0, 2.0], np.float32), 1.0)
    assert forest.raw_one(np.array([1.0, 2.0], np.float32)) is None


def test_the_sums_that_trees_are_fitted_to_are_what_the_forest_says() -> None:
    """Kept up example by example and tree by tree, and never worked out as a whole in between."""
    rng = np.random.default_rng(4)
    forest = BoostedForest(window=300, trees=20, pace=7)
    for n in range(2_000):
        row = rng.normal(size=3).astype(np.float32)
        forest.learn_one(row, float(row[0] > (0.0 if n < 1_200 else row[1])))
        if n > 500 and forest._coded == forest.learned and forest.forest is not None:
            np.testing.assert_allclose(forest._sums, forest.forest.of(forest._rows), atol=1e-9)
            one = forest.raw_one(forest._rows[0])
            assert one == pytest.approx(forest._sums[0])


def test_a_new_kind_of_example_is_answered_after_few_trees() -> None:
    forest = BoostedForest(window=512, trees=60, pace=16, slow=1)
    for n in range(3_000):
        forest.learn_one(np.array([n % 2, n % 7], np.float32), float(n % 2 == 1))
    for n in range(256):
        forest.learn_one(np.array([n % 2, n % 7], np.float32), float(n % 2 == 0))
    told = forest.raw_one(np.array([1, 0], np.float32))
    assert told is not None
    assert told < 1.0  # after 16 of 60 trees, half of the window


def test_what_was_asked_last_is_learnt_as_if_it_had_not_been_asked() -> None:
    rng = random.Random(8)
    asked, silent = ChurnModel(window=128, pace=8), ChurnModel(window=128, pace=8)
    x: dict[str, float] = {}
    for n in range(600):
        x["visits"], x["orders"] = rng.random(), float(n % 3)
        asked.predict_proba_one(x)
        if n % 5 == 0:
            x["visits"] += 1.0  # what was asked is not what is learnt
        asked.learn_one(x, x["visits"] > 0.7)
        silent.learn_one(x, x["visits"] > 0.7)
    assert digest(asked) == digest(silent)


def test_the_pace_is_what_is_asked_for_once_the_model_is_old() -> None:
    forest = BoostedForest(window=64, trees=1_000, pace=8, slow=1)
    for n in range(900):
        forest.learn_one(np.array([n % 7], np.float32), float(n % 2))
    assert forest._grown == pytest.approx(800 / 8, abs=2)


def test_an_encoder_is_bounded_in_names_levels_and_words() -> None:
    encoder = Encoder(max_features=3)
    for n in range(500):
        encoder.learn_one({f"name{n}": 1.0, "a": float(n), "b": f"word{n}"}, float(n % 2))
    assert encoder.used == 6
    columns = encoder._columns
    assert columns["a"].levels is None
    assert len(columns["b"].levels or {}) == WORDS
    assert LEVELS < 500


def test_of_many_words_those_met_last_are_told_apart() -> None:
    encoder = Encoder()
    for n in range(50 * WORDS):
        encoder.learn_one({"campaign": f"c{n // 25}"}, float(n // 25 % 2))
    odd, even = (encoder.transform_one({"campaign": f"c{2 * WORDS - k}"})[1] for k in (1, 2))
    assert odd > 0.7
    assert even < 0.3


def test_a_level_is_told_from_the_others_by_what_came_with_it() -> None:
    encoder = Encoder()
    for n in range(400):
        encoder.learn_one({"channel": ("mail", "web")[n % 2]}, float(n % 2 == 0))
    mail = encoder.transform_one({"channel": "mail"})[1]
    web = encoder.transform_one({"channel": "web"})[1]
    unseen = encoder.transform_one({"channel": "fax"})[1]
    assert mail > 0.9
    assert web < 0.1
    assert unseen == pytest.approx(0.5, abs=0.05)


def test_a_stack_believes_who_proves_right() -> None:
    rng = random.Random(2)
    stack = LogitStack(0.5, 0.5)
    for _ in range(3_000):
        y = rng.random() < 0.5
        stack.learn_one(rng.gauss(0, 2), rng.gauss(2 if y else -2, 1), y)
    assert stack.weights[1] > 5 * abs(stack.weights[0])


@pytest.mark.parametrize("cover", [0.8, 0.9])
def test_bounds_hold_what_they_promise_though_the_world_drifts(cover: float) -> None:
    rng = random.Random(3)
    interval = AdaptiveInterval(cover)
    held = 0
    for n in range(6_000):
        y = rng.gauss(0.0, 1.0 + n / 1_000)
        low, high = interval.around(0.0)
        held += low <= y <= high
        interval.learn_one(0.0, y)
    assert held / 6_000 == pytest.approx(cover, abs=0.02)
    assert len(interval._errors) == MEMORY


def test_amounts_are_known_by_their_features_and_add_up() -> None:
    rng = random.Random(4)
    model = OrderValueModel(window=512, pace=2)
    said = came = off = plain = total = 0.0
    for n in range(1_500):
        club = n % 2
        y = rng.lognormvariate(3.0 + 1.5 * club, 0.6)
        estimate = model.estimate_one({"club": club, "noise": rng.random()})
        if n >= 500:
            said, came = said + estimate.expected, came + y
            off += abs(estimate.expected - y)
            plain += abs(total / n - y)
        total += y
        model.learn_one({"club": club, "noise": rng.random()}, y)
    assert said == pytest.approx(came, rel=0.15)
    assert off < 0.8 * plain


def test_spending_is_mostly_nothing_and_bounds_say_so() -> None:
    rng = random.Random(6)
    model = SpendModel(window=256, pace=4)
    for _ in range(800):
        loyal = rng.random() < 0.3
        model.learn_one({"loyal": float(loyal)}, rng.lognormvariate(4, 0.5) if loyal else 0.0)
    nothing, much = model.estimate_one({"loyal": 0.0}), model.estimate_one({"loyal": 1.0})
    assert nothing.typical == 0.0
    assert nothing.expected < 5.0
    assert much.expected > 30.0
    assert nothing.low == 0.0
    assert model.interval.held / model.interval.learned == pytest.approx(0.9, abs=0.05)


def test_uplift_tells_who_is_moved_from_who_comes_anyway() -> None:
    rng = random.Random(7)
    model = ResponseModel(window=1_024, pace=4)
    for _ in range(2_500):
        kind, campaign = rng.choice(["moved", "loyal"]), rng.choice(["mail", "none"])
        chance = 0.5 if kind == "loyal" else 0.05 + 0.5 * (campaign == "mail")
        model.learn_one({"kind": kind, "campaign": campaign}, rng.random() < chance)
    kinds = ("moved", "loyal")
    moved, loyal = (model.uplift_one({"kind": kind, "campaign": "mail"}) for kind in kinds)
    assert moved > 0.25
    assert moved > loyal + 0.2
