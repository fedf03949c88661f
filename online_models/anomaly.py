"""How unlike the others is this visit? A score that goes beside the rules on bots, as evidence.

Half-space trees (Tan, Ting and Liu, Fast Anomaly Detection for Streaming Data, IJCAI 2011) over
the rhythm of visits. A score decides nothing: what is rare need not be a robot.
"""

import math
from collections.abc import Mapping
from typing import Final

from contracts.lean import lean
from online_models.bots import Rhythm

with lean():
    from river import anomaly, base

LIMITS: Final[dict[str, tuple[float, float]]] = {
    "mean_gap": (0.0, 8.0),
    "variation": (0.0, 4.0),
    "distinct": (0.0, 1.0),
    "carts": (0.0, 3.0),
    "events": (2.0, 8.0),
}
"""Features, on a log scale but for the share, and where they can lie."""


def features(seen: Rhythm) -> dict[str, float]:
    """Return a rhythm as what the trees split on.

    >>> sorted(features(Rhythm(30, 4.0, 4.0, 0.01, 0.9, 0, 30))) == sorted(LIMITS)
    True
    """
    return {
        "mean_gap": math.log1p(10 * seen.mean_gap),
        "variation": math.log1p(10 * seen.variation),
        "distinct": seen.distinct,
        "carts": math.log1p(seen.carts),
        "events": math.log1p(seen.events),
    }


class AnomalyModel(base.Estimator):
    """Scores visits between 0 (like many) and 1 (like none); 0.5 until it has a window.

    Bounded: `n_trees` trees of a fixed height. Cost: 60 us to predict, 45 to learn.

    >>> model = AnomalyModel(seed=1)
    >>> model.predict_one({"mean_gap": 3.0})
    0.5
    """

    def __init__(
        self, n_trees: int = 15, height: int = 6, window: int = 250, seed: int | None = None
    ) -> None:
        self.n_trees = n_trees
        self.height = height
        self.window = window
        self.seed = seed
        self.learned = 0
        self._trees = anomaly.HalfSpaceTrees(n_trees, height, window, dict(LIMITS), seed)

    def predict_one(self, x: Mapping[str, float]) -> float:
        """Return the score."""
        if self.learned < self.window:
            return 0.5
        return float(self._trees.score_one(_within(x)))

    def learn_one(self, x: Mapping[str, float]) -> None:
        """Learn how a visit went."""
        self.learned += 1
        self._trees.learn_one(_within(x))


def _within(x: Mapping[str, float]) -> dict[str, float]:
    return {
        name: min(max(float(x.get(name, low)), low), high) for name, (low, high) in LIMITS.items()
    }
