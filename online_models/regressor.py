"""How much? Amounts from a dict of features: what is typical, what is to be expected, and bounds.

Amounts are skewed, so all is learnt on the scale log(1 + y). Three experts answer: the mean so far,
a linear model, and boosted trees; who erred less of late counts more.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from online_models.amounts import FADE, LARGEST, AmountModel
from online_models.boosting import BoostedForest
from online_models.encoding import Encoder
from online_models.linear import LinearModel, logged

SHARP: Final = 20.0
"""How strongly smaller errors win: the weight is exp(-SHARP * (error / least error - 1))."""


class OnlineRegressor(AmountModel):
    """Amounts of 0 and more. Answers 0 at first, and the mean until something does better.

    Parameters and bounds as in `OnlineClassifier`. Cost: about 60 us to estimate and 90 to learn,
    beside the trees: one each `pace` examples.

    >>> model = OnlineRegressor(window=256)
    >>> for n in range(500):
    ...     model.learn_one({"club": n % 2}, 80.0 if n % 2 else 20.0)
    >>> model.predict_one({"club": 1}) > 60 > 40 > model.predict_one({"club": 0})
    True
    """

    def __init__(
        self,
        cover: float = 0.9,
        *,
        max_features: int = 64,
        window: int = 4_096,
        pace: int = 8,
        seed: int = 1,
    ) -> None:
        super().__init__(cover)
        self.max_features = max_features
        self.window, self.pace, self.seed = window, pace, seed
        self._encoder = Encoder(max_features)
        self._linear = LinearModel("squared")
        self._forest = BoostedForest("squared", window=window, pace=pace, seed=seed)
        self._mean = 0.0
        self._most = 0.0
        self._errors = [1.0, 1.0, 1.0]

    def _guess(self, x: Mapping[str, Any]) -> float:
        return self._centre(self._opinions(self._encoder.transform_one(x)))

    def _learn(self, x: Mapping[str, Any], target: float) -> float:
        vector = self._encoder.transform_one(x)
        opinions = self._opinions(vector)
        centre = self._centre(opinions)
        for at, opinion in enumerate(opinions):
            self._errors[at] = FADE * self._errors[at] + (1.0 - FADE) * abs(opinion - target)
        self._forest.learn_one(vector, target)
        self._linear.learn_one(logged(vector), target)
        self._encoder.learn_one(x, target)
        self._most = max(self._most, target)
        self._mean += (target - self._mean) / min(self.learned + 1, 1_000)
        return centre

    def _opinions(self, vector: Any) -> tuple[float, float, float]:
        trees = self._forest.raw_one(vector)
        # After its first examples it would say anything of one that is unlike them.
        linear = min(max(self._linear.raw_one(logged(vector)), 0.0), self._most + 1.0, LARGEST)
        return self._mean, linear, linear if trees is None else max(trees, 0.0)

    def _centre(self, opinions: tuple[float, float, float]) -> float:
        least = max(min(self._errors), 1e-6)
        weights = [math.exp(-SHARP * (error / least - 1.0)) for error in self._errors]
        told = sum(w * opinion for w, opinion in zip(weights, opinions, strict=True))
        return told / sum(weights)
