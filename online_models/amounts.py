"""Amounts of money, whatever guesses them: learnt on a log scale, told with bounds."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from river import base

from online_models.estimate import Estimate
from online_models.intervals import AdaptiveInterval

FADE: Final = 1.0 - 1.0 / 1_000.0
"""What an error counts for after each further one."""

LARGEST: Final = 27.0
"""Of log(1 + y): about 5e11."""


class AmountModel(base.Regressor, ABC):
    """Amounts of 0 and more: what is typical, what is to be expected, and bounds.

    A subclass guesses log(1 + y); amounts are skewed, so what is to be expected is raised until
    sums come out right. Bounds are quantiles of the last errors.
    """

    def __init__(self, cover: float) -> None:
        self.cover = cover
        self.learned = 0
        self.interval = AdaptiveInterval(cover)
        self._said = self._came = 0.0

    def predict_one(self, x: Mapping[str, Any], **kwargs: Any) -> float:
        """Return what is to be expected."""
        return self.estimate_one(x).expected

    def estimate_one(self, x: Mapping[str, Any]) -> Estimate:
        """Return the estimate."""
        centre = self._guess(x)
        low, high = self.interval.around(centre)
        typical = amount(centre)
        return Estimate(typical * self._raised(), typical, amount(low), amount(high))

    def learn_one(self, x: Mapping[str, Any], y: float, **kwargs: Any) -> None:
        """Learn what came; below 0 counts as 0."""
        target = min(math.log1p(max(y, 0.0)), LARGEST)
        centre = self._learn(x, target)
        self.interval.learn_one(centre, target)
        self._said = FADE * self._said + amount(centre)
        self._came = FADE * self._came + amount(target)
        self.learned += 1

    def _raised(self) -> float:
        """Return how much larger amounts are than what is typical: their tail is long."""
        if self._said < 1e-6:
            return 1.0
        return min(max(self._came / self._said, 0.2), 5.0)

    @abstractmethod
    def _guess(self, x: Mapping[str, Any]) -> float:
        """Return the guess of log(1 + y), 0 to `LARGEST`."""

    @abstractmethod
    def _learn(self, x: Mapping[str, Any], target: float) -> float:
        """Learn log(1 + y); return what was the guess before."""


def amount(log: float) -> float:
    """Return y of log(1 + y).

    >>> round(amount(math.log1p(20.0)), 6)
    20.0
    """
    return math.expm1(min(max(log, 0.0), LARGEST))
