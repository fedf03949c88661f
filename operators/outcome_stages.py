"""The stages of the models that learn what became of visits: churn, spending, order value."""

from collections.abc import Iterable
from typing import Any, Final

from contracts.decisions import Score
from online_models.amount_arms import AmountArm
from online_models.arms import RiverArm
from online_models.challenger import Contest
from online_models.churn import ChurnModel
from online_models.order_value import OrderValueModel
from online_models.regressor import OnlineRegressor
from online_models.spend import SpendModel
from operators.examples import Example
from operators.happenings import UserScore
from operators.judged_stage import JudgedStage
from operators.outcomes import VISIT_FEATURES

LOOK_EVERY: Final = 4
"""One in so many outcomes is looked at for drift of its features: there are few."""


class ChurnStage(JudgedStage[ChurnModel]):
    """Will this person stay away?"""

    name = "churn"
    features = VISIT_FEATURES
    look_every = LOOK_EVERY

    def _make(self) -> ChurnModel:
        return ChurnModel(seed=self._settings.seed)

    def _challenger(self, kind: str) -> Any:
        return RiverArm(kind, seed=self._settings.seed)

    def _scores(self, model: Contest, x: dict[str, float], example: Example) -> Iterable[UserScore]:
        p = model.predict_proba_one(x).get(True, 0.0)
        return (self._told(example, Score(self.name, round(p, 4), example.time)),)


class _AmountStage(JudgedStage[Any]):
    """A model of amounts, with bounds."""

    features = VISIT_FEATURES
    loss = "amount"
    look_every = LOOK_EVERY

    def _outcome(self, label: float) -> Any:
        return float(label)

    def _scores(self, model: Contest, x: dict[str, float], example: Example) -> Iterable[UserScore]:
        sure = model.estimate_one(x)
        low, high = min(sure.low, sure.expected), max(sure.high, sure.expected)
        expected, low, high = (round(amount, 2) for amount in (sure.expected, low, high))
        score = Score(self.name, expected, example.time, low=low, high=high)
        return (self._told(example, score),)


class SpendStage(_AmountStage):
    """What will this person spend within the horizon?"""

    name = "spend"

    def _make(self) -> SpendModel:
        return SpendModel(seed=self._settings.seed)

    def _challenger(self, kind: str) -> SpendModel:
        seed = self._settings.seed
        return SpendModel(whether=RiverArm(kind, seed=seed), how_much=AmountArm(kind, seed=seed))


class OrderValueStage(_AmountStage):
    """What will the order of this visit be worth, if there is one?"""

    name = "order_value"

    def _make(self) -> OnlineRegressor:
        return OrderValueModel(seed=self._settings.seed)

    def _challenger(self, kind: str) -> AmountArm:
        return AmountArm(kind, seed=self._settings.seed)
