import math
import random

import pytest

from online_models.calibration import PlattScaling
from online_models.intent import PRIOR, IntentModel


def sessions(seed: int, count: int, base: float = -2.5) -> list[tuple[dict[str, float], bool]]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        x = {"carts": rng.random() * 2, "views": rng.gauss(1, 1), "noise": rng.gauss(0, 1)}
        odds = base + 2.0 * x["carts"] - 0.5 * x["views"]
        made.append((x, rng.random() < 1 / (1 + math.exp(-odds))))
    return made


def log_loss(pairs: list[tuple[float, bool]]) -> float:
    return -sum(math.log(p if y else 1 - p) for p, y in pairs) / len(pairs)


def prequential(
    model: IntentModel, data: list[tuple[dict[str, float], bool]]
) -> list[tuple[float, bool]]:
    answers = []
    for x, y in data:
        answers.append((model.predict_proba_one(x)[True], y))
        model.learn_one(x, y)
    return answers


def test_a_new_model_says_what_is_usual() -> None:
    assert IntentModel().predict_proba_one({})[True] == pytest.approx(PRIOR)
    assert IntentModel().predict_one({"carts": 5.0}) is False


def test_it_learns_who_buys_and_how_likely() -> None:
    answers = prequential(IntentModel(), sessions(1, 4_000))[1_000:]
    rate = sum(y for _, y in answers) / len(answers)
    guessing = log_loss([(rate, y) for _, y in answers])
    assert log_loss(answers) < 0.9 * guessing
    # Calibrated: of those given about p, about p buy.
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 1.0)):
        bin_ = [(p, y) for p, y in answers if low <= p < high]
        mean = sum(p for p, _ in bin_) / len(bin_)
        assert mean == pytest.approx(sum(y for _, y in bin_) / len(bin_), abs=0.05)


def test_it_follows_when_the_world_changes() -> None:
    model = IntentModel()
    prequential(model, sessions(2, 3_000))
    answers = prequential(model, sessions(3, 2_000, base=0.0))[1_000:]
    rate = sum(y for _, y in answers) / len(answers)
    assert sum(p for p, _ in answers) / len(answers) == pytest.approx(rate, abs=0.05)


def test_names_beyond_the_limit_are_ignored() -> None:
    model = IntentModel(max_features=2)
    model.learn_one({"a": 1.0, "b": 1.0, "c": 1.0}, True)
    model.learn_one({"d": 9.0, "a": 0.0, "b": 0.0}, False)
    assert model.predict_proba_one({"c": 5.0, "d": 5.0}) == model.predict_proba_one({})


@pytest.mark.parametrize("wrong", [0.5, 2.0])
def test_scaling_straightens_what_is_too_sure_or_too_shy(wrong: float) -> None:
    rng = random.Random(4)
    scaling = PlattScaling()
    for _ in range(5_000):
        logit = rng.gauss(0.0, 1.5)
        given = 1 / (1 + math.exp(-wrong * logit))
        scaling.learn_one(given, rng.random() < 1 / (1 + math.exp(-logit)))
    assert scaling.slope == pytest.approx(1 / wrong, rel=0.25)
    assert scaling.shift == pytest.approx(0.0, abs=0.25)


def test_scaling_keeps_the_order_and_stays_a_probability() -> None:
    scaling = PlattScaling()
    for _ in range(500):
        scaling.learn_one(0.0, True)
        scaling.learn_one(1.0, False)
    answers = [scaling.transform_one(p) for p in (0.0, 1e-9, 0.2, 0.9, 1.0)]
    assert answers == sorted(answers)
    assert all(0.0 <= p <= 1.0 for p in answers)
