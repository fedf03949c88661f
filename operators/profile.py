"""The live profile: one person's events in, in the order they come, the changed profile out.

`apply` is the whole logic, on one profile. `Profiles` keeps a bucket of people as packed bytes
and says what changed; what else comes of an event (pairs, features, facts) hangs on it as
observers, which see the profile as the event left it. Those that teach models, the learners, see
nothing of programs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from contracts.codec import pack, unpack_profile
from contracts.erasures import ERASED
from contracts.events import FEEDBACK_TYPES, OWN_TYPES, PERSONALIZATION, Event, refuses
from contracts.keys import PROFILE_TTL_MS, alias_value
from contracts.profile import PROFILE_VERSION, TOUCH_TYPES, Profile, Recent, Session
from contracts.rejects import WithheldReason
from contracts.settings import FlowSettings
from operators import commerce, interests, satisfaction, sessions
from operators.bots import BotWatch
from operators.durable import PackedMap
from operators.erased import IsGone, forget_people
from operators.ledger import Ledger
from operators.messages import Arrived, Attributed, Ends, View

NO_CONSENT: Final = "no_consent"
DEVICES_KEPT: Final = 20
MARKS_KEPT: Final = 50
TRAITS_KEPT: Final = 20

COMMERCE: Final[dict[str, Callable[[Profile, Event], None]]] = {
    "add_to_cart": commerce.add_to_cart,
    "remove_from_cart": commerce.remove_from_cart,
    "purchase": commerce.purchase,
    "cancel": commerce.take_back,
    "return": commerce.take_back,
}


class Applied(NamedTuple):
    """One event as it was applied: what the observers of a profile see."""

    profile: Profile
    arrived: Arrived
    adopted: bool
    created: bool
    in_session: bool
    new_session: bool
    ended: Session | None
    before: list[Recent]


Observer = Callable[[Applied], None]


def apply(
    profile: Profile, arrived: Arrived, settings: FlowSettings, *, adopted: bool = False
) -> Applied:
    """Apply one event to a profile, in place.

    A late event counts, and what it bought is owned, but it moves no session, no recents and no
    `as_of`. A decision or a status is what the shop did: it changes nothing. Cost: 5 to 10 us.
    """
    event = arrived.event
    if event.type in OWN_TYPES:
        return Applied(profile, arrived, adopted, False, False, False, None, profile.recents)
    created = profile.first_seen == 0 and profile.events == 0
    before = profile.recents
    profile.first_seen = min(profile.first_seen or event.time, event.time)
    profile.events += 1
    profile.counts[event.type] = profile.counts.get(event.type, 0) + 1
    in_session, ended, sessions_before = False, None, profile.sessions
    if arrived.late:
        profile.late += 1
    else:
        in_session, ended = sessions.advance(profile, event, settings.session_gap_seconds * 1000)
        profile.last_seen = max(profile.last_seen, event.time)
        profile.as_of = max(profile.as_of, event.time)
        _remember(profile, event, settings.recents)
    _learn_interests(profile, arrived, settings)
    if (change := COMMERCE.get(event.type)) is not None:
        change(profile, event)
    if event.type in FEEDBACK_TYPES:
        satisfaction.hear(profile, event)
    _mark(profile, event)
    profile.stage = commerce.lifecycle(profile, profile.last_seen)
    new = profile.sessions > sessions_before
    return Applied(profile, arrived, adopted, created, in_session, new, ended, before)


def withheld(profile: Profile, item: Attributed) -> bool:
    """Return whether an event may not be applied, for want of consent to personalization.

    A refusal is all that is remembered of the event that says it, and holds for those that say
    nothing, until consent is given.
    """
    event = item.arrived.event
    said = refuses(event)
    if said:
        profile.consent = list(event.consent or ())
        profile.last_seen = max(profile.last_seen, event.time)
        return True
    if said is None:
        known = profile.consent
        return item.refused or (known is not None and PERSONALIZATION not in known)
    return False


class Profiles:
    """One bucket of people; `Durable`. Packed profiles are views and state in one.

    People unseen for longer than the profile's lifetime are forgotten at a full dump. `on_turn`
    is called in its turn among the observers' events for each that ends a person (a device that
    was identified, somebody who withdrew consent), and for each that makes a user of a device.
    """

    def __init__(
        self,
        settings: FlowSettings,
        observers: Sequence[Observer] = (),
        learners: Sequence[Observer] = (),
        on_turn: Callable[[Attributed], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._observers = observers
        self._learners = learners
        self._is_bot = BotWatch(settings) if settings.keep_bots_out else _nobody
        self._people = PackedMap()
        self._clock = 0
        self.ends = Ends()
        self.ledger = Ledger()
        self._on_turn = on_turn

    def on_batch(self, items: Sequence[Attributed], clock: int) -> list[View]:
        """Apply a batch in order; return the changed profiles, each once."""
        self._clock = max(self._clock, clock)
        open_: dict[str, Profile] = {}
        views: dict[str, View] = {}
        for item in items:
            event = item.arrived.event
            key = f"{event.site}\0{item.subject}"
            if item.merged_into or item.merged_from:
                self._turn(key, item, open_, views)
                continue
            if item.erased:
                self._withhold(item, ERASED)
                continue
            profile = open_.get(key)
            if profile is None:
                profile = open_[key] = self._open(key, event.site, item.subject)
            if withheld(profile, item):
                self._withhold(item, NO_CONSENT)
                continue
            applied = apply(profile, item.arrived, self._settings, adopted=item.adopted)
            if not item.adopted:
                self.ends.applied += 1
                self.ends.late += item.arrived.late
                self.ledger.add("applied", item.arrived.part, item.arrived.number)
            self._show(applied)
        for key, profile in open_.items():
            if profile.events == 0 and profile.consent is None:
                continue  # nobody: all of its events were withheld, as of a device that refused
            packed = pack(profile)
            if packed == self._people.get(key):
                continue  # the same as before: its events were withheld
            self._people[key] = packed
            views[key] = View("profile", profile.site, profile.id, packed)
        return list(views.values())

    def _withhold(self, item: Attributed, reason: WithheldReason) -> None:
        """Count an event that is not applied, and tell who does not want any to be."""
        if reason == NO_CONSENT and refuses(item.arrived.event):
            self._on_turn(item)
        if not item.adopted:
            self.ends.withheld[reason] = self.ends.withheld.get(reason, 0) + 1
            self.ledger.add("withheld", item.arrived.part, item.arrived.number)

    def _show(self, applied: Applied) -> None:
        """Let the observers see an event, and the learners too unless it is a program's."""
        event = applied.arrived.event
        if self._is_bot(applied.profile, event, in_session=applied.in_session):
            counts = self.ends.unlearnt
            counts["bot"] = counts.get("bot", 0) + (not applied.adopted)
        else:
            for learn in self._learners:
                learn(applied)
        for observe in self._observers:
            observe(applied)

    def dump(self, *, full: bool) -> bytes:
        """Return all people and counts, or those that changed."""
        if full:
            self._forget()
        people = self._people.dump(full=full)
        return pack(_Saved(self._clock, self.ends, people, self.ledger))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace people and counts with what the parts say."""
        decoded = [_parts.decode(part) for part in parts]
        if decoded:
            last = decoded[-1]
            self._clock, self.ends, self.ledger = last.clock, last.ends, last.ledger
        self._people.load([part.people for part in decoded])

    def forget(self, gone: IsGone) -> list[View]:
        """Forget people; return their views, which end."""
        return [View("profile", *who, None) for who in forget_people(self._people, gone)]

    def people(self) -> Iterator[Profile]:
        """Yield everybody, to look at."""
        return (unpack_profile(self._people[key]) for key in self._people)

    def __len__(self) -> int:
        return len(self._people)

    def _open(self, key: str, site: str, subject: str) -> Profile:
        raw = self._people.get(key)
        if raw is not None:
            profile = unpack_profile(raw)
            if not self._expired(profile):
                return profile
        return Profile(PROFILE_VERSION, site, subject)

    def _expired(self, profile: Profile) -> bool:
        """Say whether it is as if the person had never been here.

        It is the clock that says so, not whether `dump` has taken the profile away already: when
        that happens depends on the wall clock, and may change nothing. Whoever only ever came late
        was seen all the same, though no late event moves `last_seen`.
        """
        seen = max(profile.last_seen, profile.first_seen)
        return seen < self._clock - PROFILE_TTL_MS

    def _turn(
        self, key: str, item: Attributed, open_: dict[str, Profile], views: dict[str, View]
    ) -> None:
        """End the profile of a device that turned out to be a user's; tell both sides of it."""
        if item.merged_into:
            open_.pop(key, None)
            self._people.pop(key)
            site, alias = item.arrived.event.site, alias_value(item.merged_into)
            views[key] = View("profile", site, item.subject, alias)
        self._on_turn(item)

    def _forget(self) -> None:
        for key in [k for k in self._people if self._expired(unpack_profile(self._people[k]))]:
            self._people.pop(key)


