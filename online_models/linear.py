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


Vector = NDArray[np.float32]
Wide = NDArray[np.float64]


class LinearModel:
    """Log-odds (loss `log`) or a number (loss `squared`) as a weighted sum; begins at `base`.

    Vectors are those of `logged`; they may grow, and what a shorter one lacks is 0. About 4 us to
    answer, 9 to learn.

    >>> model = LinearModel("log")
    >>> for n in range(500):
    ...     model.learn_one(logged(np.array([n % 2, n % 3], np.float32)), float(n % 2))
    >>> yes, no = (model.raw_one(logged(np.array([n, 0], np.float32))) for n in (1, 0))
    >>> yes > 1 > no
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
        self._scale = np.zeros(width)

    def raw_one(self, wide: Wide) -> float:
        """Return the log-odds, or the number."""
        width = len(wide)
        if width < len(self._weights):
            wide = np.concatenate([wide, np.zeros(len(self._weights) - width)])
        elif width > len(self._weights):
            self._widen(width)
        return self.shift + float(self._standard(wide) @ self._weights)

    def learn_one(self, wide: Wide, target: float) -> None:
        """Learn what came with a vector as long as any before."""
        if len(wide) > len(self._weights):
            self._widen(len(wide))
        self.learned += 1
        off = wide - self._mean
        self._mean += off / self.learned
        off *= wide - self._mean
        self._spread += off
        self._rescale()
        inputs = self._standard(wide)
        told = self.shift + float(inputs @ self._weights)
        if self.loss == "log":
            told = 1.0 / (1.0 + math.exp(-min(max(told, -30.0), 30.0)))
        pull = min(max(told - target, -STEEP), STEEP)
        inputs *= pull
        self._steps += inputs * inputs
        inputs *= RATE
        inputs /= np.sqrt(self._steps)
        self._weights -= inputs
        self._shift_steps += pull * pull
        self.shift -= RATE * pull / math.sqrt(self._shift_steps)

    def _standard(self, wide: Wide) -> Wide:
        inputs: Wide = wide - self._mean
        inputs *= self._scale
        np.maximum(inputs, -FAR, out=inputs)
        return np.minimum(inputs, FAR, out=inputs)

    def _rescale(self) -> None:
        deviation = np.sqrt(self._spread / self.learned)
        # What never varied says nothing, and not everything as soon as it does.
        deviation[deviation < STILL] = np.inf
        np.reciprocal(deviation, out=self._scale)

    def _widen(self, width: int) -> None:
        lack = width - len(self._weights)
        self._steps = np.concatenate([self._steps, np.full(lack, 1e-8)])
        for name in ("_weights", "_mean", "_spread", "_scale"):
            setattr(self, name, np.concatenate([getattr(self, name), np.zeros(lack)]))


def logged(vector: Vector) -> Wide:
    """Return a vector on the scale sign(x) log(1 + |x|).

    >>> logged(np.array([0.0, -1.0], np.float32)).round(3).tolist()
    [0.0, -0.693]
    """
    wide = vector.astype(np.float64)
    size = np.abs(wide)
    np.log1p(size, out=size)
    return np.copysign(size, wide, out=size)
