"""Facts: what changed about a person, as something a campaign can wait for.

`ProfileFacts` reads them off applied events. `Standings` joins them with the models' scores and
segments, person by person, and turns a score that crosses a threshold upwards into a fact.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from contracts.codec import pack, unpack_standing
from contracts.conditions.levels import cart_value
from contracts.decisions import DECISION_VERSION, Fact, Standing
from contracts.keys import PROFILE_TTL_MS
from contracts.past import Past, moved, noted
from contracts.profile import Profile
from operators.durable import PackedMap
from operators.erased import IsGone, forget_people
from operators.happenings import Change, FactSlice, Gone, UserFact, UserScore
from operators.messages import View
from operators.profile import Applied

THRESHOLDS: Final[dict[str, tuple[tuple[float, str], ...]]] = {
    "intent": ((0.5, "intent_high"),),
    "overdue": ((1.0, "case_overdue"),),
}
"""Score name to the levels that make a fact when they are reached from below."""

SCORES_OF_A_KIND: Final = 4
"""Scores such as `response/CAMPAIGN` that a person keeps: the newest."""

ONCE: Final = frozenset({"first_seen"})
"""Facts that a person makes once: they are told, and the profile knows them; none is kept twice."""


class ProfileFacts:
    """An observer of profiles: which facts did this event make?"""

    def __init__(self) -> None:
        self._out: list[UserFact] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event; adopted events are old news."""
        if applied.adopted or applied.arrived.late:
            return
        for name, value in _changes(applied):
            self._out.append(_fact(applied, name, value))

    def __len__(self) -> int:
        return len(self._out)

    def take(self) -> list[UserFact]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out


def _changes(applied: Applied) -> list[tuple[str, Any]]:
    profile, event = applied.profile, applied.arrived.event
    changes: list[tuple[str, Any]] = []
    if applied.created:
        changes.append(("first_seen", event.time))
    if applied.new_session:
        changes.append(("sessions", profile.sessions))
    if event.type in ("add_to_cart", "remove_from_cart", "purchase"):
        changes.append(("cart_items", len(profile.cart)))
        changes.append(("cart_value", round(cart_value(profile), 2)))
    if event.type in ("purchase", "cancel", "return"):
        changes.append(("orders", profile.orders))
        changes.append(("monetary", round(profile.monetary, 2)))
    bot = profile.bot
    if bot is not None and bot.since == bot.last == event.time:
        changes.append(("bot", bot.reason))
    if event.type in ("complaint", "suggestion"):
        # Each is one of its own, also the second about an item.
        changes.append((event.type, event.id))
    if event.type in ("nps", "csat", "dislike"):
        changes.append((event.type, event.value if event.value is not None else event.item))
    if changes:
        changes.append(("stage", profile.stage))
    return changes


def _fact(applied: Applied, name: str, value: Any) -> UserFact:
    profile: Profile = applied.profile
    event = applied.arrived.event
    return UserFact(
        profile.site, profile.id, applied.arrived.seq, event.id, event.time, name, value
    )


