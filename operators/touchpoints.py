"""From applied events to what item rows and popularity learn: an observer without state."""

from functools import lru_cache

from contracts.keys import item_key
from contracts.settings import FlowSettings
from operators.messages import Named, Touchpoint
from operators.profile import TOUCHES, Applied

number_of = lru_cache(maxsize=1 << 17)(item_key)


class Touchpoints:
    """Collects which item was touched, after which others."""

    def __init__(self, settings: FlowSettings) -> None:
        self._window = settings.co_window
        self._gap = settings.session_gap_seconds * 1000
        self._points: list[Touchpoint] = []
        self._named: list[Named] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event. Late and adopted ones teach nothing about items."""
        arrived = applied.arrived
        event = arrived.event
        if event.item is None or event.type not in TOUCHES or applied.adopted or arrived.late:
            return
        before = applied.before[-self._window :][::-1]
        recent = [number_of(touch.item) for touch in before]
        follows = bool(before) and event.time - before[0].time <= self._gap
        self._points.append(
            Touchpoint(
                event.site,
                number_of(event.item),
                event.type,
                event.time,
                arrived.seq,
                recent,
                follows,
            )
        )
        if not arrived.known:
            self._named.append(
                Named(
                    event.site,
                    event.item,
                    arrived.category,
                    arrived.brand,
                    event.price,
                    arrived.seq,
                )
            )

    def take(self) -> tuple[list[Touchpoint], list[Named]]:
        """Return what came of the batch."""
        points, named = self._points, self._named
        self._points, self._named = [], []
        return points, named