def _nobody(profile: Profile, event: Event, *, in_session: bool) -> bool:
    return False


class _Saved(Struct, array_like=True):
    clock: int
    ends: Ends
    people: bytes
    ledger: Ledger = msgspec.field(default_factory=Ledger)


_parts = msgspec.msgpack.Decoder(_Saved)


def _remember(profile: Profile, event: Event, limit: int) -> None:
    if event.item is None or event.type not in TOUCH_TYPES:
        return
    recent = Recent.of(event.item, event.type, event.time)
    # A new list: observers hold the one from before the event.
    recents = profile.recents
    if not recents or recents[-1].time <= event.time:
        profile.recents = [*recents[-limit + 1 :], recent] if limit > 1 else [recent]
        return
    profile.recents = sorted([*recents, recent], key=_recent_time)[-limit:]


def _recent_time(recent: Recent) -> int:
    return recent.time


def _learn_interests(profile: Profile, arrived: Arrived, settings: FlowSettings) -> None:
    event = arrived.event
    weight = interests.EVENT_WEIGHTS.get(event.type)
    if weight is None:
        return
    if event.type == "rating":
        weight *= satisfaction.opinion_of(event) or 0.0
    half_life = settings.interest_half_life_days * commerce.DAY_MS
    limit = settings.interests
    named = [(profile.tags, tag) for tag in arrived.tags]
    if arrived.category:
        named.append((profile.categories, arrived.category))
    if arrived.brand:
        named.append((profile.brands, arrived.brand))
    for entries, name in named:
        interests.add(profile, entries, name, weight, event.time, half_life, limit)


