"""Rows of a CSV file with canonical column names, as the JSON of events.

>>> row = csv_event(["id", "time", "type", "user", "price"])
>>> row(b"1,1511544070000,view,ada,2.50\\n")
b'{"id":"1","time":1511544070000,"type":"view","user":"ada","price":2.5}'

What is no number where one belongs stays text, and what cannot be split stays as it is: the first
step refuses both, and says why.
"""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from contracts.events import Event
from flows.importers.errors import BadLineError, ImporterError
from flows.importers.rows import Splitter

REQUIRED: Final = ("id", "type", "time")
LIST_SEPARATOR: Final = "|"
_INTEGERS: Final = frozenset({"time", "position", "v"})
_NUMBERS: Final = frozenset({"price", "quantity", "value"})
_TREES: Final = frozenset({"consent", "props"})

Row = Callable[[bytes], bytes]


def header(file: Path, line: bytes) -> list[str]:
    """Return the column names of a file's first line; raise `ImporterError` for wrong ones."""
    try:
        names = [name.strip() for name in Splitter(",", 256, 1)(line)]
    except BadLineError as error:
        raise ImporterError(f"{file}: expected a header; line 1 is bad: {error}") from None
    while names and not names[-1]:
        names.pop()
    unknown = [name for name in names if name not in Event.__struct_fields__]
    missing = [name for name in REQUIRED if name not in names]
    if unknown or missing or len(set(names)) < len(names):
        fault = (
            f"it lacks {', '.join(missing)}"
            if missing
            else f"there is no {', '.join(map(repr, unknown))}"
            if unknown
            else "a name comes twice"
        )
        raise ImporterError(
            f"{file}: expected the names of an event's fields as its header "
            f"({', '.join(Event.__struct_fields__)}); {fault}"
        )
    return names


def csv_event(names: Sequence[str]) -> Row:
    """Return what turns the bytes of a row into an event's JSON."""
    split = Splitter(",", len(names))

    def convert(line: bytes) -> bytes:
        try:
            cells = split(line)
        except BadLineError:
            return line.rstrip(b"\r\n")
        fields = zip(names, cells, strict=True)
        return orjson.dumps({name: _value(name, cell) for name, cell in fields if cell})

    return convert


def _value(name: str, cell: str) -> Any:
    if name in _INTEGERS:
        return _integer(cell)
    if name in _NUMBERS:
        return _number(cell)
    if name in _TREES:
        return _tree(name, cell)
    return cell


def _integer(cell: str) -> int | str:
    try:
        number = int(cell)
    except ValueError:
        return cell
    return number if abs(number) < 1 << 63 else cell


def _number(cell: str) -> float | str:
    try:
        number = float(cell)
    except ValueError:
        return cell
    return number if math.isfinite(number) else cell


def _tree(name: str, cell: str) -> Any:
    if cell[0] in "[{":
        try:
            return orjson.loads(cell)
        except orjson.JSONDecodeError:
            return cell
    return cell.split(LIST_SEPARATOR) if name == "consent" else cell
