"""What people read: counts, kinds of values, and what msgspec says of a wrong one, in English."""

import json
import re
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, Final

_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
}
_EXPECTED: Final = re.compile(
    r"Expected `(?P<kinds>[^`]+)`(?: of length (?P<bound>[<>]=) (?P<length>\d+))?"
    r"(?: (?P<limit>[<>]=?) (?P<number>\S+?))?(?: matching regex (?P<pattern>.+?))?"
    r"(?:, got `(?P<got>\w+)`)?"
)
_BOUNDS: Final = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}
_UNKNOWN: Final = "Invalid enum value "
_MISSING: Final = "Object missing required field "


def counted(count: int, noun: str, many: str | None = None) -> str:
    """Return a count with its noun, in the plural where it is not one.

    >>> counted(1, "line"), counted(1234, "line"), counted(0, "entry", "entries")
    ('1 line', '1,234 lines', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def any_of(names: Collection[str]) -> str:
    """Return names to choose from.

    >>> any_of(["wait", "drop", "ask"])
    '`wait`, `drop` or `ask`'
    """
    *most, last = [f"`{name}`" for name in names]
    return f"{', '.join(most)} or {last}" if most else last


def closest(name: str, known: Sequence[str]) -> str:
    """Return a hint at the name that may have been meant, or nothing.

    >>> closest("profile.order", ["profile.orders", "segment"])
    '; did you mean `profile.orders`?'
    """
    found = [one for one in get_close_matches(name, known, 2, 0.7) if one != name]
    return f"; did you mean `{found[0]}`?" if found else ""


def closest_of(name: str, known: Sequence[str]) -> str:
    """Return a hint at the name that may have been meant, or all that there are.

    >>> closest_of("colour", ["name", "url"]), closest_of("nam", ["name", "url"])
    ('; there are: name, url', '; did you mean `name`?')
    """
    return closest(name, known) or f"; there are: {', '.join(known) or 'none'}"


def shown(value: Any, most: int = 40) -> str:
    """Return a value that was given, short.

    >>> shown("x" * 50, 8), shown({"a": [1]})
    ("'xxxxxxx...", '{"a": [1]}')
    """
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= most else f"{text[:most]}..."


def kind_of(value: Any) -> str:
    """Return what a value of JSON is.

    >>> kind_of({}), kind_of(True), kind_of(1.5), kind_of(None)
    ('an object', 'true or false', 'a number', 'null')
    """
    names = {dict: "object", list: "array", str: "str", bool: "bool", type(None): "null"}
    return _KINDS[names.get(type(value), "float")]


def plain(error: Exception | None) -> str:
    """Return msgspec's message in English, with the field named first.

    >>> from msgspec import ValidationError
    >>> plain(ValidationError("Expected `int`, got `str` - at `$.time`"))
    '`time`: expected a whole number, got text'
    >>> plain(ValidationError("Object missing required field `id` - at `$.batch[0]`"))
    '`batch[0].id`: is missing'
    """
    field, said = parted(error)
    return f"`{field}`: {said}" if field else said


def parted(error: Exception | None) -> tuple[str, str]:
    """Return the field that msgspec's message is about, empty for all, and what it says of it."""
    message, _, path = str(error).partition(" - at `$")
    field = path[:-1].lstrip(".")
    if message.startswith(_MISSING):
        inner = message.removeprefix(_MISSING).strip("`")
        return f"{field}.{inner}".lstrip("."), "is missing"
    return field, _said(message)


def _said(message: str) -> str:
    """Return a message about one value.

    >>> _said("Expected `str` of length <= 256")
    'expected text of at most 256 characters'
    >>> _said("Expected `float | null`, got `bool`")
    'expected a number or null, got true or false'
    >>> _said("Expected `float` >= 0.0"), _said("Expected `float` <= 1000000000000.0")
    ('expected a number of at least 0', 'expected a number of at most 1e12')
    >>> _said("Expected `str` matching regex '^[A-Z]{3}$'")
    "expected text that matches '^[A-Z]{3}$'"
    >>> _said("Invalid enum value 'glance'")
    "there is no such value as 'glance'"
    """
    if message.startswith(_UNKNOWN):
        return f"there is no such value as {message.removeprefix(_UNKNOWN)}"
    found = _EXPECTED.fullmatch(message)
    if found is None:
        return message[:1].lower() + message[1:]
    kinds = found["kinds"].split(" | ")
    said = "expected " + " or ".join(_KINDS.get(kind, f"`{kind}`") for kind in kinds)
    if found["length"]:
        noun = "value" if kinds[0] in ("array", "object") else "character"
        said += f" of {_BOUNDS[found['bound']]} {counted(int(found['length']), noun)}"
    if found["number"]:
        said += f" of {_BOUNDS[found['limit']]} {_number(found['number'])}"
    if found["pattern"]:
        said += f" that matches {found['pattern']}"
    return said + (f", got {_KINDS.get(found['got'], found['got'])}" if found["got"] else "")


def _number(text: str) -> str:
    number = float(text)
    return f"{number:g}".replace("e+", "e") if number.is_integer() else text
