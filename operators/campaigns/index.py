"""Which conditions to look at when something happened: an index by what they read.

A condition fires when it becomes true, so it need be looked at only if something that it reads
changed, and only if the change can have made it true. `keys_of` says what that takes, from the
condition's tree: of terms joined by `&&`, one that is true in a moment only is enough to wait
for; a fact compared with a number need be looked at only when it passed that number.

>>> keys_of(compile_condition("event.type == 'view' && profile.orders >= 2").tree)
(('event', 'type', 'view'),)
>>> keys_of(compile_condition("profile.orders >= 2 && segment == 's1'").tree)
(('level', 'profile.orders', '>=', 2), ('level', 'segment', '==', 's1'))
"""

import operator
from collections.abc import Callable
from typing import Any, Final

from contracts.conditions import compile_condition
from contracts.conditions import vocabulary as words
from contracts.conditions.durations import parse_duration
from contracts.conditions.tree import Node

Key = tuple[Any, ...]

EVENTS: Final[Key] = ("events",)
ITEMS: Final[Key] = ("items",)
SIGNS: Final = {"_==_": "==", "_!=_": "!=", "_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
TURNED: Final = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
RARE: Final = ("item", "order", "query", "campaign", "brand", "category", "variant", "type")
"""Fields of events, those that tell most first."""


def types_of(group: str) -> frozenset[str]:
    """Return the types of events that a name stands for."""
    return words.GROUPS.get(group) or frozenset({group})


def keys_of(node: Node) -> tuple[Key, ...]:
    """Return what has to happen for a condition to become true: any of the keys."""
    pulse = _pulse(node)
    return tuple(dict.fromkeys(_keys(node) if pulse is None else pulse))


def is_pulse(node: Node) -> bool:
    """Say whether a condition is true in a moment only, so that it need not be looked at before."""
    return _pulse(node) is not None


def _keys(node: Node) -> list[Key]:
    if node.name in ("_&&_", "_||_"):
        return [key for part in node.parts for key in keys_of(part)]
    if node.name == "!_" and node.parts[0].name == "seen":
        return []  # only time makes it true, which is what `quiet` is for
    compared = (*_spec(node), ">=", 1) if node.name == "seen" else _comparison(node)
    return _reads(node) if compared is None else [compared]


Guard = tuple[Any, Callable[[Any, Any], bool], Any]
"""A fact that holds, or what is counted; how it is compared; with what."""

COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def guards_of(node: Node) -> tuple[Guard, ...]:
    """Return plain comparisons that all have to hold for a condition to be true.

    Most conditions that are worth a look fail by one of them, at a tenth of a look's cost.

    >>> [guard[::2] for guard in guards_of(compile_condition(
    ...     "quiet('cart', '1h') && profile.orders >= 2").tree)]
    [('profile.orders', 2)]
    """
    if node.name == "_&&_":
        return tuple(guard for part in node.parts for guard in guards_of(part))
    if node.name == "seen":
        return ((_spec(node), operator.gt, 0),)
    if node.name == "!_" and node.parts[0].name == "seen":
        return ((_spec(node.parts[0]), operator.eq, 0),)
    key = _comparison(node)
    if key is None:
        return ()
    if key[0] != "level":
        return ((key[:3], COMPARISONS[key[3]], key[4]),) if _is_number(key[4]) else ()
    _, name, sign, value = key
    number = words.FACTS[name].type == words.NUMBER
    if number != _is_number(value) or name in VARYING:
        return ()
    return ((name, COMPARISONS[sign], value),)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


VARYING: Final = frozenset({"profile.days_since_order"})
"""Facts that change as time passes."""


def _pulse(node: Node) -> list[Key] | None:
    """Return the moments that a term needs to be true, or None if it may hold for longer."""
    if node.name == "_&&_":
        found = [keys for part in node.parts if (keys := _pulse(part)) is not None]
        return min(found, key=lambda keys: (max(map(_rank, keys)), len(keys)), default=None)
    if node.name == "_||_":
        sides = [_pulse(part) for part in node.parts]
        return None if None in sides else [key for keys in sides for key in keys or ()]
    if node.kind == "call" and node.name in words.FUNCTIONS:
        return _call(node) if words.FUNCTIONS[node.name].pulse else None
    return _event_field(node)


def _rank(key: Key) -> int:
    """Return how often a moment comes: the rarest is waited for."""
    if key[0] != "event":
        return 20 if key[0] == "type" else 0
    return RARE.index(key[1]) if key[1] in RARE else 19


def _event_field(node: Node) -> list[Key] | None:
    if len(node.parts) != 2:
        return None
    name, other = node.parts
    if node.name == "_==_" and name.kind == "constant":
        name, other = other, name
    if name.kind != "name" or name.name not in words.EVENT:
        return None
    field = name.name.partition(".")[2]
    if node.name == "_==_" and other.kind == "constant" and other.value:
        return [("event", field, other.value)] if isinstance(other.value, str) else None
    if node.name == "@in" and other.kind == "list":
        values = [part.value for part in other.parts]
        if all(isinstance(value, str) and value for value in values):
            return [("event", field, value) for value in values]
    return None


def _comparison(node: Node) -> Key | None:
    """Return the key of a level, or of a count, that is compared with a plain value."""
    sign = SIGNS.get(node.name)
    if sign is None:
        return None
    left, right = node.parts
    if left.kind == "constant":
        left, right, sign = right, left, TURNED[sign]
    if right.kind != "constant" or isinstance(right.value, bool):
        return None
    if left.kind == "name" and left.name in words.LEVELS and left.name != "traits":
        return ("level", left.name, sign, right.value)
    if left.kind == "call" and left.name in ("count", "count_item"):
        return (*_spec(left), sign, right.value)
    return None


def _spec(call: Node) -> Key:
    """Return the function, the events and the time of a count or a wait."""
    group, duration = (str(part.value) for part in call.parts)
    return (call.name, group, parse_duration(duration))


def _call(node: Node) -> list[Key]:
    """Return what a function of ours needs to change its answer."""
    name = node.name
    first = node.parts[0]
    if name in ("quiet", "quiet_item"):
        return [_spec(node)]
    if name == "sequence":
        return [("type", one) for one in sorted(types_of(str(first.parts[-1].value)))]
    if name in ("count", "count_item", "seen"):
        return [("type", one) for one in sorted(types_of(str(first.value)))]
    if name in ("price_drop", "back_in_stock"):
        return [(name,)]
    if name in ("entered", "left"):
        return [("level", "segment", "==" if name == "entered" else "!=", first.value)]
    if name == "anniversary":
        return [(name, first.value)]
    return [("fact", first.value)]  # changed, rose, fell


def _reads(node: Node) -> list[Key]:
    """Return all that may change the worth of a term."""
    keys: list[Key] = []
    for part in node.walk():
        if part.kind == "call" and part.name in words.FUNCTIONS:
            keys += _call(part)
        elif part.kind == "name" and part.name in words.EVENT:
            keys.append(EVENTS)
        elif part.kind == "name" and part.name in words.ITEM:
            keys.append(ITEMS)
        elif part.kind == "name" and part.name in words.LEVELS:
            keys.append(("fact", part.name))
    return keys


__all__ = [
    "EVENTS",
    "ITEMS",
    "Guard",
    "Key",
    "compile_condition",
    "guards_of",
    "keys_of",
    "types_of",
]
