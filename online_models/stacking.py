"""One probability out of several: a logistic stack, learnt online.

p = sigmoid(w . logits + shift). Each outcome moves weights and shift by a second-order step on the
log loss (online Newton) whose memory fades, as in `calibration`, which is the case of one input.
So it decides how far to believe whom, and calibrates, at once.
"""

import math
from collections.abc import Sequence
from typing import Final

MEMORY: Final = 1_000.0
"""Outcomes after which what was seen counts 1/e."""

FIRM: Final = 20.0
"""What the first weights are worth, in curvature."""

EDGE: Final = 6.0
"""Log-odds beyond which nobody is believed any further."""


class LogitStack:
    """Weights of several classifiers' log-odds, and a shift.

    `learn_one` must be given log-odds from before the outcome was learnt from.

    >>> stack = LogitStack([0.5, 0.5])
    >>> for n in range(2000):
    ...     stack.learn_one([2.0 if n % 2 else -2.0, 0.0], n % 2 == 1)
    >>> stack.predict_one([2.0, 0.0]) > 0.9 > 0.1 > stack.predict_one([-2.0, 0.0])
    True
    """

    def __init__(self, weights: Sequence[float], memory: float = MEMORY) -> None:
        self.memory = memory
        self.weights = [*weights, 0.0]
        size = len(self.weights)
        self._curve = [[FIRM * (row == column) for column in range(size)] for row in range(size)]

    def predict_one(self, logits: Sequence[float]) -> float:
        """Return the probability."""
        return _sigmoid(_sum(_inputs(logits), self.weights))

    def learn_one(self, logits: Sequence[float], y: bool) -> None:
        """Learn an outcome. About 6 us: three numbers are too few for arrays."""
        inputs = _inputs(logits)
        p = _sigmoid(_sum(inputs, self.weights))
        keep, spread = 1.0 - 1.0 / self.memory, max(p * (1.0 - p), 1e-3)
        for row, a in zip(self._curve, inputs, strict=True):
            row[:] = [keep * c + spread * a * b for c, b in zip(row, inputs, strict=True)]
        steps = _solved(self._curve, [(p - y) * a for a in inputs])
        self.weights = [
            min(max(w - step, -5.0), 5.0) for w, step in zip(self.weights, steps, strict=True)
        ]


def _inputs(logits: Sequence[float]) -> list[float]:
    return [*(min(max(z, -EDGE), EDGE) for z in logits), 1.0]


def _sum(inputs: Sequence[float], weights: Sequence[float]) -> float:
    return sum(a * w for a, w in zip(inputs, weights, strict=True))


def _solved(curve: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return x of (curve + 1) x = right: positive definite, so no pivots are looked for."""
    size = len(right)
    rows = [[*curve[at], right[at]] for at in range(size)]
    for at in range(size):
        rows[at][at] += 1.0
    for at in range(size):
        top = rows[at]
        for below in rows[at + 1 :]:
            factor = below[at] / top[at]
            for column in range(at, size + 1):
                below[column] -= factor * top[column]
    x = [0.0] * size
    for at in range(size - 1, -1, -1):
        row = rows[at]
        known = sum(row[column] * x[column] for column in range(at + 1, size))
        x[at] = (row[size] - known) / row[at]
    return x


def _sigmoid(z: float) -> float:
    return 1.0 / (1.0 + math.exp(-min(max(z, -30.0), 30.0)))
