"""Who was approached by a campaign, and whether they answered: examples of response.

An `impression` that names a `campaign` is an approach; a `response` with that campaign, within the
horizon by event time, makes it a yes. What is learnt from are the features at the approach, when
the horizon has passed on the bucket's clock, whatever is known before: who answers does so early,
who does not only in the end, and learning the first at once would make everybody seem eager.

Further impressions of a campaign while one waits are the same approach. A device that signs in
later ends as a device, so that an answer of the user's is not taken for one of the device's.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.events import Event
from contracts.profile import Profile
from contracts.settings import FlowSettings
from operators.erased import IsGone, forget_people
from operators.examples import Approach
from operators.outcomes import VISIT_FEATURES, is_turn, visit_features
from operators.profile import Applied
from operators.waiting import WaitingMap

HOUR_MS: Final = 3_600_000
OPEN_APPROACHES: Final = 8
"""Campaigns that may wait for one person's answer; further ones are scored and not learnt from."""

PEOPLE_WAITING: Final = 20_000
"""People of one bucket who may be waited for. About 400 bytes an approach."""

ANSWERED: Final = "responses"
RESPONSE_FEATURES: Final = (*VISIT_FEATURES, ANSWERED)
"""Of the person at the approach; the last is how often they ever answered a campaign."""

REFUSALS: Final = frozenset({"Email Marked as Spam", "Unsubscribed"})
"""Names of Segment's that are answers, and no yes."""


class _Open(Struct, array_like=True):
    """An approach whose answer is waited for `until` (ms)."""

    example: Approach
    until: int
    yes: bool = False


class ResponseExamples:
    """One bucket's approaches that wait for an answer; `Durable`. An observer of profiles."""

    def __init__(self, settings: FlowSettings) -> None:
        self._every = settings.outcome_every
        self._horizon = int(settings.response_hours * HOUR_MS)
        self._people = WaitingMap(lambda raw: [each.until for each in _decode(raw)])
        self._out: list[Approach] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event. A late answer counts, a late approach does not."""
        if applied.adopted:
            return
        event = applied.arrived.event
        key = f"{applied.profile.site}\0{applied.profile.id}"
        if event.campaign is not None and event.type == "response":
            self._answer(key, event)
        elif event.campaign is not None and event.type == "impression":
            if not applied.arrived.late:
                self._approach(key, applied, event.campaign)
        elif applied.new_session and is_turn(applied.profile.sessions, self._every):
            self._out.append(_example(applied))

    def take(self, clock: int) -> list[Approach]:
        """Return what came of the batch, and the approaches that `clock` (ms) has decided."""
        for key in self._people.due(clock):
            self._settle(key, clock)
        out, self._out = self._out, []
        return out

    def forget(self, gone: IsGone) -> None:
        """Forget the approaches of people who are gone."""
        forget_people(self._people, gone)

    def dump(self, *, full: bool) -> bytes:
        """Return the approaches that wait, or those that changed."""
        return self._people.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the approaches that wait with what the parts say."""
        self._people.load(parts)

    def __len__(self) -> int:
        return len(self._people)

    def _approach(self, key: str, applied: Applied, campaign: str) -> None:
        raw = self._people.get(key)
        waiting = [] if raw is None else _decode(raw)
        time = applied.arrived.event.time
        if any(each.example.campaign == campaign and time < each.until for each in waiting):
            return
        example = _example(applied, campaign)
        self._out.append(example)
        if len(waiting) >= OPEN_APPROACHES or (raw is None and len(self) >= PEOPLE_WAITING):
            return
        until = example.time + self._horizon
        self._people[key] = pack([*waiting, _Open(example, until)])
        self._people.wait(key, until)

    def _answer(self, key: str, event: Event) -> None:
        raw = self._people.get(key)
        if raw is None or not is_yes(event):
            return
        waiting = _decode(raw)
        for each in waiting:
            if each.example.campaign == event.campaign:
                each.yes = each.yes or each.example.time <= event.time < each.until
        self._people[key] = pack(waiting)

    def _settle(self, key: str, clock: int) -> None:
        raw = self._people.get(key)
        if raw is None:
            return
        rest = []
        for each in _decode(raw):
            if each.until > clock:
                rest.append(each)
                continue
            each.example.label = float(each.yes)
            self._out.append(each.example)
        if rest:
            self._people[key] = pack(rest)
        else:
            self._people.pop(key)


def is_yes(event: Event) -> bool:
    """Say whether a `response` is one that a campaign hopes for.

    A `value` of 0 or less says that it is not, and so do some names of the Segment spec.

    >>> said = [{}, {"value": 0.0}, {"props": {"event": "Unsubscribed"}}]
    >>> [is_yes(Event(id="1", type="response", time=0, user="ada", **more)) for more in said]
    [True, False, False]
    """
    if event.value is not None and event.value <= 0:
        return False
    return event.props.get("event") not in REFUSALS


def response_features(profile: Profile, time: int) -> tuple[float, ...]:
    """Return `RESPONSE_FEATURES` as of `time` (ms)."""
    answered = profile.counts.get("response", 0)
    return (*visit_features(profile, time), float(answered))


def _example(applied: Applied, campaign: str = "") -> Approach:
    profile, event, seq = applied.profile, applied.arrived.event, applied.arrived.seq
    values = response_features(profile, event.time)
    variant = event.variant or "" if campaign else ""
    return Approach(
        profile.site,
        profile.id,
        seq,
        event.time,
        event.id,
        values,
        campaign=campaign,
        variant=variant,
    )


_decode = msgspec.msgpack.Decoder(list[_Open]).decode
