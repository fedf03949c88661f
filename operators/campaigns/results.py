"""What came of triggers: who was sent what, or held out, and what they did within the horizon.

A window begins with a trigger and lasts for the horizon; a trigger within it adds no second one.
What a person buys counts for all of the person's windows, of the holdout's too: whether it was
because of the campaign, only the two groups together can say. Each person's first window of a
campaign is the one that they are compared by, so that people are counted once.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.campaign_parts import campaign_part
from contracts.codec import pack
from contracts.decisions import Trigger
from contracts.events import Event
from contracts.settings import FlowSettings
from online_models.campaign_course import (
    CONVERTED,
    HELD,
    HELD_CONVERTED,
    MADE,
    Course,
    Courses,
    pack_courses,
    unpack_courses,
)
from online_models.campaign_results import (
    HOLDOUT,
    OTHER,
    SEGMENTS,
    SENT,
    Cell,
    Counts,
    pack_counts,
    unpack_counts,
)
from operators.durable import PackedMap
from operators.erased import IsGone, forget_people
from operators.messages import View
from operators.sessions import quantity

CAMPAIGNS_OF_ONE: Final = 64
"""Campaigns that are remembered of a person; of more the oldest are begun anew."""

COURSES_OF_ONE: Final = 4
"""Versions of a campaign of which it is known how it came about: the newest."""

DAY_MS: Final = 86_400_000
DELIVERED, OPENED, CLICKED = 1, 2, 4
SAID: Final = {"delivered": DELIVERED, "opened": OPENED, "clicked": CLICKED, "converted": CLICKED}
"""What a `response` says in `props.kind`."""


class Window(Struct, array_like=True):
    """One trigger's window; `first` of the person and campaign. `answers` are bits."""

    version: int
    group: str
    segment: str
    time: int
    until: int
    first: bool
    answers: int = 0
    bought: bool = False
    paid: float = 0.0


HELD_OF: Final = {MADE: HELD, CONVERTED: HELD_CONVERTED}
"""What is counted of those held out in place of those sent to."""


class Saved(Struct, array_like=True):
    """All of it, or what changed, as it is saved."""

    people: bytes
    counts: list[tuple[str, str, bytes]]
    changed: list[tuple[tuple[str, str], str]]
    courses: list[tuple[str, str, bytes]] = []


Windows = dict[str, Window]
"""A person's newest window of each campaign."""


