"""The stages of the graph: one key's messages in, messages out, around the pure operators.

Each is `Durable`, so that the dataflow can run it under a key, save it by what changed, and
resume it. A message that leaves a stage is either for its own key (`Views`, `FactSlice`, ...) or
names the key that it goes to, as a pair.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from contracts.codec import encode_json, pack
from contracts.conditions.vocabulary import LEVELS
from contracts.erasures import Erased
from contracts.events import DEVICE_PREFIX
from contracts.keys import EVERY_SITE
from contracts.settings import FlowSettings
from operators import routing
from operators.campaigns.book import Book
from operators.campaigns.moments import Moments
from operators.dedupe import Dedupe
from operators.erased import Forgets, IsGone
from operators.facts import ProfileFacts, Standings
from operators.families import families_of
from operators.happenings import CampaignSlice, Change, FactSlice, Gone, Happening, Joined, Moment
from operators.identify import Identify
from operators.ledger import Ledger, origin_number
from operators.messages import (
    LIVE_ROUND,
    Attributed,
    AttributedSlice,
    Ends,
    Facts,
    Lesson,
    Refused,
    Slice,
    UserSlice,
    View,
    Views,
)
from operators.profile import Profiles
from operators.resequence import HasRound, Resequence
from operators.touchpoints import Touchpoints

Message = Any
R = TypeVar("R", bound=HasRound)


def ends_view(stage: str, key: str, ends: Ends) -> View:
    """Return the view of how many events one owner has ended, and how."""
    return View("ends", EVERY_SITE, f"{stage}/{key}", encode_json(ends))


class EndsStage:
    """Counts what the first step did not let through, one key a source partition."""

    def __init__(self) -> None:
        self.ends = Ends()
        self.ledger = Ledger()

    def on_batch(self, messages: Sequence[Refused]) -> list[Message]:
        """Count a batch."""
        for message in messages:
            self.ends.add(message.ends)
            for record in message.records:
                self.ledger.add("rejected", message.number, origin_number(record.origin))
        return [Views([ends_view("clean", messages[0].part, self.ends)])]

    def dump(self, *, full: bool) -> bytes:  # small: always whole
        """Return the counts."""
        return pack((self.ends, self.ledger))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the counts."""
        if parts:
            self.ends, self.ledger = msgspec.msgpack.decode(parts[-1], type=tuple[Ends, Ledger])


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

    def __init__(self, settings: FlowSettings, erased: Erased | None = None) -> None:
        self._identify = Identify(settings.adopt_events, erased)

    def on_batch(self, messages: Sequence[Slice]) -> list[Message]:
        """Return the slices with a subject for each event."""
        return [
            AttributedSlice(
                slice_.round, slice_.clock, self._identify.on_batch(slice_.items, slice_.clock)
            )
            for slice_ in messages
        ]

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget the devices of people who are gone."""
        self._identify.forget(gone)
        return []

    def dump(self, *, full: bool) -> bytes:
        """Return the devices."""
        return self._identify.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the devices."""
        self._identify.load(parts)


class ProfileStage:
    """Live profiles and what is learnt from them, one key a bucket of users."""

    def __init__(self, settings: FlowSettings, book: Book | None = None) -> None:
        self._touchpoints = Touchpoints(settings)
        self._makers = {
            family.name: family.make_examples(settings) for family in families_of(settings)
        }
        self._facts = ProfileFacts()
        self._moments = Moments(Book() if book is None else book)
        families = families_of(settings)
        watching = [self._makers[family.name] for family in families if family.sees_bots]
        learning = [self._makers[family.name] for family in families if not family.sees_bots]
        self._profiles = Profiles(
            settings,
            [*watching, self._facts, self._moments],
            [self._touchpoints, *learning],
            self._note_turn,
        )
        self._gone: list[Gone] = []
        self._joined: list[Joined] = []

    def on_batch(self, messages: Sequence[UserSlice]) -> list[Message]:
        """Return the changed profiles, the lessons for the models, and the facts."""
        out: list[Message] = []
        views: dict[tuple[str, str], View] = {}
        for slice_ in messages:
            for view in self._profiles.on_batch(slice_.items, slice_.clock):
                views[view.site, view.id] = view
            points, named = self._touchpoints.take()
            examples = {
                name: list(maker.take(slice_.clock)) for name, maker in self._makers.items()
            }
            gone, self._gone = self._gone, []
            joined, self._joined = self._joined, []
            facts, moments = self._facts.take(), self._moments.take()
            # In a replay their receivers count on a message from each bucket, an empty one too.
            counted = slice_.round != LIVE_ROUND
            if counted or points or named or any(examples.values()):
                out.append(Lesson(slice_.round, points, named, examples))
            if counted or facts or gone or joined or moments:
                told = FactSlice(slice_.round, "profile", facts, [])
                told.gone, told.moments, told.joined = gone, moments, joined
                told.clock = slice_.clock
                out.append(told)
        if any(slice_.items for slice_ in messages):
            ends = ends_view("profile", messages[0].bucket, self._profiles.ends)
            out.insert(0, Views([*views.values(), ends]))
        return out

    def _note_turn(self, item: Attributed) -> None:
        event, seq = item.arrived.event, item.arrived.seq
        place, into, device = len(self._moments), item.merged_into, item.merged_from
        if device is None:
            gone = Gone(event.site, item.subject, seq, len(self._facts), place)
            gone.event, gone.into = event.id, into or ""
            self._gone.append(gone)
        else:
            joined = Joined(event.site, item.subject, seq, place, device, event.id)
            self._joined.append(joined)

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget people who are gone, and what waits for what becomes of them."""
        for maker in self._makers.values():
            if isinstance(maker, Forgets):
                maker.forget(gone)
        views = self._profiles.forget(gone)
        return [Views(views)] if views else []

    def dump(self, *, full: bool) -> bytes:
        """Return the people, and the examples that wait for what becomes of them."""
        waiting = {name: maker.dump(full=full) for name, maker in self._makers.items()}
        return pack((self._profiles.dump(full=full), waiting))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the people, and the examples that wait."""
        decoded = [_profile_parts.decode(part) for part in parts]
        self._profiles.load([people for people, _ in decoded])
        for name, maker in self._makers.items():
            maker.load([waiting[name] for _, waiting in decoded if name in waiting])


