"""Figures over a moving window of time. Pure: the time comes with each figure.

>>> rate = Rate(seconds=5)
>>> rate.add(10, now=0.0), rate.add(20, now=4.0)
(None, None)
>>> rate.per_second(now=4.5), rate.per_second(now=8.0)
(6.666666666666667, 4.0)
"""

from collections import deque
from typing import Final

FRESH_SECONDS: Final = 60.0


class Rate:
    """How much came a second, over the last `seconds` or since the first of it if that is less."""

    def __init__(self, seconds: float = 5.0) -> None:
        self.total = 0
        self._seconds = seconds
        self._since: float | None = None
        self._recent: deque[tuple[float, int]] = deque()
        self._sum = 0

    def add(self, count: int, now: float) -> None:
        """Count what came at `now` (seconds of any steady clock)."""
        if self._since is None:
            self._since = now
        self.total += count
        self._sum += count
        self._recent.append((now, count))

    def per_second(self, now: float) -> float:
        """Return the rate at `now`."""
        while self._recent and self._recent[0][0] <= now - self._seconds:
            self._sum -= self._recent.popleft()[1]
        if self._since is None:
            return 0.0
        return self._sum / min(self._seconds, max(1.0, now - self._since))


class Delays:
    """Delays of the last minute, and their quantiles.

    >>> delays = Delays()
    >>> for delay in (30.0, 10.0, 20.0):
    ...     delays.add(delay, now=0.0)
    >>> delays.quantile(0.5, now=1.0), delays.quantile(0.99, now=1.0)
    (20.0, 30.0)
    >>> delays.quantile(0.5, now=61.0)
    """

    def __init__(self, seconds: float = FRESH_SECONDS) -> None:
        self._seconds = seconds
        self._recent: deque[tuple[float, float]] = deque()

    def add(self, delay: float, now: float) -> None:
        """Take note of a delay that was known at `now`."""
        self._recent.append((now, delay))

    def quantile(self, share: float, now: float) -> float | None:
        """Return the least delay that `share` of them do not exceed; None if there are none."""
        while self._recent and self._recent[0][0] <= now - self._seconds:
            self._recent.popleft()
        if not self._recent:
            return None
        ordered = sorted(delay for _, delay in self._recent)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
