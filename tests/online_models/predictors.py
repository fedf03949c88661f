"""Models of outcomes and amounts as the conformance suite meets them."""

import math
from typing import Any

from online_models.churn import ChurnModel
from online_models.guard import Guard
from online_models.order_value import OrderValueModel
from online_models.response import CAMPAIGN, ResponseModel
from online_models.spend import SpendModel

KEY = b"a key for tests, not for use"

Labelled = tuple[dict[str, float], bool]


class Guarded:
    """A guarded model that gives probabilities, or amounts with bounds."""

    make: Any = None

    def __init__(self) -> None:
        self.guard = Guard(type(self).make(), KEY)

    @property
    def model(self) -> Any:
        return self.guard.model

    def learn(self, example: Labelled) -> None:
        x, y = example
        self.guard.learn_one(x, self.outcome(x, y))

    def outcome(self, x: dict[str, float], y: bool) -> Any:
        return y

    def answer(self, example: Labelled) -> Any:
        return self.guard.predict_proba_one(example[0])

    def save(self) -> bytes:
        return self.guard.snapshot()

    def restore(self, saved: bytes) -> None:
        self.guard.restore(saved)


class Churn(Guarded):
    """Who stays away; with trees that are made anew often."""

    @staticmethod
    def make() -> ChurnModel:
        return ChurnModel(window=128, pace=8, seed=1)


class Amounts(Guarded):
    """Order values: those who buy, buy for more the larger their first feature is."""

    @staticmethod
    def make() -> Any:
        return OrderValueModel(window=128, pace=8, seed=1)

    def outcome(self, x: dict[str, float], y: bool) -> float:
        return 20.0 + 100.0 * y

    def answer(self, example: Labelled) -> list[float]:
        expected = self.guard.predict_one(example[0])
        sane = {n: v for n, v in example[0].items() if math.isfinite(v) and abs(v) < 1e12}
        return [expected, *self.model.estimate_one(sane)]


class Spend(Amounts):
    """Spending: those who do not buy spend nothing."""

    @staticmethod
    def make() -> SpendModel:
        return SpendModel(window=128, pace=8, seed=1)

    def outcome(self, x: dict[str, float], y: bool) -> float:
        return 120.0 * y


class Response(Guarded):
    """Responses to a campaign, asked as probability and uplift."""

    def __init__(self) -> None:
        self.guard = Guard(self.make(), KEY, words=(CAMPAIGN,))

    @staticmethod
    def make() -> ResponseModel:
        return ResponseModel(window=128, pace=8)

    def learn(self, example: Labelled) -> None:
        x, y = example
        self.guard.learn_one({**x, CAMPAIGN: ("mail", "none")[len(x) % 2]}, y)

    def answer(self, example: Labelled) -> Any:
        answers = [self.guard.predict_proba_one({**example[0], CAMPAIGN: "mail"})[True]]
        sane = {n: v for n, v in example[0].items() if math.isfinite(v) and abs(v) < 1e12}
        return [*answers, self.model.uplift_one({**sane, CAMPAIGN: "mail"})]
