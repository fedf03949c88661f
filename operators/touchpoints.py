"""From applied events to what item rows and popularity learn: an observer without state.

What one person, or one device, can teach is capped, so that nobody pushes an item up alone: by the
evidence for the item among the recents of a day, and by the length of the visit. Both lie in the
profile, so the cap needs no memory, and goes by event time.
"""

from contracts.events import Event
from contracts.keys import DAY_MS
from contracts.profile import Recent
from contracts.settings import FlowSettings
from online_models.pairs import last_liked
from online_models.touches import WEIGHTS, number_of
from operators.messages import Arrived, Named, Touchpoint
from operators.profile import Applied


class Touchpoints:
    """Collects which item was touched, after which others. About 9 us an event."""

    def __init__(self, settings: FlowSettings) -> None:
        self._most, self._longest = settings.item_lessons, settings.visit_lessons
        self._window = settings.co_window
        self._points: list[Touchpoint] = []
        self._named: list[Named] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event. Late and adopted ones teach nothing about items."""
        arrived = applied.arrived
        event = arrived.event
        if event.item is None or applied.adopted:
            return
        self._named.append(_named(arrived, event.item))
        if event.type in WEIGHTS and not arrived.late and not self._is_enough(applied, event):
            self._points.append(self._touchpoint(arrived, event.item, applied.before))

    def _is_enough(self, applied: Applied, event: Event) -> bool:
        """Say whether the person has taught all that one may, of this item or in this visit."""
        session = applied.profile.session
        if session is not None and session.events > self._longest:
            return True
        item, since = event.item, event.time - DAY_MS
        # Most people have touched it once or twice, so that there is hardly anything to add up.
        taught = [t.type for t in applied.before if t.item == item and t.time >= since]
        return sum(abs(WEIGHTS[type_]) for type_ in taught) >= self._most

    def take(self) -> tuple[list[Touchpoint], list[Named]]:
        """Return what came of the batch."""
        points, named = self._points, self._named
        self._points, self._named = [], []
        return points, named

    def _touchpoint(self, arrived: Arrived, item: str, before: list[Recent]) -> Touchpoint:
        event = arrived.event
        others = last_liked(before, item, self._window)
        numbers = [number_of(other) for other in others]
        return Touchpoint(event.site, number_of(item), event.type, event.time, arrived.seq, numbers)


def _named(arrived: Arrived, item: str) -> Named:
    event = arrived.event
    return Named(
        event.site,
        item,
        arrived.category,
        arrived.brand,
        event.price,
        arrived.seq,
        arrived.known,
    )
