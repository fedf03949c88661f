"""The stage of campaigns: one bucket of people, what happened to them in, triggers out."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from contracts.codec import pack
from contracts.conditions import compile_condition
from contracts.conditions import vocabulary as words
from contracts.decisions import Trigger
from contracts.settings import FlowSettings
from operators.campaigns.book import Active, Book
from operators.campaigns.crowd import Crowd, unpack_watched
from operators.campaigns.deciding import decide, refusal
from operators.campaigns.firings import Firings
from operators.campaigns.item_changes import AGAIN_MS, ItemChanges
from operators.campaigns.joining import Joining, take_over
from operators.campaigns.look import Look, Timer, fields_of
from operators.campaigns.people import LEVEL_NAMES, Watched, follow, remember, take
from operators.campaigns.refusing import FREE
from operators.campaigns.results import Results
from operators.campaigns.rules import ITEM_TYPES, Needs, Prepared, Rules
from operators.campaigns.thresholds import Orders
from operators.campaigns.timers import WAITED, due_timers
from operators.catalogue import Catalogue, ItemChange
from operators.erased import IsGone
from operators.happenings import CampaignSlice, Change, Gone, Handover, Handovers, Happening, Moment
from operators.messages import LIVE_ROUND, Tick, Triggers, Views
from operators.resequence import Resequence

GRACE_MS: Final = 2_000
"""Timers wait so long for events that are on their way from one stage to the next."""
MANY: Final = 16
"""Of so many conditions their plain comparisons are made at once."""

NOTHING: Final = Prepared.of(compile_condition("segment == ''"))
"""Stands for the condition of what waited, which was true then."""


class CampaignStage:
    """Watches one bucket of people for the campaigns in force; `Durable`.

    There is one for users and, before it, one for devices without a user, which hands over what it
    knew of those who sign in (`joining`). `senders` send a slice in each round of a replay.

    Live, timers advance on the person's own events, and for everybody on the clock records of the
    log: to the time that all source partitions have come to. In a replay rounds say the time.
    """

    def __init__(
        self, settings: FlowSettings, book: Book, catalogue: Catalogue, senders: int = 1
    ) -> None:
        self._rounds = Resequence(senders, CampaignSlice)
        self._joining = Joining()
        self._book = book
        self._items = ItemChanges(catalogue)
        self._crowd = Crowd()
        self._results = Results(settings)
        self._clock = 0
        self._parts: dict[str, int] = {}
        self._firings = Firings(settings.buckets)
        self._timers_of: dict[str, object] = {}
        self._out: list[Trigger] = []

    def on_batch(self, messages: Sequence[CampaignSlice | Tick]) -> list[Any]:
        """Take in what happened; return the triggers, the counts if they changed, what goes on."""
        self._out = []
        live, handed = True, []
        for message in messages:
            if isinstance(message, Tick):
                self._tick(message)
                continue
            for slices in self._rounds.on_batch([message]):
                live = live and message.round == LIVE_ROUND
                handed += self._take(slices)
        if not len(self._book):
            return handed
        self._crowd.close(self._needs_of)
        self._look_for_new_timers()
        self._crowd.catch_up(self._needs_of, whole=not live)
        out: list[Any] = [*handed, Triggers(self._out)] if self._out else handed
        if counts := self._firings.view(self._clock, at_once=not live):
            out.append(Views([counts]))
        if results := self._results.views():
            out.append(Views(results))
        return out

    def _take(self, slices: Sequence[CampaignSlice]) -> list[Handovers]:
        """Take in a round, or what came live; return what devices hand over."""
        round_, live = slices[0].round, slices[0].round == LIVE_ROUND
        if not live:
            # A run that was resumed has its timers in place before it goes on.
            self._crowd.catch_up(self._needs_of, whole=True)
        clock = max(slice_.clock for slice_ in slices)
        self._clock = max(self._clock, clock)
        happened = [one for slice_ in slices for one in slice_.happened]
        # In a round all that is handed over is there before anybody waits for it.
        happened.sort(key=lambda one: not isinstance(one, Handover))
        handed: list[Handover] = []
        for told in happened:
            for one in self._joining.ready(told):
                self._happened(one, handed)
        if not live:
            self._advance(clock)
            self._items.done = clock
        of_devices = slices[0].devices and (handed or not live)
        return [Handovers(round_, clock, handed)] if of_devices else []

    def _happened(self, one: Happening, handed: list[Handover]) -> None:
        if isinstance(one, Moment):
            self._moment(one)
        elif isinstance(one, Change):
            self._change(one)
        elif isinstance(one, Handover):
            self._take_over(one)
        elif isinstance(one, Gone):
            watched = self._crowd.taken(one.site, one.user)
            windows = self._results.taken(one.site, one.user)
            if one.into:
                who = one.site, one.into, one.seq, one.user, one.event
                handed.append(Handover(*who, watched, windows))

    def _take_over(self, handover: Handover) -> None:
        """Let a user be who had a device."""
        site, user = handover.site, handover.user
        if handover.watched is not None:
            person, device = self._crowd.get(site, user), unpack_watched(handover.watched)
            if person.seen:
                self._timers(person, self._rules(site), device.checked)
            take_over(person, device)
        if handover.windows is not None:
            self._results.take_over(site, user, handover.windows)

    def _tick(self, tick: Tick) -> None:
        self._parts[tick.part] = max(tick.clock, self._parts.get(tick.part, 0))
        self._clock = max(self._clock, tick.clock)
        clock = min(self._parts.values()) - GRACE_MS
        self._advance(clock)
        self._items.done = max(self._items.done, clock - AGAIN_MS)

    def _advance(self, clock: int) -> None:
        """Let time pass for everybody."""
        for change in self._items.until(clock):
            self._item(change)
        self._crowd.settle(self._needs_of)
        for person in self._crowd.due(clock):
            if self._joining.waits(person.site, person.id):
                continue
            self._timers(person, self._rules(person.site), clock)

    def _moment(self, moment: Moment) -> None:
        event = moment.arrived.event
        rules = self._rules(event.site)
        if not rules.campaigns:
            self._count(moment)
            return
        person = self._crowd.get(event.site, moment.user)
        if person.seen:
            self._timers(person, rules, event.time)
        self._count(moment)
        changes = take(person, moment)
        remember(person, moment, rules.needs)
        person.checked = max(person.checked, event.time)
        if rules.needs.items and event.item and event.type in ITEM_TYPES:
            self._crowd.note_view(person, event.item)
        for name in rules.needs.trends.keys() & set(LEVEL_NAMES):
            follow(person, name, person.level(name), event.time, rules.needs)
        if moment.adopted:
            return
        look = Look(person, event.time, event.id)
        look.event, look.changes = moment.arrived, changes
        self._fire(
            look, rules, [*rules.of_event(fields_of(moment.arrived)), *_changed(look, rules)]
        )

    def _count(self, moment: Moment) -> None:
        """Let what was triggered before have what came of it."""
        if not moment.adopted:
            self._results.see(moment.arrived.event, moment.user)

    def _change(self, change: Change) -> None:
        rules = self._rules(change.site)
        if not rules.campaigns:
            return
        person = self._crowd.get(change.site, change.user)
        name = change.name
        before = words.EMPTY[name] if change.previous is None else change.previous
        person.scores[name] = change.value
        person.seen = max(person.seen, change.time)
        if change.previous is not None and not person.trends.get(name):
            follow(person, name, before, change.time - 1, rules.needs)
        follow(person, name, change.value, change.time, rules.needs)
        look = Look(person, change.time, change.event)
        look.changes = {name: before}
        self._fire(look, rules, rules.of_change(name, before, look))

    def _timers(self, person: Watched, rules: Rules[Active], until: int) -> None:
        for timer in due_timers(person, rules.needs, until):
            look = Look(person, timer.due, timer.cause)
            look.timer = timer
            person.checked = max(person.checked, timer.due)
            if timer.key[0] == WAITED:
                self._release(look, rules, timer)
            else:
                self._fire(look, rules, [rules.at(timer.key)])
        person.checked = max(person.checked, until)

    def _release(self, look: Look, rules: Rules[Active], timer: Timer) -> None:
        """Let go what waited for the end of quiet hours, if it still may."""
        person = look.person
        (waiting,) = [one for one in person.waiting if one.campaign == timer.key[1]]
        person.waiting = [one for one in person.waiting if one is not waiting]
        active = next((one for one in rules.campaigns if one.id == waiting.campaign), None)
        if active is None:
            return
        reason, trigger = refusal(active, look), None
        if reason is None:
            reason, trigger = decide(active, NOTHING, look, waiting)
        self._keep(trigger)
        self._firings.add(person.site, person.id, active.id, reason)

    def _item(self, change: ItemChange) -> None:
        site, item = change.new.site, change.new.id
        rules = self._rules(site) if self._book.knows(site) else None
        if rules is None or not rules.needs.items:
            return
        kinds = ("price_drop", "back_in_stock")
        waiting = [orders for kind in kinds for orders in rules.of_item(kind)]
        for person in self._crowd.viewers(site, item):
            self._timers(person, rules, change.time)
            look = Look(person, change.time, f"{item}@{change.time}")
            look.item = change
            look.seen_price = self._items.price_seen(person, change)
            self._fire(look, rules, waiting)

    def _fire(self, look: Look, rules: Rules[Active], found: Iterable[Orders]) -> None:
        """Look at conditions by their campaigns' priority; a campaign fires once a moment."""
        parts = [orders for orders in found if orders.size]
        if not parts:
            return
        orders = np.concatenate(parts)
        sifted = orders.size > MANY
        if sifted:
            orders = self._sift(orders, look, rules)
        if not orders.size:
            return
        person = look.person
        done: set[str] = set()
        for order in sorted(set(orders.tolist())):
            _, active, prepared = rules.every[order]
            if active.id in done or look.time < active.since:
                continue
            if not sifted and not rules.sieve.holds(order, look):
                continue
            what: str | None = refusal(active, look)
            if what is None:
                look.used = []
                if not prepared.condition.holds(look) or _held_before(prepared, look):
                    continue
                what, trigger = decide(active, prepared, look)
                self._keep(trigger)
            done.add(active.id)
            self._firings.add(person.site, person.id, active.id, what)

    def _keep(self, trigger: Trigger | None) -> None:
        if trigger is not None:
            self._firings.note(trigger)
            self._out.append(trigger)
            self._results.assign(trigger)

    def _sift(self, orders: Orders, look: Look, rules: Rules[Active]) -> Orders:
        """Return those of many conditions that may fire; count why others may not."""
        orders = rules.sieve.passing(orders, look)
        places = rules.place_of.take(orders)
        codes = rules.refusals.of(places, look)
        if orders.size:
            person = look.person
            self._firings.add_many(person.site, person.id, rules, places, codes)
        free: Orders = orders[codes == FREE]
        return free

    def _rules(self, site: str) -> Rules[Active]:
        return self._book.rules(site, self._clock)

    def _needs_of(self, site: str) -> Needs | None:
        return self._rules(site).needs if self._book.knows(site) else None

    def _look_for_new_timers(self) -> None:
        for site in self._book.sites:
            needs = self._rules(site).needs
            timers = (frozenset(needs.quiets), frozenset(needs.occasions))
            if self._timers_of.get(site) != timers:
                self._timers_of[site] = timers
                self._crowd.reschedule()

    def forget(self, gone: IsGone) -> list[Any]:
        """Forget people who are gone: what was seen of them, timers, caps, windows."""
        self._joining.forget(gone)
        self._crowd.forget(gone)
        self._results.forget_gone(gone)
        return []

    def dump(self, *, full: bool) -> bytes:
        """Return the people, or those that changed; and what is known of all of them."""
        people = self._crowd.dump(full=full, clock=self._clock)
        results = self._results.dump(full=full)
        rounds = self._rounds.dump(full=full)
        known = self._clock, self._parts, self._items.done, self._firings.dump()
        return pack((*known, people, results, rounds))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace everything."""
        decoded = [_parts.decode(part) for part in parts]
        if decoded:
            self._clock, self._parts, self._items.done, firings = decoded[-1][:4]
            self._firings.load(firings)
        self._crowd.load([people for *_, people, _, _ in decoded])
        self._results.load([results for *_, results, _ in decoded])
        self._rounds.load([rounds for *_, rounds in decoded])


_parts = msgspec.msgpack.Decoder(tuple[int, dict[str, int], int, bytes, bytes, bytes, bytes])


def _changed(look: Look, rules: Rules[Active]) -> Iterable[Orders]:
    """Yield the rules that levels, and counts, may have made true at an event."""
    for name, old in look.changes.items():
        yield from rules.of_change(name, old, look)
    assert look.event is not None
    for spec in rules.counts_of(look.event.event.type):
        now = look.counted(spec)
        yield from rules.of_count(spec, now - 1, now, look)


def _held_before(prepared: Prepared, look: Look) -> bool:
    if prepared.pulse:
        return False
    used = look.used
    look.before = True
    held = prepared.condition.holds(look)
    look.before, look.used = False, used
    return held
