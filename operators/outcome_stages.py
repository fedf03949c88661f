"""The stages of the models that learn what became of visits: churn, spending, order value.

A score is given once a model has learnt from enough outcomes; before that there is none, and none
is better than one from nowhere.
"""

from typing import Any, Final

from contracts.decisions import Score
from online_models.churn import ChurnModel
from online_models.guard import Guard
from online_models.order_value import OrderValueModel
from online_models.regressor import OnlineRegressor
from online_models.spend import SpendModel
from operators.examples import Example
from operators.messages import UserScore
from operators.model_stages import ModelStage
from operators.outcomes import VISIT_FEATURES

ENOUGH: Final = 50
"""Outcomes from which a model is asked."""


def _told(example: Example, score: Score) -> UserScore:
    return UserScore(example.site, example.user, example.seq, example.event, score)


class ChurnStage(ModelStage[ChurnModel]):
    """Will this person stay away?"""

    name = "churn"

    def _make(self) -> ChurnModel:
        return ChurnModel(seed=self._settings.seed)

    def _take(self, model: Guard[ChurnModel], example: Example) -> UserScore | None:
        x = dict(zip(VISIT_FEATURES, example.values, strict=True))
        if example.label is not None:
            model.learn_one(x, bool(example.label))
            return None
        if model.model.learned < ENOUGH:
            return None
        p = model.predict_proba_one(x).get(True, 0.0)
        return _told(example, Score(self.name, round(p, 4), example.time))


class _AmountStage(ModelStage[Any]):
    """A model of amounts, with bounds."""

    def _take(self, model: Guard[Any], example: Example) -> UserScore | None:
        x = dict(zip(VISIT_FEATURES, example.values, strict=True))
        if example.label is not None:
            model.learn_one(x, float(example.label))
            return None
        if model.model.learned < ENOUGH:
            return None
        sure = model.estimate_one(x)
        low, high = min(sure.low, sure.expected), max(sure.high, sure.expected)
        expected, low, high = (round(amount, 2) for amount in (sure.expected, low, high))
        return _told(example, Score(self.name, expected, example.time, low=low, high=high))


class SpendStage(_AmountStage):
    """What will this person spend within the horizon?"""

    name = "spend"

    def _make(self) -> SpendModel:
        return SpendModel(seed=self._settings.seed)


class OrderValueStage(_AmountStage):
    """What will the order of this visit be worth, if there is one?"""

    name = "order_value"

    def _make(self) -> OnlineRegressor:
        return OrderValueModel(seed=self._settings.seed)
