"""Yes or no? A linear model that learns from each example, and boosted trees that follow.

The linear model answers from the first example on and follows a drift at once; the trees see what
it cannot, some examples later; an online stack believes either as far as it proved right, and
calibrates.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from river import base

from online_models.boosting import BoostedForest
from online_models.encoding import Encoder
from online_models.linear import LinearModel
from online_models.stacking import LogitStack

LINEAR_SHARE: Final = 0.2
"""How far the linear model is believed beside the trees, before either has proved anything."""


class OnlineClassifier(base.Classifier):
    """Probabilities from a dict of numbers and words.

    Answers `prior` before its first example. Knows at most `max_features` names, those it learnt
    first. `window`, `pace`, `slow` and `seed` are those of `BoostedForest`. Cost with 22 features:
    22 us to predict and 55 to learn, beside the trees: one each `pace` examples.

    >>> model = OnlineClassifier(prior=0.3, window=256)
    >>> round(model.predict_proba_one({"channel": "mail"})[True], 2)
    0.3
    >>> for n in range(400):
    ...     model.learn_one({"channel": "mail" if n % 2 else "web", "visits": n % 5}, n % 2 == 1)
    >>> model.predict_proba_one({"channel": "mail", "visits": 1})[True] > 0.8
    True
    """

    def __init__(
        self,
        prior: float = 0.5,
        *,
        max_features: int = 64,
        window: int = 8_192,
        pace: int = 1,
        slow: int = 250,
        seed: int = 1,
    ) -> None:
        self.prior, self.max_features = prior, max_features
        self.window, self.pace, self.slow, self.seed = window, pace, slow, seed
        self.learned = 0
        self._encoder = Encoder(max_features)
        self._linear = LinearModel("log", math.log(prior / (1.0 - prior)))
        self._forest = BoostedForest("log", window=window, pace=pace, slow=slow, seed=seed)
        self._stack = LogitStack([LINEAR_SHARE, 1.0 - LINEAR_SHARE])

    @property
    def _multiclass(self) -> bool:
        return False

    def predict_proba_one(self, x: Mapping[str, Any], **kwargs: Any) -> dict[bool, float]:
        """Return the probabilities of `True` and `False`."""
        p = self._stack.predict_one(self._logits(self._encoder.transform_one(x)))
        return {True: p, False: 1.0 - p}

    def parts_one(self, x: Mapping[str, Any]) -> dict[str, float]:
        """Return what each part says by itself, as probabilities."""
        linear, trees = self._logits(self._encoder.transform_one(x))
        return {"linear": _sigmoid(linear), "trees": _sigmoid(trees)}

    def learn_one(self, x: Mapping[str, Any], y: bool, **kwargs: Any) -> None:
        """Learn how it turned out where the features were `x`."""
        y = bool(y)
        vector = self._encoder.transform_one(x)
        self._stack.learn_one(self._logits(vector), y)
        self._forest.learn_one(vector, float(y))
        self._linear.learn_one(vector, float(y))
        self._encoder.learn_one(x, float(y))
        self.learned += 1

    def _logits(self, vector: Any) -> tuple[float, float]:
        linear = self._linear.raw_one(vector)
        trees = self._forest.raw_one(vector)
        return linear, linear if trees is None else trees


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(z, -30.0), 30.0)))
