"""A linear model of a vector, learnt from each example: the part that never waits.

Inputs are put on a log scale (log(1 + |x|), signed) and standardised by what was seen; AdaGrad
(Duchi et al. 2011) takes the steps. River's pipeline does the same on dicts at four times the
cost (benchmarks/models.py has both).
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_models.boosting import Loss

RATE: Final = 0.1
FAR: Final = 8.0
"""Standard deviations beyond which an input counts no further."""

STILL: Final = 1e-6
"""Standard deviation below which an input has not varied."""

STEEP: Final = 3.0
"""The most that one example may pull, in units of the output."""


class LinearModel:
    """Log-odds (loss `log`) or a number (loss `squared`) as a weighted sum; begins at `base`.

    Vectors may grow; what a shorter one lacks is 0. About 8 us to answer, 20 to learn.

    >>> model = LinearModel("log")
    >>> for n in range(500):
    ...     model.learn_one(np.array([n % 2, n % 3], np.float32), float(n % 2))
    >>> model.raw_one(np.array([1, 0], np.float32)) > 1 > model.raw_one(np.zeros(2, np.float32))
    True
    """

    def __init__(self, loss: Loss, base: float = 0.0, width: int = 0) -> None:
        self.loss: Loss = loss
        self.shift = base
        self.learned = 0
        self._shift_steps = 1e-8
        self._weights = np.zeros(width)
        self._steps = np.full(width, 1e-8)
        self._mean = np.zeros(width)
        self._spread = np.zeros(width)

    def raw_one(self, vector: NDArray[np.float32]) -> float:
        """Return the log-odds, or the number."""
        self._widen(len(vector))
        return self.shift + float(self._standard(_logged(vector)) @ self._weights[: len(vector)])

    def learn_one(self, vector: NDArray[np.float32], target: float) -> None:
        """Learn what came with a vector."""
        self._widen(len(vector))
        logged = _logged(vector)
        self.learned += 1
        off = logged - self._mean
        self._mean = self._mean + off / self.learned
        self._spread = self._spread + off * (logged - self._mean)
        inputs = self._standard(logged)
        told = self.shift + float(inputs @ self._weights)
        if self.loss == "log":
            told = 1.0 / (1.0 + math.exp(-min(max(told, -30.0), 30.0)))
        pull = min(max(told - target, -STEEP), STEEP)
        slope = pull * inputs
        self._steps = self._steps + slope * slope
        self._weights = self._weights - RATE * slope / np.sqrt(self._steps)
        self._shift_steps += pull * pull
        self.shift -= RATE * pull / math.sqrt(self._shift_steps)

    def _standard(self, logged: NDArray[np.float64]) -> NDArray[np.float64]:
        width = len(logged)
        spread = np.sqrt(self._spread[:width] / max(self.learned, 1))
        # What never varied says nothing, and not everything as soon as it does.
        spread[spread < STILL] = np.inf
        inputs: NDArray[np.float64] = (logged - self._mean[:width]) / spread
        return inputs.clip(-FAR, FAR)

    def _widen(self, width: int) -> None:
        lack = width - len(self._weights)
        if lack > 0:
            self._weights = np.concatenate([self._weights, np.zeros(lack)])
            self._steps = np.concatenate([self._steps, np.full(lack, 1e-8)])
            self._mean = np.concatenate([self._mean, np.zeros(lack)])
            self._spread = np.concatenate([self._spread, np.zeros(lack)])


def _logged(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = vector.astype(np.float64)
    return np.copysign(np.log1p(np.abs(wide)), wide)