class Standings:
    """One bucket of people's scores, segments and facts; `Durable`.

    `history` points are kept of each score's past.
    """

    def __init__(self, history: int = 0) -> None:
        self._history = history
        self._people = PackedMap()
        self._clock = 0
        self._changes: list[Change] = []

    def take_changes(self) -> list[Change]:
        """Return what became of scores and segments since the last time."""
        changes, self._changes = self._changes, []
        return changes

    def on_batch(self, slices: Sequence[FactSlice]) -> tuple[list[View], list[Fact]]:
        """Join one round's facts and scores; return the changed standings, and the new facts.

        Within a person, order is that of the events; a profile's facts come before the scores
        that were made of it.
        """
        open_: dict[str, Standing] = {}
        facts: list[Fact] = []
        views: dict[str, View] = {}
        for change in _in_order(slices):
            key = f"{change.site}\0{change.user}"
            if isinstance(change, Gone):
                open_.pop(key, None)
                self._people.pop(key)
                views[key] = View("standing", change.site, change.user, None)
                continue
            self._clock = max(self._clock, _time(change))
            standing = open_.get(key)
            if standing is None:
                standing = open_[key] = self._open(key, change.site, change.user)
            if isinstance(change, UserFact):
                _take_fact(standing, change, facts)
            else:
                self._changes += _take_score(standing, change, facts)
                if self._history:
                    _note(standing, change, self._history)
        for key, standing in open_.items():
            self._people[key] = packed = pack(standing)
            views[key] = View("standing", standing.site, standing.id, packed)
        return list(views.values()), facts

    def forget(self, gone: IsGone) -> list[View]:
        """Forget people; return their views, which end."""
        return [View("standing", *who, None) for who in forget_people(self._people, gone)]

    def dump(self, *, full: bool) -> bytes:
        """Return all standings, or those that changed."""
        if full:
            for key in [k for k in self._people if self._expired(unpack_standing(self._people[k]))]:
                self._people.pop(key)
        return pack((self._clock, self._people.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the standings with what the parts say."""
        decoded = [msgspec.msgpack.decode(part, type=tuple[int, bytes]) for part in parts]
        self._clock = decoded[-1][0] if decoded else 0
        self._people.load([people for _, people in decoded])

    def __len__(self) -> int:
        return len(self._people)

    def _open(self, key: str, site: str, user: str) -> Standing:
        raw = self._people.get(key)
        if raw is not None:
            standing = unpack_standing(raw)
            if not self._expired(standing):
                return standing
        return Standing(DECISION_VERSION, site, user)

    def _expired(self, standing: Standing) -> bool:
        # Said by the clock alone: when `dump` takes it away depends on the wall clock.
        return standing.as_of < self._clock - PROFILE_TTL_MS


def _time(change: UserFact | UserScore) -> int:
    return change.time if isinstance(change, UserFact) else change.score.time


def _in_order(slices: Sequence[FactSlice]) -> list[UserFact | UserScore | Gone]:
    changes: list[tuple[tuple[int, int, str], UserFact | UserScore | Gone]] = []
    for slice_ in slices:
        told: list[UserFact | Gone] = list(slice_.facts)
        for gone in reversed(slice_.gone):
            told.insert(gone.facts, gone)
        stage = "" if slice_.stage == "profile" else slice_.stage
        changes += [((one.seq, 0, stage), one) for one in told]
        changes += [((score.seq, 1, slice_.stage), score) for score in slice_.scores]
    changes.sort(key=lambda change: change[0])
    return [change for _, change in changes]


def _take_fact(standing: Standing, change: UserFact, facts: list[Fact]) -> None:
    previous = standing.facts.get(change.name)
    if previous == change.value:
        return
    if change.name not in ONCE:
        standing.facts[change.name] = change.value
    standing.as_of = max(standing.as_of, change.time)
    facts.append(_message(change, change.time, change.name, change.value, previous))


def _take_score(standing: Standing, change: UserScore, facts: list[Fact]) -> list[Change]:
    """Take a score, or a segment, in; return what changed."""
    score = change.score
    standing.as_of = max(standing.as_of, score.time)
    if change.segment is not None:
        previous = standing.segment
        if change.segment == previous or previous in change.near:
            return []
        facts.append(_message(change, score.time, "segment", change.segment, previous))
        standing.segment, standing.segment_since = change.segment, score.time
        return [_change(change, "segment", change.segment, previous)]
    before = standing.scores.get(score.name)
    old = None if before is None else before.value
    standing.scores[score.name] = score
    if before is None and "/" in score.name:
        _forget(standing, score.name.partition("/")[0])
    for level, name in THRESHOLDS.get(score.name, ()):
        if score.value >= level and (old is None or old < level):
            facts.append(_message(change, score.time, name, score.value, old))
    return [] if score.value == old else [_change(change, f"score.{score.name}", score.value, old)]


def _note(standing: Standing, change: UserScore, most: int) -> None:
    """Keep what a score, or the segment, was."""
    past = standing.past = standing.past or Past()
    score = change.score
    if change.segment is None:
        if "/" not in score.name:  # those of campaigns come and go
            raw = past.scores.get(score.name, b"")
            past.scores[score.name] = noted(raw, score.time, score.value, most)
    elif not past.segments or past.segments[-1][0] != standing.segment:
        past.segments = moved(past.segments, standing.segment or "", standing.segment_since)


def _change(of: UserScore, name: str, value: float | str, previous: float | str | None) -> Change:
    return Change(of.seq, of.site, of.user, of.event, of.score.time, name, value, previous)


def _forget(standing: Standing, kind: str) -> None:
    """Keep the newest scores of one kind, as of campaigns, which come and go."""
    of_kind = [score for name, score in standing.scores.items() if name.startswith(f"{kind}/")]
    of_kind.sort(key=lambda score: (score.time, score.name))
    for score in of_kind[:-SCORES_OF_A_KIND]:
        del standing.scores[score.name]


def _message(change: UserFact | UserScore, time: int, name: str, value: Any, previous: Any) -> Fact:
    return Fact(
        id=f"{change.site}/{change.user}/{name}/{change.event}",
        site=change.site,
        user=change.user,
        name=name,
        time=time,
        value=value,
        previous=previous,
        event=change.event,
    )
