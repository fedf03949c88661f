"""One probability out of two: a logistic stack, learnt online.

p = sigmoid(w . logits + shift). Each outcome moves weights and shift by a second-order step on the
log loss (online Newton) whose memory fades, as in `calibration`, which is the case of one input.
So it decides how far to believe whom, and calibrates, at once.
"""

import math
from typing import Final

MEMORY: Final = 1_000.0
"""Outcomes after which what was seen counts 1/e."""

FIRM: Final = 20.0
"""What the first weights are worth, in curvature."""

EDGE: Final = 6.0
"""Log-odds beyond which nobody is believed any further."""

MOST: Final = 5.0
"""The largest weight and shift."""


class LogitStack:
    """Weights of two classifiers' log-odds, and a shift.

    `learn_one` must be given log-odds from before the outcome was learnt from.

    >>> stack = LogitStack(0.5, 0.5)
    >>> for n in range(2000):
    ...     stack.learn_one(2.0 if n % 2 else -2.0, 0.0, n % 2 == 1)
    >>> stack.predict_one(2.0, 0.0) > 0.9 > 0.1 > stack.predict_one(-2.0, 0.0)
    True
    """

    def __init__(self, first: float, second: float, memory: float = MEMORY) -> None:
        self.memory = memory
        self.weights = (first, second, 0.0)
        # The upper half of a symmetric matrix: of first, second, shift.
        self._curve = (FIRM, 0.0, 0.0, FIRM, 0.0, FIRM)

    def predict_one(self, first: float, second: float) -> float:
        """Return the probability."""
        v, w, shift = self.weights
        return _sigmoid(v * _cut(first) + w * _cut(second) + shift)

    def learn_one(self, first: float, second: float, y: bool) -> None:
        """Learn an outcome. About 3 us: three numbers are too few for arrays."""
        p = self.predict_one(first, second)
        a, b = _cut(first), _cut(second)
        keep, spread = 1.0 - 1.0 / self.memory, max(p * (1.0 - p), 1e-3)
        aa, ab, ac, bb, bc, cc = self._curve
        aa, ab, ac = keep * aa + spread * a * a, keep * ab + spread * a * b, keep * ac + spread * a
        bb, bc, cc = keep * bb + spread * b * b, keep * bc + spread * b, keep * cc + spread
        self._curve = (aa, ab, ac, bb, bc, cc)
        # A little on the diagonal keeps it positive definite. Cramer's rule for error * (a, b, 1).
        aa, bb, cc = aa + 1.0, bb + 1.0, cc + 1.0
        f, g, h = bb * cc - bc * bc, ac * bc - ab * cc, ab * bc - ac * bb
        i, j, k = aa * cc - ac * ac, ab * ac - aa * bc, aa * bb - ab * ab
        step = (p - y) / (aa * f + ab * g + ac * h)
        v, w, shift = self.weights
        self.weights = (
            _within(v - step * (f * a + g * b + h)),
            _within(w - step * (g * a + i * b + j)),
            _within(shift - step * (h * a + j * b + k)),
        )


def _cut(logit: float) -> float:
    return -EDGE if logit < -EDGE else EDGE if logit > EDGE else logit


def _within(weight: float) -> float:
    return -MOST if weight < -MOST else MOST if weight > MOST else weight


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(z, -30.0), 30.0)))
