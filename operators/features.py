"""From applied events to what the models learn from: examples, and rows to score.

Purchase intent is asked every few steps of a session, and answered when that is over, which is
noticed at the next visit, or when the bucket's clock has passed the gap: true if something was
bought in it. Not at the purchase: who buys would be known at once and who does not only later, and
on a young site, or where many come at a time, everybody would seem to buy (delayed feedback:
Chapelle, KDD 2014).
"""

import heapq
from collections.abc import Sequence
from zlib import crc32

import msgspec

from contracts.codec import pack
from contracts.settings import FlowSettings
from online_models.features import session_features, user_features
from operators.durable import PackedMap
from operators.erased import IsGone, forget_people
from operators.examples import Example
from operators.profile import Applied

OPEN_EXAMPLES = 2
"""Unanswered examples that a session may have; other steps are scored and not learnt from."""


class IntentExamples:
    """One bucket's sessions whose outcome is not known yet; `Durable`. An observer of profiles."""

    def __init__(self, settings: FlowSettings) -> None:
        self._every = settings.intent_every
        self._gap = settings.session_gap_seconds * 1000
        self._pending = PackedMap()
        self._deadlines: list[tuple[int, str]] = []
        self._out: list[Example] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        if not applied.in_session or applied.adopted:
            return
        profile, event = applied.profile, applied.arrived.event
        session = profile.session
        if session is None:
            return
        key = f"{profile.site}\0{profile.id}"
        if applied.new_session:
            self._settle(key, applied.arrived.seq)
        if event.type == "purchase":
            self._bought(key)
        if session.purchases or (session.events != 1 and session.events % self._every):
            return
        values = session_features(profile, event.time)
        example = Example(
            profile.site, profile.id, applied.arrived.seq, event.time, event.id, values
        )
        self._out.append(example)
        self._wait_for_outcome(key, example, session.last, self._steps(session.events))

    def take(self, clock: int) -> list[Example]:
        """Return what came of the batch, and settle the sessions over at `clock` (ms)."""
        while self._deadlines and self._deadlines[0][0] <= clock:
            _, key = heapq.heappop(self._deadlines)
            self._expire(key, clock)
        out, self._out = self._out, []
        return out

    def forget(self, gone: IsGone) -> None:
        """Forget the sessions of people who are gone."""
        forget_people(self._pending, gone)

    def dump(self, *, full: bool) -> bytes:
        """Return the open sessions, or those that changed."""
        return self._pending.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the open sessions with what the parts say."""
        self._pending.load(parts)
        self._deadlines = [(self._deadline(key), key) for key in self._pending]
        heapq.heapify(self._deadlines)

    def _steps(self, events: int) -> int:
        """Return how many steps of a session are asked about up to an event."""
        return events // self._every + (self._every > 1)

    def _wait_for_outcome(self, key: str, example: Example, last: int, steps: int) -> None:
        """Keep an example, or a fair share of them: any step is as likely as another to be kept.

        Were those of the first steps kept, of later ones the model would know nothing, and say
        anything (reservoir sampling: Vitter, Algorithm R, 1985).
        """
        raw = self._pending.get(key)
        waiting = _decode(raw)[1] if raw is not None else []
        place = crc32(example.event.encode()) % steps
        if len(waiting) < OPEN_EXAMPLES:
            waiting.append(example)
        elif place < OPEN_EXAMPLES:
            waiting[place] = example
        self._pending[key] = pack((last, waiting))
        if raw is None:
            heapq.heappush(self._deadlines, (last + self._gap, key))

    def _deadline(self, key: str) -> int:
        return _decode(self._pending[key])[0] + self._gap

    def _expire(self, key: str, clock: int) -> None:
        if self._pending.get(key) is None:
            return
        deadline = self._deadline(key)
        if deadline > clock:
            heapq.heappush(self._deadlines, (deadline, key))
        else:
            self._settle(key, None)

    def _bought(self, key: str) -> None:
        """Note what the open examples come to."""
        raw = self._pending.get(key)
        if raw is not None:
            last, waiting = _decode(raw)
            for example in waiting:
                example.label = 1.0
            self._pending[key] = pack((last, waiting))

    def _settle(self, key: str, seq: int | None) -> None:
        raw = self._pending.pop(key)
        if raw is None:
            return
        for example in _decode(raw)[1]:
            example.label = example.label or 0.0
            # Settled by an event: in that event's place. By the clock: in the example's own.
            example.seq = example.seq if seq is None else seq
            self._out.append(example)


_decode = msgspec.msgpack.Decoder(tuple[int, list[Example]]).decode


class SegmentExamples:
    """People whose segment is to be looked at again; has no state to save."""

    def __init__(self, settings: FlowSettings) -> None:
        self._every = settings.segment_every
        self._out: list[Example] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        profile, event = applied.profile, applied.arrived.event
        if profile.events != 3 and profile.events % self._every and event.type != "purchase":
            return
        self._out.append(
            Example(
                profile.site,
                profile.id,
                applied.arrived.seq,
                event.time,
                event.id,
                user_features(profile, event.time),
            )
        )

    def take(self, clock: int) -> list[Example]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """Take nothing back."""
