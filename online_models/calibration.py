"""Probabilities that mean what they say: Platt scaling, kept up to date online.

A model's probability p becomes sigmoid(slope * logit(p) + shift). Slope and shift follow from each
outcome by a second-order step on the log loss (online Newton) whose memory fades, so that they
follow a drift; they begin at "believe the model".
"""

import math
from typing import Final

MEMORY: Final = 1_000.0
"""Outcomes after which what was seen counts 1/e."""

FIRM: Final = 50.0
"""Outcomes that the beginning, slope 1 and shift 0, is worth."""

EDGE: Final = 1e-6


class PlattScaling:
    """Two numbers that straighten a classifier's probabilities.

    `learn_one` must be given the probability from before the outcome was learnt from.

    >>> scaling = PlattScaling()
    >>> for _ in range(2000):
    ...     scaling.learn_one(0.5, False)
    >>> scaling.transform_one(0.5) < 0.05
    True
    """

    def __init__(self, memory: float = MEMORY) -> None:
        self.memory = memory
        self.slope = 1.0
        self.shift = 0.0
        # Curvature of the log loss so far: a symmetric 2 x 2 matrix.
        self._aa, self._ab, self._bb = FIRM, 0.0, FIRM * 0.1

    def transform_one(self, p: float) -> float:
        """Return the calibrated probability."""
        return _sigmoid(self.slope * _logit(p) + self.shift)

    def learn_one(self, p: float, y: bool) -> None:
        """Learn that what was given the probability `p` turned out `y`. About 1 us."""
        z = _logit(p)
        calibrated = _sigmoid(self.slope * z + self.shift)
        error = calibrated - y
        spread = max(calibrated * (1.0 - calibrated), 1e-3)
        keep = 1.0 - 1.0 / self.memory
        self._aa = keep * self._aa + spread * z * z
        self._ab = keep * self._ab + spread * z
        self._bb = keep * self._bb + spread
        # A little weight on the diagonal keeps the matrix invertible when all p are alike.
        aa, bb = self._aa + 1.0, self._bb + 1.0
        det = aa * bb - self._ab * self._ab
        self.slope -= (bb * error * z - self._ab * error) / det
        self.shift -= (aa * error - self._ab * error * z) / det
        self.slope = min(max(self.slope, 0.2), 5.0)
        self.shift = min(max(self.shift, -10.0), 10.0)


def _logit(p: float) -> float:
    p = min(max(p, EDGE), 1.0 - EDGE)
    return math.log(p / (1.0 - p))


def _sigmoid(z: float) -> float:
    if z < 0.0:
        return math.exp(z) / (1.0 + math.exp(z))
    return 1.0 / (1.0 + math.exp(-z))
