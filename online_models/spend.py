"""What will this person spend within a horizon? Most spend nothing, some much: two parts.

A classifier says whether there will be anything, a regressor how much then (a hurdle model, Cragg
1971). Bounds come of how both together erred.
"""

import math
from collections.abc import Mapping
from typing import Any

from river import base

from online_models.amounts import AmountModel
from online_models.classifier import OnlineClassifier
from online_models.estimate import Estimate
from online_models.intervals import AdaptiveInterval
from online_models.regressor import OnlineRegressor


class SpendModel:
    """Amounts of which many are 0. Answers 0 at first. Cost: classifier and regressor together.

    Without parts of one's own, `whether` and `how_much`, they are this package's.

    >>> model = SpendModel(window=256)
    >>> for n in range(600):
    ...     model.learn_one({"loyal": n % 2}, 50.0 if n % 2 else 0.0)
    >>> model.predict_one({"loyal": 1}) > 40 > 5 > model.predict_one({"loyal": 0})
    True
    """

    def __init__(
        self,
        cover: float = 0.9,
        *,
        window: int = 4_096,
        pace: int = 16,
        seed: int = 1,
        whether: base.Classifier | None = None,
        how_much: AmountModel | None = None,
    ) -> None:
        self.learned = 0
        self._whether = whether or OnlineClassifier(0.1, window=window, pace=pace, seed=seed)
        self._how_much = how_much or OnlineRegressor(cover, window=window, pace=pace, seed=seed)
        self.interval = AdaptiveInterval(cover, begin=6.0)

    def predict_one(self, x: Mapping[str, Any]) -> float:
        """Return what is to be expected."""
        return self.estimate_one(x).expected

    def estimate_one(self, x: Mapping[str, Any]) -> Estimate:
        """Return the estimate; `typical` is 0 where spending nothing is likelier."""
        expected, typical = self._amounts(x)
        low, high = self.interval.around(math.log1p(expected))
        return Estimate(expected, typical, math.expm1(max(low, 0.0)), math.expm1(max(high, 0.0)))

    def learn_one(self, x: Mapping[str, Any], y: float) -> None:
        """Learn what was spent."""
        y = max(y, 0.0)
        self.interval.learn_one(math.log1p(self._amounts(x)[0]), math.log1p(y))
        self._whether.learn_one(x, y > 0.0)
        if y > 0.0:
            self._how_much.learn_one(x, y)
        self.learned += 1

    def _amounts(self, x: Mapping[str, Any]) -> tuple[float, float]:
        likely = self._whether.predict_proba_one(x)[True]
        amount = self._how_much.estimate_one(x)
        return likely * amount.expected, amount.typical if likely > 0.5 else 0.0
