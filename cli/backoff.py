"""How long to wait before something that died starts again."""

from dataclasses import dataclass


@dataclass
class Backoff:
    """Doubling delays, bounded; after `limit` deaths in a row, none for what never lived.

    Whoever lived for `stable_seconds` starts over with the first delay, and is never given up:
    what is wrong came later, and may go again. Times are arguments, in seconds of a monotonic
    clock.

    >>> backoff = Backoff(first_seconds=1.0, longest_seconds=3.0, limit=4)
    >>> [backoff.died(now=float(second)) for second in range(4)]
    [1.0, 2.0, 3.0, None]
    >>> backoff.patience_seconds
    6.0
    """

    first_seconds: float = 0.25
    longest_seconds: float = 10.0
    stable_seconds: float = 5.0
    limit: int = 10
    deaths: int = 0
    _started: float | None = None
    _lived: bool = False

    @property
    def patience_seconds(self) -> float:
        """The sum of all delays: how long it takes to give up on what dies at once."""
        delays = (self.first_seconds * 2.0**death for death in range(self.limit - 1))
        return sum(min(self.longest_seconds, delay) for delay in delays)

    @property
    def late(self) -> bool:
        """Whether it died so often that what never lived would be given up."""
        return self.deaths >= self.limit

    def started(self, now: float) -> None:
        """Note a start."""
        self._started = now

    def died(self, now: float) -> float | None:
        """Note a death or a failed start; return the delay, or None when it is time to give up."""
        if self._started is not None and now - self._started >= self.stable_seconds:
            self.deaths, self._lived = 0, True
        self._started = None
        self.deaths += 1
        if self.late:
            return self.longest_seconds if self._lived else None
        return min(self.longest_seconds, self.first_seconds * 2.0 ** (self.deaths - 1))
