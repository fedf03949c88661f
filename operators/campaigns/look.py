"""One look at a person at one moment: what facts and functions are worth to a condition."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from contracts.conditions import vocabulary as words
from contracts.conditions.durations import parse_duration
from operators.campaigns.index import types_of
from operators.campaigns.people import (
    DAYS_SINCE_ORDER,
    LEVEL_NAMES,
    SENDS_KEPT,
    Last,
    Past,
    Watched,
)
from operators.campaigns.rules import ITEM_TYPES
from operators.catalogue import ItemChange
from operators.messages import Arrived

DAY_MS: Final = 86_400_000
EVENTS_SHOWN: Final = 10


class Timer(NamedTuple):
    """A time that has come: the function and arguments that it makes true, and since what."""

    due: int
    key: tuple[Any, ...]
    last: Last | None
    cause: str


class Look:
    """A moment of a person: at an event, a change of a score, a timer, or a change of an item.

    With `before` set, it is the moment before that. `used` are the ids of events that were counted.
    """

    def __init__(self, person: Watched, time: int, cause: str) -> None:
        self.person = person
        self.time = time
        self.cause = cause
        self.event: Arrived | None = None
        self.item: ItemChange | None = None
        self.seen_price: float | None = None
        self.timer: Timer | None = None
        self.changes: dict[str, object] = {}
        self.before = False
        self.used: list[str] = []
        self._counts: dict[tuple[str, str, int], int] = {}
        self._sends: dict[int, int] = {}
        self._known: dict[tuple[str, str], tuple[list[int], list[str]]] = {}

    def fact(self, name: str) -> object:
        """Return what a fact is worth."""
        group = name.partition(".")[0]
        if group == "event":
            return self._event_fact(name)
        if group == "item":
            return self._item_fact(name)
        if self.before and name in self.changes:
            return self.changes[name]
        if name == LEVEL_NAMES[DAYS_SINCE_ORDER] and self.person.last_order:
            return round((self.time - self.person.last_order) / DAY_MS, 3)
        return self.person.level(name)

    def level(self, name: str) -> object:
        """Return what a fact that holds is worth now."""
        return self.person.level(name)

    def levels(self) -> Mapping[str, object]:
        """Return what all facts that hold are worth now."""
        person = self.person
        return {
            **words.EMPTY,
            **dict(zip(LEVEL_NAMES, person.levels, strict=False)),
            **person.scores,
        }

    @property
    def bot(self) -> bool:
        """Whether the person is none."""
        return self.person.bot

    @property
    def granted(self) -> Sequence[str]:
        """What the person agreed to."""
        return self.person.consent or ()

    @property
    def fired(self) -> Mapping[str, int]:
        """When each campaign last fired for the person."""
        return self.person.fired

    def _event_fact(self, name: str) -> object:
        field = name.partition(".")[2]
        if not self.before and self.event is not None:
            value = fields_of(self.event).get(field)
        elif not self.before and self.timer is not None:
            value = getattr(self.timer.last, field, None)
        else:
            value = None
        return words.EMPTY[name] if value is None else value

    def _item_fact(self, name: str) -> object:
        if self.before or self.item is None:
            return words.EMPTY[name]
        new = self.item.new
        return {
            "item.id": new.id,
            "item.category": new.category,
            "item.brand": new.brand,
            "item.price": new.price or 0.0,
            "item.was": self.seen_price or self.item.old.price or 0.0,
        }[name]

    def call(self, name: str, arguments: tuple[Any, ...]) -> object:
        """Return what one of our functions answers."""
        answer: object = getattr(self, f"_{name}")(*arguments)
        return answer

    def number(self, function: str, group: str, within: int) -> int:
        """Return how many events of a group there were in the last `within` ms.

        For `count_item`, of the same item.
        """
        ids, first = self._since(function, group, within)
        if self.before and self._is_counted(group):
            return max(0, len(ids) - first - 1)
        self.used += ids[max(first, len(ids) - EVENTS_SHOWN) :]
        return len(ids) - first

    def counted(self, spec: tuple[str, str, int]) -> int:
        """Return a count as of now; the same one is counted once."""
        known = self._counts.get(spec)
        if known is None:
            ids, first = self._since(*spec)
            known = self._counts[spec] = len(ids) - first
        return known

    def _since(self, function: str, group: str, within: int) -> tuple[list[str], int]:
        """Return the ids of what is counted, and where those of the last `within` ms begin."""
        item = ""
        if function == "count_item":
            item = (self.event.event.item if self.event is not None else None) or ""
            if not item:
                return [], 0
        times, ids = self._past(group, item)
        return ids, bisect_right(times, self.time - within)

    def sends_since(self, per: int) -> int:
        """Return how many triggers of all campaigns the person had in the last `per` ms."""
        known = self._sends.get(per)
        if known is None:
            sends, least = self.person.sends, self.time - per
            known = self._sends[per] = sum(sent > least for sent in sends)
        return known

    def note_send(self) -> None:
        """Note that the person gets one more."""
        self.person.sends = [*self.person.sends, self.time][-SENDS_KEPT:]
        self._sends = {}

    def _past(self, group: str, item: str) -> tuple[list[int], list[str]]:
        """Return the times and ids of a group's events up to now; of all items if it is empty."""
        known = self._known.get((group, item))
        if known is None:
            types, now = types_of(group), self.time
            found = [
                past
                for past in self.person.past
                if past.type in types and past.time <= now and (not item or past.item == item)
            ]
            known = [past.time for past in found], [past.id for past in found]
            self._known[group, item] = known
        return known

    def _is_counted(self, group: str) -> bool:
        return self.event is not None and self.event.event.type in types_of(group)

    def _count(self, group: str, within: str) -> int:
        return self.number("count", group, parse_duration(within))

    def _count_item(self, group: str, within: str) -> int:
        return self.number("count_item", group, parse_duration(within))

    def _seen(self, group: str, within: str) -> bool:
        return self.number("seen", group, parse_duration(within)) > 0

    def _sequence(self, groups: list[str], within: str) -> bool:
        if self.before or self.event is None:
            return False
        event, least = self.event.event, self.time - parse_duration(within)
        *earlier, last = [types_of(group) for group in groups]
        if event.type not in last:
            return False
        found: list[Past] = []
        for past in reversed(self.person.past):
            if past.id == event.id or past.time > self.time:
                continue
            if past.time < least or not earlier:
                break
            if past.type in earlier[-1]:
                found.append(past)
                earlier.pop()
        if earlier:
            return False
        self.used += [past.id for past in reversed(found)]
        return True

    def _quiet(self, group: str, after: str) -> bool:
        return self._timed(("quiet", group, parse_duration(after)))

    def _quiet_item(self, group: str, after: str) -> bool:
        return self._timed(("quiet_item", group, parse_duration(after)))

    def _anniversary(self, occasion: str) -> bool:
        return self._timed(("anniversary", occasion))

    def _timed(self, key: tuple[Any, ...]) -> bool:
        return not self.before and self.timer is not None and self.timer.key == key

    def _entered(self, segment: str) -> bool:
        moved = not self.before and "segment" in self.changes
        return moved and self.person.segment == segment

    def _left(self, segment: str) -> bool:
        return not self.before and self.changes.get("segment") == segment

    def _changed(self, name: str) -> bool:
        if self.before or name not in self.changes:
            return False
        # What was not known before did not change: it became known.
        return words.FACTS[name].type == words.NUMBER or self.changes[name] != words.EMPTY[name]

    def _rose(self, name: str, by: float, within: str) -> bool:
        return self._trend(name, by, within, 1.0)

    def _fell(self, name: str, by: float, within: str) -> bool:
        return self._trend(name, by, within, -1.0)

    def _trend(self, name: str, by: float, within: str, sign: float) -> bool:
        """Whether a fact passed, just now, `by` above its lowest (or below its highest) lately."""
        if self.before or name not in self.changes:
            return False
        least = self.time - parse_duration(within)
        bins = [one for one in self.person.trends.get(name, ()) if one.time >= least]
        if not bins:
            return False
        base = min(one.low for one in bins) if sign > 0 else max(one.high for one in bins)
        old, new = self.changes[name], self.fact(name)
        if not isinstance(old, int | float) or not isinstance(new, int | float):
            return False
        return sign * (new - base) >= by > sign * (old - base)

    def _price_drop(self, share: float, within: str) -> bool:
        if self.item is None or not self._viewed(within):
            return False
        was, old, new = self.seen_price, self.item.old.price, self.item.new.price
        if not was or old is None or new is None:
            return False
        limit = was * (1.0 - share)
        return new <= limit < old

    def _back_in_stock(self, within: str) -> bool:
        if self.item is None or not self._viewed(within):
            return False
        return self.item.new.in_stock and not self.item.old.in_stock

    def _viewed(self, within: str) -> bool:
        if self.before or self.item is None:
            return False
        least = self.time - parse_duration(within)
        found = [
            past.id
            for past in self.person.past
            if past.item == self.item.new.id
            and past.type in ITEM_TYPES
            and least < past.time <= self.time
        ]
        self.used += found[-1:]
        return bool(found)


def fields_of(arrived: Arrived) -> dict[str, Any]:
    """Return an event's fields by the names that conditions call them by."""
    event = arrived.event
    return {
        "type": event.type,
        "item": event.item,
        "category": arrived.category,
        "brand": arrived.brand,
        "query": event.query,
        "text": event.text,
        "order": event.order,
        "campaign": event.campaign,
        "variant": event.variant,
        "price": event.price,
        "quantity": event.quantity,
        "value": event.value,
    }
