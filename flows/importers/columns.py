"""Columns of a table of one's own: where a field's value comes from, and what is done to it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Struct

from flows.importers.errors import BadLineError
from flows.importers.fields import iso, number, seconds, whole

NUMBERS: Final = frozenset({"price", "quantity", "value"})
SKIP: Final = "skip"
WORDS: Final = {"true": True, "1": True, "false": False, "0": False}

Text = Annotated[str, msgspec.Meta(min_length=1)]
Cell = str | list[str]
Row = Mapping[str, Cell]


class Column(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a field comes from, and what is done to it on the way.

    `map` gives other words for a cell's; what is not in it becomes `otherwise`, which may be
    `skip`: such lines are left out on purpose. Without `otherwise` the line cannot be mapped.
    """

    column: Text | None = None
    value: str | None = None
    as_: Literal["iso", "seconds", "millis"] = msgspec.field(default="iso", name="as")
    map: dict[str, str] = {}
    otherwise: str | None = None
    split: Text | None = None


class LeaveOut(Exception):  # noqa: N818  # it is no error
    """The mapping says that a line is to be left out."""


Columns = tuple[tuple[str, Column], ...]


def columns_of(table: str, told: Mapping[str, Text | Column]) -> Columns:
    """Return the columns of a part of the mapping file; raise `ValueError`."""
    return tuple((name, _column(table, name, one)) for name, one in told.items())


def read_by(*parts: Columns) -> tuple[str, ...]:
    """Return the names of the columns that are read, each once."""
    found = (one.column for part in parts for _, one in part)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def values(columns: Columns, row: Row) -> dict[str, Any]:
    """Return what the cells that are not empty say; raise `BadLineError`, or `LeaveOut`."""
    made = {name: _made(name, column, row) for name, column in columns}
    return {name: value for name, value in made.items() if value is not None}


def plain_values(columns: Columns, row: Row) -> dict[str, Any]:
    """Return the cells as they are, whatever the columns are called: numbers stay text."""
    made = {name: _made("", column, row) for name, column in columns}
    return {name: value for name, value in made.items() if value is not None}


def listed(names: Iterable[str]) -> str:
    """Return names for people."""
    return ", ".join(sorted(names))


def _column(table: str, name: str, told: str | Column) -> Column:
    column = Column(column=told) if isinstance(told, str) else told
    if (column.column is None) == (column.value is None):
        raise ValueError(f"[{table}] {name}: give either `column` or `value`")
    return column


def _made(name: str, column: Column, row: Row) -> Any:
    cell = row[column.column] if column.column is not None else column.value
    if not cell:
        return None
    if isinstance(cell, list):
        return cell
    if column.map:
        cell = _translated(name, column, cell)
    if column.split is not None:
        return [part.strip() for part in cell.split(column.split) if part.strip()]
    if name == "time":
        return _TIMES[column.as_](cell, str(column.column))
    if name == "in_stock":
        return _yes_or_no(cell, str(column.column))
    if name == "tags":
        return [cell]
    return number(cell, str(column.column)) if name in NUMBERS else cell


def _translated(name: str, column: Column, cell: str) -> str:
    found = column.map.get(cell, column.otherwise)
    if found is None:
        raise BadLineError(f"unmapped {name}", f"{column.column} is {cell[:40]!r}")
    if found == SKIP:
        raise LeaveOut(f"{column.column} {cell[:40]}")
    return found


def _yes_or_no(cell: str, column: str) -> bool:
    found = WORDS.get(cell.lower())
    if found is None:
        raise BadLineError("neither true nor false", f"{column} is {cell[:40]!r}")
    return found


_TIMES: Final[dict[str, Callable[[str, str], int]]] = {
    "iso": iso,
    "seconds": seconds,
    "millis": whole,
}
