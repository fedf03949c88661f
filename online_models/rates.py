"""How much comes in, and of what: event rates as series in which a change shows.

A plain rate falls every night, which is no drift. So the rate is told relative to what this hour
of the day usually brings, beside the shares of the event types.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from contracts.codec import pack

WINDOW_MS: Final = 60_000
HOURS: Final = 24
PACE: Final = 1 / 120
"""With which an hour's usual rate follows, a window at a time: two days of that hour."""

SILENCE: Final = 60
"""Windows without any event that count as none having been sent, rather than as a rate of zero."""


class EventRates:
    """Counts events a minute of event time; says how each minute that has ended departs.

    Bounded by the event types, 24 hours and the minutes that are open, at most 10. Cost: 1 us a
    count. Counts that come for a minute which was closed are left out.

    >>> rates = EventRates()
    >>> for minute in range(12):
    ...     rows = list(rates.learn({(minute, "view"): 9, (minute, "purchase"): 1}))
    >>> rows[-1]["share/view"], rows[-1]["rate"]
    (0.9, 0.0)
    """

    OPEN: Final = 10

    def __init__(self) -> None:
        self._open: dict[int, dict[str, int]] = {}
        self._closed = -1
        self._types: set[str] = set()
        self._usual = [0.0] * HOURS
        self._known = [0] * HOURS

    def learn(self, counts: Mapping[tuple[int, str], int]) -> Iterator[dict[str, float]]:
        """Add counts by (minute since the epoch, type); yield the series of minutes that closed."""
        for (minute, type_), count in counts.items():
            if minute > self._closed:
                window = self._open.setdefault(minute, {})
                window[type_] = window.get(type_, 0) + count
        while self._open and max(self._open) - min(self._open) >= self.OPEN - 1:
            yield from self._close(min(self._open))

    @property
    def closed(self) -> int:
        """The last minute (since the epoch) that was closed; -1 before the first."""
        return self._closed

    def dump(self) -> bytes:
        """Return the state."""
        open_ = {m: dict(sorted(counts.items())) for m, counts in sorted(self._open.items())}
        return pack((open_, self._closed, sorted(self._types), self._usual, self._known))

    def load(self, raw: bytes) -> None:
        """Replace the state."""
        self._open, self._closed, types, self._usual, self._known = _decode(raw)
        self._types = set(types)

    def _close(self, minute: int) -> Iterator[dict[str, float]]:
        first = self._closed + 1 if self._closed >= 0 else minute
        for empty in range(first, minute) if minute - first < SILENCE else ():
            yield {"rate": self._departure(empty, 0)}
        counts = self._open.pop(minute)
        total = sum(counts.values())
        self._closed = minute
        self._types |= counts.keys()
        shares = {f"share/{t}": counts.get(t, 0) / max(total, 1) for t in sorted(self._types)}
        yield {"rate": self._departure(minute, total), **shares}

    def _departure(self, minute: int, total: int) -> float:
        """Return the logarithm of a rate over the usual one, and let the usual one follow."""
        hour = minute // 60 % HOURS
        rate = math.log1p(total)
        if not self._known[hour]:
            # The first time at this hour: like the last hour that is known.
            before = [(hour - back) % HOURS for back in range(1, HOURS)]
            self._usual[hour] = next((self._usual[h] for h in before if self._known[h]), rate)
        self._known[hour] += 1
        departure = rate - self._usual[hour]
        self._usual[hour] += max(PACE, 1 / (1 + self._known[hour])) * departure
        return departure


_decode = msgspec.msgpack.Decoder(
    tuple[dict[int, dict[str, int]], int, list[str], list[float], list[int]]
).decode