class Results:
    """One bucket of people's windows, and the counts of campaigns; `Durable`.

    About 3 us an event of somebody who was ever triggered, 0.2 us of others.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._horizon = int(settings.result_days * DAY_MS)
        self._buckets = settings.buckets
        self._people = PackedMap()
        self._counts: dict[str, dict[str, Counts]] = {}
        self._courses: dict[tuple[str, str], Courses] = {}
        self._changed: dict[tuple[str, str], str] = {}
        self._dirty: set[tuple[str, str]] = set()

    def assign(self, trigger: Trigger) -> None:
        """Take note of a trigger, or of somebody held out of one."""
        key = f"{trigger.site}\0{trigger.user}"
        windows = self._open(key)
        known = windows.get(trigger.campaign)
        group = HOLDOUT if trigger.holdout else trigger.variant or SENT
        if known is not None and trigger.time < known.until:
            self._cell(key, trigger.campaign, known).triggers += 1
            return
        until = trigger.time + self._horizon
        window = Window(
            trigger.version, group, trigger.segment or "", trigger.time, until, known is None
        )
        windows.pop(trigger.campaign, None)
        windows[trigger.campaign] = window
        while len(windows) > CAMPAIGNS_OF_ONE:
            del windows[next(iter(windows))]
        cell = self._cell(key, trigger.campaign, window)
        cell.triggers += 1
        if window.first:
            cell.converted.add(0.0)
            cell.paid.add(0.0)
            self._note(key, trigger.campaign, window, trigger.time, MADE)
        self._people[key] = pack(windows)

    def see(self, event: Event, user: str) -> None:
        """Count what a person did for the windows that it falls in."""
        key = f"{event.site}\0{user}"
        if key not in self._people:
            return
        if event.type == "purchase":
            self._bought(key, event)
        elif event.campaign is not None:
            self._answered(key, event)

    def taken(self, site: str, user: str) -> bytes | None:
        """Return a person's windows, packed, and forget them; the counts stay."""
        return self._people.pop(f"{site}\0{user}")

    def take_over(self, site: str, user: str, raw: bytes) -> None:
        """Add a device's windows to a person's; an open one of their own stays."""
        key = f"{site}\0{user}"
        windows = self._open(key)
        for campaign, window in _windows(raw).items():
            own = windows.get(campaign)
            if own is None or own.until <= window.time:
                windows[campaign] = window
        newest = sorted(windows.items(), key=lambda one: one[1].time)[-CAMPAIGNS_OF_ONE:]
        self._people[key] = pack(dict(newest))

    def forget_gone(self, gone: IsGone) -> None:
        """Forget people who are gone; the counts stay."""
        forget_people(self._people, gone)

    def views(self) -> list[View]:
        """Return the counts that changed since they were asked for."""
        changed, self._changed = sorted(self._changed.items()), {}
        out = []
        for (site, campaign), part in changed:
            id_, courses = f"{campaign}/{part}", self._courses.get((site, campaign), {})
            out.append(View("results", site, id_, pack_counts(self._counts[site][campaign])))
            out.append(View("course", site, id_, pack_courses(courses)))
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return people and counts, or those that changed."""
        wanted = (
            [(site, campaign) for site in self._counts for campaign in self._counts[site]]
            if full
            else sorted(self._dirty)
        )
        self._dirty = set()
        counts = [(site, name, pack_counts(self._counts[site][name])) for site, name in wanted]
        courses = [(*one, pack_courses(self._courses.get(one, {}))) for one in wanted]
        people = self._people.dump(full=full)
        return pack(Saved(people, counts, sorted(self._changed.items()), courses))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace people and counts."""
        decoded = [_saved(part) for part in parts]
        self._people.load([saved.people for saved in decoded])
        self._counts, self._courses, self._dirty = {}, {}, set()
        for saved in decoded:
            for site, campaign, raw in saved.counts:
                self._counts.setdefault(site, {})[campaign] = unpack_counts(raw)
            for site, campaign, raw in saved.courses:
                self._courses[site, campaign] = unpack_courses(raw)
        self._changed = dict(decoded[-1].changed) if decoded else {}

    def _bought(self, key: str, event: Event) -> None:
        windows = self._open(key)
        amount = max((event.price or 0.0) * quantity(event), 0.0)
        for campaign, window in windows.items():
            if not window.time <= event.time < window.until:
                continue
            cell = self._cell(key, campaign, window)
            cell.orders += 1
            cell.revenue += amount
            if window.first:
                if not window.bought:
                    self._note(key, campaign, window, event.time, CONVERTED)
                cell.converted.change(float(window.bought), 1.0)
                cell.paid.change(window.paid, window.paid + amount)
            window.bought = True
            window.paid += amount
        self._people[key] = pack(windows)

    def _answered(self, key: str, event: Event) -> None:
        windows = self._open(key)
        window = windows.get(event.campaign or "")
        said = _said(event)
        if window is None or not said or not window.time <= event.time < window.until:
            return
        cell = self._cell(key, event.campaign or "", window)
        new = said & ~window.answers
        cell.delivered += bool(new & DELIVERED)
        cell.opened += bool(new & OPENED)
        cell.clicked += bool(new & CLICKED)
        window.answers |= said
        self._people[key] = pack(windows)

    def _open(self, key: str) -> Windows:
        raw = self._people.get(key)
        windows: Windows = {} if raw is None else _windows(raw)
        return windows

    def _cell(self, key: str, campaign: str, window: Window) -> Cell:
        site, _, user = key.partition("\0")
        # All people are of one bucket, whose name is the part of the views.
        part = campaign_part(site, user, self._buckets)
        self._changed[site, campaign] = part
        self._dirty.add((site, campaign))
        groups = self._counts.setdefault(site, {}).setdefault(campaign, {})
        cells = groups.setdefault(window.version, {}).setdefault(window.group, {})
        if window.segment not in cells and len(cells) >= SEGMENTS:
            window.segment = OTHER
        return cells.setdefault(window.segment, Cell())

    def _note(self, key: str, campaign: str, window: Window, time: int, what: int) -> None:
        """Note in the campaign's course that somebody was sent to, or bought; or of the holdout."""
        courses = self._courses.setdefault((key.partition("\0")[0], campaign), {})
        if window.version not in courses and len(courses) >= COURSES_OF_ONE:
            oldest = min(courses)
            if window.version < oldest:
                return
            del courses[oldest]
        held = window.group == HOLDOUT
        courses.setdefault(window.version, Course()).note(HELD_OF[what] if held else what, time)


def _said(event: Event) -> int:
    """Return what an event that names a campaign says became of the message.

    Who clicks has opened, and who opens has been delivered to.
    """
    if event.type == "response":
        kind: Any = event.props.get("kind")
        bits = SAID.get(kind, 0) if isinstance(kind, str) else CLICKED * (event.value != 0.0)
    else:
        bits = {"impression": OPENED, "click": CLICKED}.get(event.type, 0)
    return (2 * bits - 1) if bits else 0


_windows = msgspec.msgpack.Decoder(Windows).decode
_saved = msgspec.msgpack.Decoder(Saved).decode
