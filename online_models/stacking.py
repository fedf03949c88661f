"""One probability out of several: a logistic stack, learnt online.

p = sigmoid(w . logits + shift). Each outcome moves weights and shift by a second-order step on the
log loss (online Newton) whose memory fades, as in `calibration`, which is the case of one input.
So it decides how far to believe whom, and calibrates, at once.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

MEMORY: Final = 2_000.0
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
        self.weights = np.array([*weights, 0.0])
        self._curve = np.eye(len(self.weights)) * FIRM

    def predict_one(self, logits: Sequence[float]) -> float:
        """Return the probability."""
        return _sigmoid(float(self._inputs(logits) @ self.weights))

    def learn_one(self, logits: Sequence[float], y: bool) -> None:
        """Learn an outcome. About 12 us."""
        inputs = self._inputs(logits)
        p = _sigmoid(float(inputs @ self.weights))
        keep = 1.0 - 1.0 / self.memory
        self._curve = keep * self._curve + max(p * (1.0 - p), 1e-3) * np.outer(inputs, inputs)
        firm = self._curve + np.eye(len(inputs))
        self.weights = self.weights - np.linalg.solve(firm, (p - y) * inputs)
        self.weights = np.clip(self.weights, -5.0, 5.0)

    def _inputs(self, logits: Sequence[float]) -> np.ndarray:
        return np.array([*(min(max(z, -EDGE), EDGE) for z in logits), 1.0])


def _sigmoid(z: float) -> float:
    return float(1.0 / (1.0 + np.exp(-min(max(z, -30.0), 30.0))))
