"""Yes or no? A linear model that learns from each example, and boosted trees that follow.

The linear model answers from the first example on and follows a drift at once; the trees see what
it cannot, some examples later; an online stack believes either as far as it proved right, and
calibrates.
"""

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from river import base

from online_models.boosting import BoostedForest
from online_models.encoding import Encoder
from online_models.linear import LinearModel, Vector, Wide, logged
from online_models.stacking import LogitStack

LINEAR_SHARE: Final = 0.2
"""How far the linear model is believed beside the trees, before either has proved anything."""


class OnlineClassifier(base.Classifier):
    """Probabilities from a dict of numbers and words.

    Answers `prior` before its first example. Knows at most `max_features` names, those it learnt
    first. `window`, `pace`, `slow` and `seed` are those of `BoostedForest`. Cost with 22 features:
    15 us to predict, 25 to learn what was asked last, and a tree each `pace` examples.

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
        self._stack = LogitStack(LINEAR_SHARE, 1.0 - LINEAR_SHARE)
        self._asked: _Asked | None = None

    @property
    def _multiclass(self) -> bool:
        return False

    def predict_proba_one(self, x: Mapping[str, Any], **kwargs: Any) -> dict[bool, float]:
        """Return the probabilities of `True` and `False`."""
        asked = self._asked = self._ask(x)
        p = self._stack.predict_one(asked.linear, asked.trees)
        return {True: p, False: 1.0 - p}

    def parts_one(self, x: Mapping[str, Any]) -> dict[str, float]:
        """Return what each part says by itself, as probabilities."""
        asked = self._ask(x)
        return {"linear": _sigmoid(asked.linear), "trees": _sigmoid(asked.trees)}

    def learn_one(self, x: Mapping[str, Any], y: bool, **kwargs: Any) -> None:
        """Learn how it turned out where the features were `x`.

        What was asked last need not be worked out again: a third of the cost.
        """
        y = bool(y)
        asked, self._asked = self._asked, None
        if asked is None or asked.x != x:
            asked = self._ask(x)
        self._stack.learn_one(asked.linear, asked.trees, y)
        self._forest.learn_one(asked.vector, float(y))
        self._linear.learn_one(asked.wide, float(y))
        self._encoder.learn_one(x, float(y))
        self.learned += 1

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what was asked last: asking changes nothing that is kept."""
        return {**self.__dict__, "_asked": None}

    def _ask(self, x: Mapping[str, Any]) -> "_Asked":
        vector = self._encoder.transform_one(x)
        wide = logged(vector)
        linear = self._linear.raw_one(wide)
        trees = self._forest.raw_one(vector)
        return _Asked(dict(x), vector, wide, linear, linear if trees is None else trees)


class _Asked(NamedTuple):
    """What an example came to: its vector, and the log-odds of either part."""

    x: dict[str, Any]
    vector: Vector
    wide: Wide
    linear: float
    trees: float


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(z, -30.0), 30.0)))
