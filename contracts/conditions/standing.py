"""What of a condition can be said of people as they are stored, away from any moment.

>>> part = standing_part("quiet('cart', '1h') && profile.cart_items > 0")
>>> part.text, part.moments
('profile.cart_items > 0', ("quiet('cart', '1h')",))
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from contracts.conditions import vocabulary as words
from contracts.conditions.compiler import Condition, compile_condition
from contracts.conditions.errors import ConditionError
from contracts.conditions.tree import Node

ALWAYS: Final = ("true", "false")


@dataclass(frozen=True, slots=True)
class StandingPart:
    """What is left of a condition if all moments that it waits for had come, or were as they must.

    `text` is an expression over what is stored, or `true` or `false` where nothing is left of it.
    `moments` are the parts that were taken for granted: they speak of what happens, or happened.
    """

    text: str
    moments: tuple[str, ...]
    condition: Condition | None


def standing_part(text: str) -> StandingPart:
    """Return the part of a condition that what is stored can answer; raise `ConditionError`.

    What is true of a person's stored facts under it is necessary for the condition, and where there
    are no `moments` it is the condition.
    """
    found: list[str] = []
    left = _granted(compile_condition(text).tree, True, found)
    try:
        condition = None if left in ALWAYS else compile_condition(left)
    except ConditionError:  # as of `1 < 2`, which reads nothing
        return StandingPart(ALWAYS[0], (text,), None)
    return StandingPart(left, tuple(dict.fromkeys(found)), condition)


def _granted(node: Node, wanted: bool, moments: list[str]) -> str:
    """Return a node's text with moments replaced by `wanted`, which `!` turns around."""
    if not _is_of_moment(node):
        return written(node)
    if node.name == "!_":
        inner = _granted(node.parts[0], not wanted, moments)
        return _turned(inner)
    if node.name in ("_&&_", "_||_"):
        left, right = (_granted(part, wanted, moments) for part in node.parts)
        return _joined(left, right, node.name == "_&&_")
    text = written(node)
    moments.append(text if wanted else f"!{_in_not(node, text)}")
    return ALWAYS[0] if wanted else ALWAYS[1]


def _is_of_moment(node: Node) -> bool:
    return any(
        one.name in words.FUNCTIONS or (one.name in words.FACTS and one.name not in words.LEVELS)
        for one in node.walk()
    )


def _turned(text: str) -> str:
    return {"true": "false", "false": "true"}.get(text, f"!({text})")


def _joined(left: str, right: str, both: bool) -> str:
    same, end = ALWAYS if both else ALWAYS[::-1]
    if end in (left, right):
        return end
    kept = [one for one in (left, right) if one != same]
    if len(kept) < 2:
        return kept[0] if kept else same
    return " && ".join(map(_in_and, kept)) if both else " || ".join(kept)


def _in_not(node: Node, text: str) -> str:
    return text if node.name in words.FUNCTIONS else f"({text})"


def _in_and(text: str) -> str:
    return f"({text})" if "||" in text or "?" in text else text


_UNARY: Final = {"!_": "!", "-_": "-"}


def written(node: Node) -> str:
    """Return a node as text that compiles to the same.

    >>> written(compile_condition("!(profile.orders > 1 || traits.plan in ['a', 'b'])").tree)
    "!(profile.orders > 1 || traits.plan in ['a', 'b'])"
    """
    if node.kind == "constant":
        return _constant(node.value)
    if node.kind == "name":
        return node.name
    parts = [written(part) for part in node.parts]
    if node.kind == "field":
        return f"{parts[0]}.{node.name}"
    if node.kind == "list":
        return f"[{', '.join(parts)}]"
    return _call(node, parts)


def _call(node: Node, parts: list[str]) -> str:
    inner = [
        _bracketed(node.name, part, text) for part, text in zip(node.parts, parts, strict=True)
    ]
    if node.name in _UNARY:
        return _UNARY[node.name] + inner[0]
    if node.name == "_?_:_":
        return f"{inner[0]} ? {inner[1]} : {inner[2]}"
    if node.name == "_[_]":
        return f"{inner[0]}[{parts[1]}]"
    if node.name == "@in":
        return f"{inner[0]} in {inner[1]}"
    if node.name.startswith("_"):
        return f"{inner[0]} {node.name.strip('_')} {inner[1]}"
    if node.name in ("startsWith", "endsWith", "contains", "matches"):
        return f"{inner[0]}.{node.name}({', '.join(parts[1:])})"
    return f"{node.name}({', '.join(parts)})"


_LOOSE: Final = ("_?_:_", "_||_", "_&&_")


def _bracketed(outer: str, node: Node, text: str) -> str:
    """Return an operand, in brackets where it binds no closer than what it stands in."""
    if node.kind != "call" or node.name in words.FUNCTIONS or node.name[0].isalpha():
        return text
    same = outer == node.name and outer in ("_&&_", "_||_")
    closer = outer in ("_&&_", "_||_") and node.name not in _LOOSE
    return text if same or closer or (outer == "_||_" and node.name == "_&&_") else f"({text})"


def _constant(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        quoted = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"')
        return "'" + quoted.replace("'", "\\'") + "'"
    return repr(value)