def people_in(parts: Sequence[bytes]) -> list[bytes]:
    """Return what `Profiles` loads of the parts that a `ProfileStage` was saved in."""
    return [_profile_parts.decode(part)[0] for part in parts]


_profile_parts = msgspec.msgpack.Decoder(tuple[bytes, dict[str, bytes]])


class FactStage:
    """Standings and facts, one key a bucket of users; and what campaigns are told of both."""

    def __init__(self, settings: FlowSettings, book: Book | None = None) -> None:
        self._book = Book() if book is None else book
        # The profiles, and the models.
        senders = 1 + sum(family.scores for family in families_of(settings))
        self._rounds = Resequence(senders, FactSlice)
        self._standings = Standings(settings.score_history)

    def on_batch(self, messages: Sequence[FactSlice]) -> list[Message]:
        """Return the changed standings, and the new facts."""
        out: list[Message] = []
        for slices in self._rounds.on_batch(messages):
            views, facts = self._standings.on_batch(slices)
            if views:
                out.append(Views(views))
            if facts:
                out.append(Facts(facts))
            changes = self._standings.take_changes()
            known = [one for one in changes if one.name in LEVELS and self._book.knows(one.site)]
            if slices[0].round == LIVE_ROUND or len(self._book):
                out += _for_campaigns(slices, known)
        return out

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget people who are gone."""
        views = self._standings.forget(gone)
        return [Views(views)] if views else []

    def dump(self, *, full: bool) -> bytes:
        """Return the standings, and the rounds that are not complete."""
        return pack((self._rounds.dump(full=full), self._standings.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the standings and rounds."""
        decoded = [msgspec.msgpack.decode(part, type=tuple[bytes, bytes]) for part in parts]
        self._rounds.load([rounds for rounds, _ in decoded])
        self._standings.load([people for _, people in decoded])


def _for_campaigns(slices: Sequence[FactSlice], changes: list[Change]) -> list[CampaignSlice]:
    """Return what happened in one round: to users, and to devices without one."""
    happened: list[Happening] = []
    for slice_ in slices:
        told: list[Moment | Gone | Joined] = list(slice_.moments)
        turns: list[Gone | Joined] = [*slice_.gone, *slice_.joined]
        turns.sort(key=lambda turn: turn.moments)
        for turn in reversed(turns):
            told.insert(turn.moments, turn)
        happened += told
    happened += changes
    round_, clock = slices[0].round, max(slice_.clock for slice_ in slices)
    if round_ == LIVE_ROUND and not happened:
        return []
    happened.sort(key=lambda one: (one.seq, isinstance(one, Change)))
    out = [CampaignSlice(round_, clock, [], devices) for devices in (False, True)]
    for one in happened:
        out[one.user.startswith(DEVICE_PREFIX)].happened.append(one)
    # In a replay a round says how far time has come, for timers.
    return [slice_ for slice_ in out if slice_.happened or round_ != LIVE_ROUND]


class OrderStage(Generic[R]):
    """A replay's messages put back into order between two kinds of keys; one key in all.

    `senders` messages of `type_` make a round; `route` says what each key gets of one.
    """

    def __init__(
        self, senders: int, type_: type[R], route: Callable[[Sequence[R]], list[routing.Keyed]]
    ) -> None:
        self._rounds = Resequence(senders, type_)
        self._route = route

    def on_batch(self, messages: Sequence[R]) -> list[Message]:
        """Return each complete round, as one message a key that it concerns."""
        return [out for round_ in self._rounds.on_batch(messages) for out in self._route(round_)]

    def dump(self, *, full: bool) -> bytes:
        """Return the rounds that are not complete."""
        return self._rounds.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rounds."""
        self._rounds.load(parts)
