"""From applied events to what the blend learns from: what a person touched, after what."""

from collections.abc import Sequence

from contracts.sampling import draw
from contracts.settings import FlowSettings
from online_models.content import CONCEPTS
from online_models.touches import WEIGHTS, number_of
from operators.examples import Choice, Touched
from operators.profile import Applied


def teaches(site: str, user: str, every: int) -> bool:
    """Say whether a person is one of those, one in `every`, whose touches the blend learns from.

    By another hash than the buckets': each of these has people who teach.

    >>> 900 < sum(teaches("shop", f"user-{number}", 8) for number in range(8_000)) < 1_100
    True
    """
    return draw("blend", site, user) * every < 1.0


class Choices:
    """The touches of one person in so many (`flow.blend_every`), always the same; has no state.

    A whole person at a time, since what one chose is learnt along with what followed from it. Late
    and adopted events teach nothing: what went before them is not known.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._every = settings.blend_every
        self._out: list[Choice] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        arrived, event = applied.arrived, applied.arrived.event
        if event.item is None or event.type not in WEIGHTS or applied.adopted or arrived.late:
            return
        user = applied.profile.id
        if not teaches(event.site, user, self._every):
            return
        before = [(number_of(r.item), r.type, r.time) for r in applied.before]
        site, number, tags = event.site, number_of(event.item), arrived.tags[:CONCEPTS]
        about = Touched(event.item, arrived.title, arrived.category, arrived.brand, tags)
        self._out.append(
            Choice(site, user, arrived.seq, event.time, number, event.type, before, about)
        )

    def take(self, clock: int) -> Sequence[Choice]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """Take nothing."""
