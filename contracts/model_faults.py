"""What pydantic says of a wrong value, in words that tell what was expected and what was given."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, ValidationError

from contracts.wording import any_of, closest_of, counted, kind_of, shown

Path = tuple[int | str, ...]

_EXPECTED: Final = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "an object with names and values",
    "model_type": "an object with fields",
    "model_attributes_type": "an object with fields",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number below {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
}
TIME: Final = "a time as in `2026-05-04T12:00:00Z`"


def faults_of(
    error: ValidationError, model: type[BaseModel], patterns: Mapping[str, str] | None = None
) -> Iterator[tuple[Path, str, Exception | None]]:
    """Yield for each fault the field's path, what is wrong, and the error behind it, if any.

    `patterns` has in words what a regular expression asks for.

    >>> from typing import Literal
    >>> class Lamp(BaseModel, extra="forbid"):
    ...     size: int
    ...     colour: Literal["red", "green"]
    >>> try:
    ...     Lamp.model_validate({"size": "big", "colour": "blue", "hight": 3})
    ... except ValidationError as error:
    ...     for path, said, _ in faults_of(error, Lamp):
    ...         print(*path, said, sep=": ")
    size: expected a whole number, got 'big'
    colour: expected `red` or `green`, got 'blue'
    hight: there is no such field; there are: size, colour
    """
    for one in error.errors():
        cause = one.get("ctx", {}).get("error")
        path, kind = one["loc"], one["type"]
        if kind == "extra_forbidden":
            said = f"there is no such field{closest_of(str(path[-1]), fields_at(model, path[:-1]))}"
        elif kind == "missing":
            said = "is missing"
        elif isinstance(cause, Exception):
            said = str(cause)
        else:
            said = _said(kind, one.get("ctx", {}), one["input"], patterns or {}) or one["msg"]
        yield path, said, cause if isinstance(cause, Exception) else None


def _said(
    kind: str, given: Mapping[str, Any], value: object, patterns: Mapping[str, str]
) -> str | None:
    if kind == "timezone_aware":
        return f"{shown(str(value))} says no time zone: add `Z`, or `+02:00`"
    if kind == "literal_error":
        names = [part.strip("'") for part in given["expected"].replace(" or ", ", ").split(", ")]
        expected = any_of(names)
    elif kind == "string_pattern_mismatch":
        expected = patterns.get(given["pattern"], f"text that matches {given['pattern']}")
    elif kind in ("string_too_short", "string_too_long", "too_short", "too_long"):
        return _length(kind, given, value)
    elif kind.startswith("datetime_"):
        expected = TIME
    elif kind in _EXPECTED:
        expected = _EXPECTED[kind].format(**given)
    else:
        return None
    scalar = isinstance(value, str | int | float) and not isinstance(value, bool)
    return f"expected {expected}, got {shown(value) if scalar else kind_of(value)}"


def _length(kind: str, given: Mapping[str, Any], value: Any) -> str:
    bound = "at least" if kind.endswith("short") else "at most"
    number = given["min_length" if bound == "at least" else "max_length"]
    noun = "character" if kind.startswith("string") else "value"
    return f"expected {bound} {counted(number, noun)}, got {len(value):,}"


def fields_at(model: type[BaseModel], path: Sequence[int | str]) -> list[str]:
    """Return the names of the fields that there are at a place below a model."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [below for kind in kinds for below in _below(kind, part)]
    return [
        field.alias or name
        for kind in kinds
        if isinstance(kind, type) and issubclass(kind, BaseModel)
        for name, field in kind.model_fields.items()
    ]


def _below(kind: Any, part: int | str) -> Iterator[Any]:
    """Yield what a value may be that lies at one step below a kind."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for name, field in kind.model_fields.items():
            if part == (field.alias or name):
                yield from (field.annotation, *get_args(field.annotation))  # or None
    elif get_origin(kind) in (list, dict):
        yield get_args(kind)[-1]


def in_file(error: ValidationError, model: type[BaseModel], tree: Mapping[str, Any]) -> str:
    """Return all faults of a file that lists entries, each with its entry, by number and name."""
    return "; ".join(
        ": ".join(part for part in (*_entry(tree, path), said) if part)
        for path, said, _ in faults_of(error, model)
    )


def _entry(tree: Mapping[str, Any], path: Path) -> tuple[str, str]:
    if len(path) < 2 or not isinstance(path[1], int):
        return "", ".".join(map(str, path))
    entry = tree[str(path[0])][path[1]]
    name = entry.get("id", entry.get("name")) if isinstance(entry, dict) else None
    place = f"{path[0]} {path[1] + 1}" + (f' ("{name}")' if isinstance(name, str) else "")
    return place, ".".join(map(str, path[2:]))
