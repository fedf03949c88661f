"""The stages of the graph: one key's messages in, messages out, around the pure operators.

Each is `Durable`, so that the dataflow can run it under a key, save it by what changed, and
resume it. A message that leaves a stage is either for its own key (`Views`, `FactSlice`, ...) or
names the key that it goes to, as a pair.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.codec import encode_json, pack
from contracts.keys import EVERY_SITE
from contracts.settings import FlowSettings
from operators import routing
from operators.dedupe import Dedupe
from operators.facts import ProfileFacts, Standings
from operators.features import IntentExamples, SegmentExamples
from operators.identify import Identify
from operators.messages import (
    LIVE_ROUND,
    AttributedSlice,
    Ends,
    Facts,
    FactSlice,
    Lesson,
    Refused,
    Slice,
    UserSlice,
    View,
    Views,
)
from operators.profile import Profiles
from operators.resequence import Resequence
from operators.touchpoints import Touchpoints

Message = Any


def ends_view(stage: str, key: str, ends: Ends) -> View:
    """Return the view of how many events one owner has ended, and how."""
    return View("ends", EVERY_SITE, f"{stage}/{key}", encode_json(ends))


class EndsStage:
    """Counts what the first step did not let through, one key a source partition."""

    def __init__(self) -> None:
        self._ends = Ends()

    def on_batch(self, messages: Sequence[Refused]) -> list[Message]:
        """Count a batch."""
        for message in messages:
            self._ends.add(message.ends)
        return [Views([ends_view("clean", messages[0].part, self._ends)])]

    def dump(self, *, full: bool) -> bytes:  # small: always whole
        """Return the counts."""
        return pack(self._ends)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the counts."""
        if parts:
            self._ends = msgspec.msgpack.decode(parts[-1], type=Ends)


class DedupeStage:
    """The first of each event, one key a bucket of devices."""

    def __init__(self, settings: FlowSettings) -> None:
        limit = settings.dedupe_max_ids // settings.buckets
        self._dedupe = Dedupe(settings.dedupe_hours, limit)

    def on_batch(self, messages: Sequence[Slice]) -> list[Message]:
        """Return the slices without repeats, and how many repeats there were if any."""
        before = self._dedupe.duplicates
        out: list[Message] = [
            Slice(
                slice_.bucket,
                slice_.round,
                slice_.clock,
                self._dedupe.on_batch(slice_.items, slice_.clock),
            )
            for slice_ in messages
        ]
        if self._dedupe.duplicates > before:
            ends = Ends(duplicate=self._dedupe.duplicates)
            out.append(Views([ends_view("dedupe", messages[0].bucket, ends)]))
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return the memory of ids."""
        return self._dedupe.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the memory of ids."""
        self._dedupe.load(parts)


class IdentifyStage:
    """Whose each event is, one key a bucket of devices."""

    def __init__(self, settings: FlowSettings) -> None:
        self._identify = Identify(settings.adopt_events)

    def on_batch(self, messages: Sequence[Slice]) -> list[Message]:
        """Return the slices with a subject for each event."""
        return [
            AttributedSlice(
                slice_.round, slice_.clock, self._identify.on_batch(slice_.items, slice_.clock)
            )
            for slice_ in messages
        ]

    def dump(self, *, full: bool) -> bytes:
        """Return the devices."""
        return self._identify.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the devices."""
        self._identify.load(parts)


class ProfileStage:
    """Live profiles and what is learnt from them, one key a bucket of users."""

    def __init__(self, settings: FlowSettings) -> None:
        self._touchpoints = Touchpoints(settings)
        self._intent = IntentExamples(settings)
        self._segments = SegmentExamples(settings)
        self._facts = ProfileFacts()
        self._profiles = Profiles(
            settings, [self._touchpoints, self._intent, self._segments, self._facts]
        )

    def on_batch(self, messages: Sequence[UserSlice]) -> list[Message]:
        """Return the changed profiles, the lessons for the models, and the facts."""
        out: list[Message] = []
        views: dict[tuple[str, str], View] = {}
        for slice_ in messages:
            for view in self._profiles.on_batch(slice_.items, slice_.clock):
                views[view.site, view.id] = view
            points, named = self._touchpoints.take()
            intent, segments = self._intent.take(slice_.clock), self._segments.take()
            gone = [
                (item.arrived.event.site, item.subject)
                for item in slice_.items
                if item.merged_into is not None
            ]
            facts = self._facts.take()
            # In a replay their receivers count on a message from each bucket, an empty one too.
            counted = slice_.round != LIVE_ROUND
            if counted or points or named or intent or segments:
                out.append(Lesson(slice_.round, points, named, intent, segments))
            if counted or facts or gone:
                out.append(FactSlice(slice_.round, "profile", facts, [], gone))
        if views:
            ends = ends_view("profile", messages[0].bucket, self._profiles.ends)
            out.insert(0, Views([*views.values(), ends]))
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return the people, and the sessions whose outcome is open."""
        return pack((self._profiles.dump(full=full), self._intent.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the people, and the sessions whose outcome is open."""
        decoded = [msgspec.msgpack.decode(part, type=tuple[bytes, bytes]) for part in parts]
        self._profiles.load([people for people, _ in decoded])
        self._intent.load([sessions for _, sessions in decoded])


class FactStage:
    """Standings and facts, one key a bucket of users."""

    def __init__(self, senders: int) -> None:
        self._rounds = Resequence(senders, FactSlice)
        self._standings = Standings()

    def on_batch(self, messages: Sequence[FactSlice]) -> list[Message]:
        """Return the changed standings, and the new facts."""
        out: list[Message] = []
        for slices in self._rounds.on_batch(messages):
            views, facts = self._standings.on_batch(slices)
            if views:
                out.append(Views(views))
            if facts:
                out.append(Facts(facts))
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return the standings, and the rounds that are not complete."""
        return pack((self._rounds.dump(full=full), self._standings.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the standings and rounds."""
        decoded = [msgspec.msgpack.decode(part, type=tuple[bytes, bytes]) for part in parts]
        self._rounds.load([rounds for rounds, _ in decoded])
        self._standings.load([people for _, people in decoded])


class UserOrderStage:
    """A replay's events put back into order between devices and users; one key in all."""

    def __init__(self, settings: FlowSettings) -> None:
        self._buckets = settings.buckets
        self._rounds = Resequence(settings.buckets, AttributedSlice)

    def on_batch(self, messages: Sequence[AttributedSlice]) -> list[Message]:
        """Return each complete round, as one message a bucket of users."""
        rounds = self._rounds.on_batch(messages)
        return [out for r in rounds for out in routing.to_users(r, self._buckets, every=True)]

    def dump(self, *, full: bool) -> bytes:
        """Return the rounds that are not complete."""
        return self._rounds.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rounds."""
        self._rounds.load(parts)


class LessonOrderStage:
    """A replay's lessons put back into order between users and models; one key in all."""

    def __init__(self, settings: FlowSettings) -> None:
        self._shards = settings.shards
        self._rounds = Resequence(settings.buckets, Lesson)

    def on_batch(self, messages: Sequence[Lesson]) -> list[Message]:
        """Return each complete round, as one message a model or item shard."""
        rounds = self._rounds.on_batch(messages)
        return [out for r in rounds for out in routing.to_models(r, self._shards, every=True)]

    def dump(self, *, full: bool) -> bytes:
        """Return the rounds that are not complete."""
        return self._rounds.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rounds."""
        self._rounds.load(parts)
