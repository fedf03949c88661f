"""From applied events to what the stage of feedback hears: an observer, nearly without state."""

from collections.abc import Sequence
from typing import Final

import msgspec

from contracts.codec import pack
from contracts.events import FEEDBACK_TYPES
from contracts.settings import FlowSettings
from operators.examples import Heard, Passed
from operators.profile import Applied

PASS_MS: Final = 30_000
"""Time goes on for what is due in steps of so long."""

_HEARD: Final = FEEDBACK_TYPES | {"purchase"}


class FeedbackExamples:
    """Feedback, changes of status and purchases of one bucket of people, programs included.

    A complaint that comes late is heard all the same: somebody waits for an answer.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._out: list[Heard | Passed] = []
        self._passed = 0

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event. Cost: 2 us for one that is heard."""
        arrived, profile = applied.arrived, applied.profile
        event = arrived.event
        if event.type not in _HEARD or (applied.adopted and event.type == "purchase"):
            return
        self._out.append(
            Heard(
                profile.site,
                profile.id,
                arrived.seq,
                event.time,
                event,
                arrived.category,
                arrived.late,
                applied.adopted,
                profile.bot is None,
            )
        )

    def take(self, clock: int) -> Sequence[Heard | Passed]:
        """Return what came of the batch, and how far time has come."""
        if clock - self._passed >= PASS_MS:
            self._passed = clock
            self._out.append(Passed(clock))
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return how far time has come; batches are taken whole."""
        return pack(self._passed)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace how far time has come."""
        if parts:
            self._passed = msgspec.msgpack.decode(parts[-1], type=int)
