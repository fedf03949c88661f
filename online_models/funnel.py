"""How far visits get: how many looked at something, put something into the cart, and bought."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from contracts.codec import pack
from online_models.rates import WINDOW_MS

STEPS: Final = ("view", "add_to_cart", "purchase")
SPANS: Final = (5, 15, 60)
"""Minutes that are summed up, back from the newest."""


class Funnel:
    """Visits by the minute of event time in which they first came to a step, for the last hour.

    A visit counts once a step, so a step may count more than the one before it: some visits looked
    at things before the span began. Cost: 1 us a count.

    >>> funnel = Funnel()
    >>> funnel.learn({(7, "view"): 9, (7, "add_to_cart"): 3, (1, "view"): 4})
    >>> funnel.report()["last"]["5"]
    {'view': 9, 'add_to_cart': 3, 'purchase': 0}
    """

    def __init__(self) -> None:
        self._minutes: dict[int, list[int]] = {}

    def learn(self, counts: Mapping[tuple[int, str], int]) -> None:
        """Add counts by (minute since the epoch, step)."""
        for (minute, step), count in counts.items():
            self._minutes.setdefault(minute, [0] * len(STEPS))[STEPS.index(step)] += count
        first = max(self._minutes, default=0) - max(SPANS)
        self._minutes = {m: steps for m, steps in self._minutes.items() if m > first}

    def report(self) -> dict[str, Any]:
        """Return the sums of each span, and when the newest minute ends (epoch ms)."""
        newest = max(self._minutes, default=-1)
        last = {
            str(span): dict(zip(STEPS, self._sums(newest - span), strict=True)) for span in SPANS
        }
        return {"until": (newest + 1) * WINDOW_MS, "last": last}

    def dump(self) -> bytes:
        """Return the state."""
        return pack(dict(sorted(self._minutes.items())))

    def load(self, raw: bytes) -> None:
        """Replace the state."""
        self._minutes = _decode(raw)

    def _sums(self, after: int) -> list[int]:
        rows = [steps for minute, steps in self._minutes.items() if minute > after]
        return [sum(row[at] for row in rows) for at in range(len(STEPS))]


_decode = msgspec.msgpack.Decoder(dict[int, list[int]]).decode
