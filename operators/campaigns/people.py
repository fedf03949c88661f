"""What is remembered of one person for the conditions of campaigns."""

from typing import Final

from msgspec import Struct

from contracts.conditions import vocabulary as words
from contracts.conditions.checks import PAST_KEPT
from contracts.local_time import Zone, zone_of
from operators.campaigns.index import types_of
from operators.campaigns.rules import Needs
from operators.happenings import Moment

ITEMS_KEPT: Final = 30
SENDS_KEPT: Final = 100
BINS: Final = 32
LEVEL_NAMES: Final = tuple(words.PROFILE)
PLACES: Final = {name: place for place, name in enumerate(LEVEL_NAMES)}
DAYS_SINCE_ORDER: Final = LEVEL_NAMES.index("profile.days_since_order")
VERSION: Final = 1


class Past(Struct, array_like=True, gc=False):
    """An event of some time ago."""

    time: int
    type: str
    item: str
    id: str


class Last(Struct, array_like=True, gc=False):
    """The last event of a group: what waits for quiet, waits from here."""

    time: int
    id: str
    type: str
    item: str = ""
    category: str = ""
    brand: str = ""
    price: float = 0.0
    quantity: float = 0.0


class Bin(Struct, array_like=True, gc=False):
    """The lowest and highest of a fact from `time` on, for a while."""

    time: int
    low: float
    high: float


class Waiting(Struct, array_like=True, gc=False):
    """A trigger that waits for the end of quiet hours."""

    due: int
    campaign: str
    cause: str
    text: str
    events: list[str]


class Watched(Struct, array_like=True):
    """One person. `checked` is the time up to which their timers have fired; all times are ms.

    `origin` is the id by which groups are drawn, where it is not the person's own.
    """

    v: int
    site: str
    id: str
    seen: int = 0
    checked: int = 0
    levels: tuple[float | str, ...] = ()
    scores: dict[str, float | str] = {}
    traits: dict[str, str | int | float | bool] = {}
    consent: list[str] | None = None
    bot: bool = False
    first_order: int = 0
    last_order: int = 0
    past: list[Past] = []
    last: dict[str, Last] = {}
    items: dict[str, dict[str, Last]] = {}
    trends: dict[str, list[Bin]] = {}
    fired: dict[str, int] = {}
    sends: list[int] = []
    waiting: list[Waiting] = []
    origin: str = ""

    def level(self, name: str) -> object:
        """Return what a fact that holds is worth."""
        if name in words.PROFILE:
            return self.levels[PLACES[name]] if self.levels else words.EMPTY[name]
        if name == "traits":
            return self.traits
        return self.scores.get(name, words.EMPTY[name])

    @property
    def segment(self) -> str | None:
        """The person's segment."""
        found = self.scores.get("segment")
        return str(found) if found else None

    @property
    def zone(self) -> Zone | None:
        """The person's own time zone, if it is known."""
        name = self.traits.get("timezone")
        return zone_of(name) if isinstance(name, str) else None


def take(person: Watched, moment: Moment) -> dict[str, object]:
    """Let the person become what the moment says; return the levels that changed, as they were.

    Of somebody who is new to campaigns, though not to the shop, nothing counts as changed.
    """
    before: dict[str, object] = {}
    old, new = person.levels, moment.levels
    if not old and not moment.known:
        old = tuple(words.EMPTY[name] for name in LEVEL_NAMES)  # type: ignore[misc]  # plain values
    if old and old != new and not moment.adopted:
        pairs = zip(LEVEL_NAMES, old, new, strict=True)
        before |= {name: left for name, left, right in pairs if left != right}
    if moment.traits != person.traits and not moment.adopted:
        before["traits"] = person.traits
    person.levels, person.traits = new, moment.traits
    person.consent, person.bot = moment.consent, moment.bot
    person.first_order, person.last_order = moment.first_order, moment.last_order
    person.seen = max(person.seen, moment.arrived.event.time)
    return before


def remember(person: Watched, moment: Moment, needs: Needs) -> None:
    """Note an event for the conditions that look back, or wait."""
    event = moment.arrived.event
    if event.type in needs.types:
        past = Past(event.time, event.type, event.item or "", event.id)
        at = len(person.past)
        while at and person.past[at - 1].time > event.time:
            at -= 1
        person.past.insert(at, past)
        least = event.time - needs.horizon
        if len(person.past) > PAST_KEPT or person.past[0].time < least:
            person.past = [one for one in person.past if one.time >= least][-PAST_KEPT:]
    if not needs.quiets:
        return
    last = None
    for function, group, _ in needs.quiets:
        if event.type not in types_of(group):
            continue
        last = last or _last(moment)
        if function == "quiet":
            _put(person.last, group, last)
        elif last.item:
            items = person.items.setdefault(group, {})
            _put(items, last.item, last)
            if len(items) > ITEMS_KEPT:
                del items[min(items, key=lambda item: (items[item].time, item))]


def _put(known: dict[str, Last], key: str, last: Last) -> None:
    if key not in known or known[key].time <= last.time:
        known[key] = last


def _last(moment: Moment) -> Last:
    arrived = moment.arrived
    event = arrived.event
    return Last(
        event.time,
        event.id,
        event.type,
        event.item or "",
        arrived.category,
        arrived.brand,
        event.price or 0.0,
        event.quantity or 0.0,
    )


def follow(person: Watched, name: str, value: object, time: int, needs: Needs) -> None:
    """Note a number that conditions look for a trend of."""
    window = needs.trends.get(name)
    if window is None or not isinstance(value, int | float):
        return
    bins = person.trends.setdefault(name, [])
    width = max(1, window // BINS)
    if bins and time < bins[-1].time + width:
        bins[-1].low, bins[-1].high = min(bins[-1].low, value), max(bins[-1].high, value)
    else:
        bins.append(Bin(time, value, value))
    while bins and bins[0].time + width < time - window:
        del bins[0]