def _mark(profile: Profile, event: Event) -> None:
    """Keep the small marks an event leaves: impressions, dislikes, consent, traits, devices."""
    if event.item is not None:
        if event.type == "impression":
            profile.impressions[event.item] = profile.impressions.pop(event.item, 0) + 1
            _keep_newest(profile.impressions, MARKS_KEPT)
        elif event.type in ("dislike", "return"):
            # What was sent back is no more to be shown than what was disliked.
            profile.disliked[event.item] = event.time
            _keep_newest(profile.disliked, MARKS_KEPT)
        elif event.type in TOUCH_TYPES:
            profile.impressions.pop(event.item, None)
            if event.type in ("like", "purchase"):
                profile.disliked.pop(event.item, None)
    if event.consent is not None:
        profile.consent = list(event.consent)
    if event.type == "identify":
        _take_traits(profile, event.props)
    if event.device is not None and event.device not in profile.devices and event.user is not None:
        profile.devices = [*profile.devices, event.device][-DEVICES_KEPT:]


def _take_traits(profile: Profile, props: dict[str, Any]) -> None:
    for name, value in props.items():
        if isinstance(value, (str, int, float, bool)) and len(name) <= 64:
            profile.traits[name] = value[:256] if isinstance(value, str) else value
    _keep_newest(profile.traits, TRAITS_KEPT)


def _keep_newest(entries: dict[str, Any], limit: int) -> None:
    while len(entries) > limit:
        del entries[next(iter(entries))]
