"""What becomes of visits, later: examples of churn, spending and order values.

A person is asked about at the start of a visit, at the first return and each few visits from there
(`outcome_every`), since these models cost ten times an event's work. The answer comes when the
horizon has passed on the bucket's clock, and not a moment before, whatever is known already: who
comes back tells so early, who stays away only in the end, and learning the first at once would
make everybody seem faithful. Order values are known when the next visit begins, or after a day.

A device that signs in later ends as a device; visits before that count as not followed by another.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.events import Event
from contracts.profile import Profile
from contracts.settings import FlowSettings
from online_models.features import (
    SESSION_FEATURES,
    USER_FEATURES,
    session_features,
    user_features,
)
from operators.erased import IsGone, forget_people
from operators.examples import Example
from operators.profile import Applied
from operators.sessions import quantity
from operators.waiting import WaitingMap

DAY_MS: Final = 86_400_000
OPEN_VISITS: Final = 4
"""Visits of one person that may wait for their outcome; later ones are only scored."""

PEOPLE_WAITING: Final = 20_000
"""People of one bucket who may wait; beyond that visits are only scored. About 700 bytes each."""

VISIT_FEATURES: Final = tuple(dict.fromkeys(USER_FEATURES + SESSION_FEATURES))
"""Of the person at the start of a visit."""


def visit_features(profile: Profile, time: int) -> tuple[float, ...]:
    """Return `VISIT_FEATURES` as of `time` (ms). About 10 us."""
    known = dict(zip(SESSION_FEATURES, session_features(profile, time), strict=True))
    known |= zip(USER_FEATURES, user_features(profile, time), strict=True)
    return tuple(known[name] for name in VISIT_FEATURES)


def is_turn(sessions: int, every: int) -> bool:
    """Say whether somebody is asked about at this visit: the first return, and each few from there.

    >>> [visit for visit in range(1, 11) if is_turn(visit, every=4)]
    [2, 6, 10]
    """
    return (sessions - 2) % every == 0 and sessions >= min(2, every)


class _Waiting(Struct, array_like=True):
    """A visit asked about: `until` when (ms), what was bought since, and whether another came."""

    example: Example
    until: int
    bought: float = 0.0
    again: bool = False


class _OutcomeExamples(ABC):
    """One bucket's visits whose outcome is not known yet; `Durable`. An observer of profiles."""

    def __init__(self, settings: FlowSettings) -> None:
        self._every = settings.outcome_every
        self._horizon = self._horizon_ms(settings)
        self._people = WaitingMap(lambda raw: [each.until for each in _decode(raw)])
        self._out: list[Example] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        if not applied.in_session or applied.adopted:
            return
        event = applied.arrived.event
        bought = event.type == "purchase"
        if not (applied.new_session or bought):
            return
        key = f"{applied.profile.site}\0{applied.profile.id}"
        raw = self._people.get(key)
        if raw is not None:
            self._note(key, _decode(raw), applied, _worth(event) if bought else 0.0)
        if applied.new_session and is_turn(applied.profile.sessions, self._every):
            self._ask(key, applied, _worth(event) if bought else 0.0)

    def take(self, clock: int) -> list[Example]:
        """Return what came of the batch, and the outcomes that `clock` (ms) has decided."""
        for key in self._people.due(clock):
            raw = self._people.get(key)
            if raw is not None:
                self._settle(key, _decode(raw), clock)
        out, self._out = self._out, []
        return out

    def forget(self, gone: IsGone) -> None:
        """Forget the visits of people who are gone."""
        forget_people(self._people, gone)

    def dump(self, *, full: bool) -> bytes:
        """Return the visits that wait, or those that changed."""
        return self._people.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the visits that wait with what the parts say."""
        self._people.load(parts)

    def __len__(self) -> int:
        return len(self._people)

    def _note(self, key: str, visits: list[_Waiting], applied: Applied, bought: float) -> None:
        time = applied.arrived.event.time
        for waiting in visits:
            if waiting.example.time <= time < waiting.until:
                waiting.bought += bought
                waiting.again = waiting.again or applied.new_session
        self._people[key] = pack(visits)
        if applied.new_session:
            self._settle(key, visits, time)

    def _ask(self, key: str, applied: Applied, bought: float) -> None:
        profile, event = applied.profile, applied.arrived.event
        values = visit_features(profile, event.time)
        seq = applied.arrived.seq
        example = Example(profile.site, profile.id, seq, event.time, event.id, values)
        self._out.append(example)
        raw = self._people.get(key)
        visits = _decode(raw) if raw is not None else []
        if len(visits) >= OPEN_VISITS or (raw is None and len(self._people) >= PEOPLE_WAITING):
            return
        until = event.time + self._horizon
        visits.append(_Waiting(example, until, bought))
        self._people[key] = pack(visits)
        self._people.wait(key, until)

    def _settle(self, key: str, visits: list[_Waiting], clock: int) -> None:
        """Let go of the visits of a person that are decided at `clock`."""
        rest = []
        for waiting in visits:
            if not self._is_decided(waiting, clock):
                rest.append(waiting)
                continue
            label = self._label(waiting)
            if label is not None:
                waiting.example.label = label
                self._out.append(waiting.example)
        if rest:
            self._people[key] = pack(rest)
        else:
            self._people.pop(key)

    def _is_decided(self, waiting: _Waiting, clock: int) -> bool:
        return waiting.until <= clock

    @abstractmethod
    def _horizon_ms(self, settings: FlowSettings) -> int:
        """Return how long a visit waits."""

    @abstractmethod
    def _label(self, waiting: _Waiting) -> float | None:
        """Return the outcome; None if there is nothing to learn."""


class ChurnExamples(_OutcomeExamples):
    """1 if no other visit began within the horizon, else 0."""

    def _horizon_ms(self, settings: FlowSettings) -> int:
        return int(settings.outcome_days * DAY_MS)

    def _label(self, waiting: _Waiting) -> float | None:
        return 0.0 if waiting.again else 1.0


class SpendExamples(_OutcomeExamples):
    """What was bought from the visit's start until the horizon, the visit itself included."""

    def _horizon_ms(self, settings: FlowSettings) -> int:
        return int(settings.outcome_days * DAY_MS)

    def _label(self, waiting: _Waiting) -> float | None:
        return waiting.bought


class OrderExamples(_OutcomeExamples):
    """What the visit's order was worth; visits without one teach nothing."""

    def _horizon_ms(self, settings: FlowSettings) -> int:
        return DAY_MS

    def _is_decided(self, waiting: _Waiting, clock: int) -> bool:
        return waiting.again or waiting.until <= clock

    def _note(self, key: str, visits: list[_Waiting], applied: Applied, bought: float) -> None:
        if applied.new_session:
            # What is bought now belongs to the next visit.
            for waiting in visits:
                waiting.again = True
            self._settle(key, visits, applied.arrived.event.time)
        else:
            super()._note(key, visits, applied, bought)

    def _label(self, waiting: _Waiting) -> float | None:
        return waiting.bought or None


_decode = msgspec.msgpack.Decoder(list[_Waiting]).decode


def _worth(event: Event) -> float:
    return max(0.0, (event.price or 0.0) * quantity(event))
