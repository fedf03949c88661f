"""How good are the answers that are really given? The figures of the evaluation, by hour and name.

An answer's rank is the place of what the person touched next, from 1; 0 if it was not shown, or if
nothing was touched.
"""

from collections.abc import Mapping, Sequence
from math import log2
from typing import Any, Final

import msgspec

from contracts.codec import pack

HOUR_MS: Final = 3_600_000
HOURS: Final = 24
"""Of the window: whole hours by the time of the answers, the present one included."""

NAMES: Final = ("hr@10", "hr@20", "mrr@10", "mrr@20", "ndcg@10")
SHORT: Final = 10
LONG: Final = 20

Sums = list[float]
"""How many were counted, after how many something was touched, and the sum of each figure."""


def gains(rank: int) -> list[float]:
    """Return what a rank counts in each figure; all 0 for rank 0, a miss.

    >>> [round(gain, 3) for gain in gains(3)]
    [1.0, 1.0, 0.333, 0.333, 0.5]
    """
    short, long = float(0 < rank <= SHORT), float(0 < rank <= LONG)
    place = max(rank, 1)
    return [short, long, short / place, long / place, short / log2(1 + place)]


class LiveFigures:
    """Sums by name, in all and by hour. Bounded by the names that it is given.

    >>> figures = LiveFigures()
    >>> figures.add("blend", 5 * HOUR_MS, 1)
    >>> figures.add("blend", 5 * HOUR_MS + 1, 0)
    >>> figures.means()["blend"]["hr@10"], figures.sums()["blend"]["count"]
    (0.5, 2)
    """

    def __init__(self) -> None:
        self._total: dict[str, Sums] = {}
        self._hours: dict[int, dict[str, Sums]] = {}

    def add(self, name: str, time: int, rank: int, *, touched: bool = True) -> None:
        """Count an answer of event time `time` (ms)."""
        added = [1.0, float(touched), *gains(rank)]
        hour = time // HOUR_MS
        for sums in (self._total, self._hours.setdefault(hour, {})):
            before = sums.setdefault(name, [0.0] * len(added))
            sums[name] = [a + b for a, b in zip(before, added, strict=True)]
        for old in [h for h in self._hours if h <= max(self._hours) - HOURS]:
            del self._hours[old]

    @property
    def window(self) -> tuple[int, int] | None:
        """From when to when the hours are that are kept (ms), if there are any."""
        if not self._hours:
            return None
        return min(self._hours) * HOUR_MS, (max(self._hours) + 1) * HOUR_MS

    def means(self) -> dict[str, dict[str, Any]]:
        """Return the figures over the window, by name."""
        merged: dict[str, Sums] = {}
        for hour in self._hours.values():
            for name, sums in hour.items():
                before = merged.get(name, [0.0] * len(sums))
                merged[name] = [a + b for a, b in zip(before, sums, strict=True)]
        return {name: _means(merged[name]) for name in sorted(merged)}

    def sums(self) -> dict[str, dict[str, Any]]:
        """Return the sums since the beginning, by name."""
        return {name: _named(self._total[name]) for name in sorted(self._total)}

    def pack(self) -> bytes:
        """Return the sums as bytes."""
        return pack((self._total, self._hours))

    @classmethod
    def unpack(cls, raw: bytes) -> "LiveFigures":
        """Return packed sums."""
        figures = cls()
        figures._total, figures._hours = _decode(raw)
        return figures


_decode = msgspec.msgpack.Decoder(tuple[dict[str, Sums], dict[int, dict[str, Sums]]]).decode


def _means(sums: Sequence[float]) -> dict[str, Any]:
    count, touched, *rest = sums
    means: Mapping[str, float] = {
        name: round(value / count, 4) for name, value in zip(NAMES, rest, strict=True)
    }
    return {"count": int(count), "touched": int(touched), **means}


def _named(sums: Sequence[float]) -> dict[str, Any]:
    count, touched, *rest = sums
    values = {name: round(value, 6) for name, value in zip(NAMES, rest, strict=True)}
    return {"count": int(count), "touched": int(touched), **values}
