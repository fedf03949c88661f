"""From events to decisions and what may be their rewards: what the bandits learn from."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.decisions import Decided
from contracts.events import DECISION, FEEDBACK_TYPES, Event
from contracts.settings import FlowSettings
from online_models.rewards import SILENCE, Sign, Taken
from operators.examples import Offering
from operators.profile import Applied
from operators.satisfaction import opinion_of
from operators.sessions import quantity


def decided_of(event: Event) -> Decided | None:
    """Return how an offer was chosen; None if the event does not say so, or says nonsense.

    >>> said = {"placement": "home", "offers": ["a", "b"], "chances": [0.5, 0.5]}
    >>> event = Event(id="1", type="decision", time=5, user="ada", request="r", campaign="a",
    ...               props={"decision": said})
    >>> decided_of(event).placement
    'home'
    """
    if event.type != DECISION or event.request is None or event.campaign is None:
        return None
    raw: Any = event.props.get("decision")
    try:
        decided = msgspec.convert(raw, Decided)
    except msgspec.ValidationError:
        return None
    fits = len(decided.offers) == len(decided.chances) and event.campaign in decided.offers
    sound = all(0.0 <= chance <= 1.0 for chance in decided.chances)
    return decided if fits and sound and decided.most > 0.0 < decided.horizon_ms else None


def taken_of(event: Event, subject: str, decided: Decided) -> Taken:
    """Return a decision as what waits for its reward."""
    return Taken(
        str(event.request),
        subject,
        decided.placement,
        str(event.campaign),
        event.variant or "",
        event.time,
        event.time + decided.horizon_ms,
        decided.reward,
        decided.most,
        decided.context,
        SILENCE if decided.reward == "satisfaction" else 0.0,
    )


def sign_of(event: Event, subject: str) -> Sign | None:
    """Return what may be a reward: an answer that names what it answers, an order, an opinion.

    A `response` with the value 0 says no.

    >>> sign_of(Event(id="1", type="click", time=5, user="ada", request="r"), "ada").request
    'r'
    >>> sign_of(Event(id="1", type="click", time=5, user="ada"), "ada") is None
    True
    """
    if event.type == "purchase":
        amount = (event.price or 0.0) * quantity(event)
        return Sign(subject, event.time, "purchase", event.request, event.campaign, amount)
    names_it = event.request is not None or event.campaign is not None
    if names_it and (event.type == "click" or (event.type == "response" and event.value != 0.0)):
        return Sign(subject, event.time, "click", event.request, event.campaign)
    opinion = opinion_of(event) if event.type in FEEDBACK_TYPES else None
    if opinion is not None:
        return Sign(subject, event.time, "opinion", amount=(1.0 + opinion) / 2.0)
    return None


class DecideExamples:
    """Decisions, and what may be their rewards; has no state to save. About 1 us an event.

    Adopted events were looked at before, under the device that they came from.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._out: list[Offering] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        arrived, user = applied.arrived, applied.profile.id
        event = arrived.event
        if applied.adopted:
            return
        decided = decided_of(event)
        taken = None if decided is None else taken_of(event, user, decided)
        sign = sign_of(event, user)
        if taken is not None or sign is not None:
            self._out.append(Offering(event.site, user, arrived.seq, event.time, taken, sign))

    def take(self, clock: int) -> list[Offering]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """Take nothing."""
