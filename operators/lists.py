"""From applied events to what the ranker learns from: items shown in lists, and clicks on them.

Made where the profile is, so that what an impression knows of the person is what was known then.
"""

from collections.abc import Sequence

from contracts.settings import FlowSettings
from online_models.offers import NOWHERE, Traits, personal
from online_models.touches import number_of
from operators.examples import Listing
from operators.profile import Applied


class ListExamples:
    """Impressions and clicks that name a request; has no state to save. About 4 us an event.

    Late and adopted events teach nothing: their list is over, or has had them.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._out: list[Listing] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        arrived = applied.arrived
        event = arrived.event
        if event.request is None or event.item is None or applied.adopted or arrived.late:
            return
        if event.type not in ("impression", "click"):
            return
        listing = Listing(
            event.site,
            applied.profile.id,
            arrived.seq,
            event.time,
            event.id,
            event.request,
            number_of(event.item),
            clicked=event.type == "click",
        )
        if not listing.clicked:
            profile = applied.profile
            # The impression has left its mark already: without it.
            shown = {event.item: max(profile.impressions.get(event.item, 0) - 1, 0)}
            traits = Traits(profile.recents, shown, profile.categories)
            listing.position = event.position if event.position is not None else NOWHERE
            listing.personal = personal(traits, event.item, arrived.category, event.price)
            listing.history = traits.history
        self._out.append(listing)

    def take(self, clock: int) -> list[Listing]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """Take nothing."""
