"""The conditions of one site's campaigns, indexed by what makes them worth a look."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from contracts.conditions import Condition
from contracts.conditions import vocabulary as words
from contracts.conditions.durations import parse_duration
from contracts.conditions.tree import Node
from operators.campaigns.index import (
    EVENTS,
    ITEMS,
    Guard,
    Key,
    guards_of,
    is_pulse,
    keys_of,
    types_of,
)
from operators.campaigns.refusing import Limited, Refusals
from operators.campaigns.sieve import Sieve, Spec, Worth
from operators.campaigns.thresholds import NONE, Orders, Parted

NO_TREE: Final = Node("list", 0)
ITEM_TYPES: Final = frozenset({"view", "click"})
"""What makes a person hear of an item's price and stock."""


class Prepared(NamedTuple):
    """A condition, without its tree: what makes it worth a look, and which functions it calls.

    `guards` all have to hold for it to be true.
    """

    condition: Condition
    keys: tuple[Key, ...]
    pulse: bool
    guards: tuple[Guard, ...]
    calls: tuple[tuple[str, tuple[Any, ...]], ...]
    traits: bool

    @classmethod
    def of(cls, condition: Condition) -> "Prepared":
        """Return what has to be known of a condition."""
        nodes = list(condition.tree.walk())
        return cls(
            Condition(condition.text, NO_TREE, condition.facts),
            keys_of(condition.tree),
            is_pulse(condition.tree),
            guards_of(condition.tree),
            tuple(
                (node.name, tuple(_plain(part) for part in node.parts))
                for node in nodes
                if node.kind == "call" and node.name in words.FUNCTIONS
            ),
            "traits" in condition.facts,
        )


def _plain(node: Node) -> Any:
    return tuple(part.value for part in node.parts) if node.kind == "list" else node.value


class HasConditions(Limited, Protocol):
    """A campaign in force."""

    @property
    def conditions(self) -> Sequence[Prepared]:
        """Its conditions, any of which will do."""
        ...

    @property
    def audience(self) -> Prepared | None:
        """For whom."""
        ...


A = TypeVar("A", bound=HasConditions)


class Needs:
    """What has to be remembered of people for conditions to be looked at."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.horizon = 0
        self.quiets: dict[tuple[str, str, int], None] = {}
        self.trends: dict[str, int] = {}
        self.occasions: dict[str, None] = {}
        self.items = 0
        self.traits = False

    def read(self, prepared: Prepared) -> None:
        """Take in what a condition needs."""
        self.traits = self.traits or prepared.traits
        for name, given in prepared.calls:
            self._call(name, given)

    def _call(self, name: str, given: Sequence[Any]) -> None:
        if name in ("count", "count_item", "seen"):
            self._past(types_of(given[0]), given[1])
        elif name == "sequence":
            self._past({one for group in given[0] for one in types_of(group)}, given[1])
        elif name in ("quiet", "quiet_item"):
            self.quiets[name, given[0], parse_duration(given[1])] = None
        elif name in ("rose", "fell"):
            self.trends[given[0]] = max(self.trends.get(given[0], 0), parse_duration(given[2]))
        elif name == "anniversary":
            self.occasions[given[0]] = None
        elif name in ("price_drop", "back_in_stock"):
            self.items = max(self.items, parse_duration(given[-1]))
            self._past(ITEM_TYPES, given[-1])

    def _past(self, types: Iterable[str], duration: str) -> None:
        self.types |= set(types)
        self.horizon = max(self.horizon, parse_duration(duration))


class Rule(NamedTuple):
    """One condition of one campaign, which is the `place`th of those in force."""

    place: int
    active: Any
    prepared: Prepared


class Rules(Generic[A]):
    """The campaigns of one site in force, and which of their conditions to look at when.

    Conditions go by their order, those first that are to fire first: `every` has them all.
    """

    def __init__(self, campaigns: Sequence[A]) -> None:
        self.campaigns = campaigns
        self.needs = Needs()
        self.every: list[Rule] = []
        self.refusals = Refusals(campaigns)
        self._levels: dict[Key, Parted] = defaultdict(Parted)
        self._counts: dict[str, list[Spec]] = defaultdict(list)
        self._fields: set[str] = set()
        at: dict[Key, list[int]] = defaultdict(list)
        for place, active in enumerate(campaigns):
            if active.audience is not None:
                self.needs.read(active.audience)
            for prepared in active.conditions:
                self.needs.read(prepared)
                for key in prepared.keys:
                    self._add(key, len(self.every), prepared, at)
                self.every.append(Rule(place, active, prepared))
        for waiting in self._levels.values():
            waiting.settle()
        self._at: dict[Key, Orders] = {key: np.array(found, np.intp) for key, found in at.items()}
        self.sieve = Sieve([rule.prepared.guards for rule in self.every])
        self.place_of: Orders = np.array([rule.place for rule in self.every], np.intp)

    def _add(self, key: Key, order: int, prepared: Prepared, at: dict[Key, list[int]]) -> None:
        kind = key[0]
        if kind == "level":
            self._levels[kind, key[1]].add(key[2], key[3], order, prepared.guards, key[1])
        elif kind in ("count", "count_item", "seen"):
            spec: Spec = (key[0], key[1], key[2])
            if spec not in self._levels:
                for one in types_of(key[1]):
                    self._counts[one].append(spec)
            self._levels[spec].add(key[3], key[4], order, prepared.guards, spec)
        else:
            if kind == "event":
                self._fields.add(key[1])
            at[key].append(order)

    def at(self, key: Key) -> Orders:
        """Return the rules that wait for one thing to happen."""
        return self._at.get(key, NONE)

    def of_event(self, fields: "dict[str, Any]") -> Iterator[Orders]:
        """Yield the rules that wait for an event, by its fields."""
        for field in self._fields:
            value = fields.get(field)
            if value:
                yield self.at(("event", field, value))
        yield self.at(("type", fields["type"]))
        yield self.at(EVENTS)

    def of_change(self, name: str, old: Any, worth: Worth) -> Iterator[Orders]:
        """Yield the rules that a level's change from `old` may have made true."""
        yield self.at(("fact", name))
        waiting = self._levels.get(("level", name))
        if waiting is not None:
            yield from waiting.passed(old, worth.fact(name), worth)

    def counts_of(self, type_: str) -> Sequence[Spec]:
        """Return the counts that an event of a type changes."""
        return self._counts.get(type_, ())

    def of_count(self, spec: Spec, old: int, new: int, worth: Worth) -> Iterator[Orders]:
        """Yield the rules that a count's change may have made true."""
        yield from self._levels[spec].passed(old, new, worth)

    def of_item(self, kind: str) -> Iterator[Orders]:
        """Yield the rules that a `price_drop`, or `back_in_stock`, may have made true."""
        yield self.at((kind,))
        yield self.at(ITEMS)
