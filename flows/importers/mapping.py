"""A mapping file: which column of a table of one's own is which field of an event.

separator = ";"                    # of a CSV; "," where it is not said

[event]
user = "customer_no"               # the name of a column; in JSON lines a path, such as "who.id"
time = { column = "created", as = "seconds" }     # iso (where it is not said), seconds, millis
type = { column = "action", map = { pv = "view", buy = "purchase" } }
item = "sku"
currency = { value = "EUR" }       # the same on every line

[props]
category = "category"
tags = { column = "labels", split = "|" }
"""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Struct

from contracts.events import Event
from flows.importers.errors import BadLineError, ImporterError
from flows.importers.fields import iso, number, seconds, whole

FIELDS: Final = frozenset(Event.__struct_fields__) - {"props", "consent"}
NUMBERS: Final = frozenset({"price", "quantity", "value"})
SKIP: Final = "skip"

Text = Annotated[str, msgspec.Meta(min_length=1)]
Cell = str | list[str]


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


class MappingFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file."""

    event: dict[str, Text | Column]
    props: dict[str, Text | Column] = {}
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","


class LeaveOut(Exception):  # noqa: N818  # it is no error
    """The mapping says that a line is to be left out."""


@dataclass(frozen=True)
class Mapping:
    """A mapping that can be used: `columns` are read, and `event` made of their cells."""

    name: str
    columns: tuple[str, ...]
    separator: str
    _fields: tuple[tuple[str, Column], ...]
    _props: tuple[tuple[str, Column], ...]

    @classmethod
    def read(cls, path: Path) -> "Mapping":
        """Return the mapping in a file; raise `ImporterError`."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls.of(path.stem, msgspec.convert(tomllib.loads(text), MappingFile))
        except OSError as error:
            raise ImporterError(f"{path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValueError) as error:
            raise ImporterError(f"{path}: {error}") from None

    @classmethod
    def of(cls, name: str, file: MappingFile) -> "Mapping":
        """Return the mapping; raise `ValueError` for one that no line could come through."""
        if unknown := sorted(file.event.keys() - FIELDS):
            raise ValueError(f"[event]: there is no field {unknown[0]!r}; there are: {_listed()}")
        if missing := [field for field in ("time", "type") if field not in file.event]:
            raise ValueError(f"[event]: say where `{missing[0]}` comes from")
        if not {"user", "device"} & file.event.keys():
            raise ValueError("[event]: say where `user` or `device` comes from")
        fields = [(name, _column("event", name, told)) for name, told in file.event.items()]
        props = [(name, _column("props", name, told)) for name, told in file.props.items()]
        read = dict.fromkeys(one.column for _, one in (*fields, *props) if one.column is not None)
        return cls(name, tuple(read), file.separator, tuple(fields), tuple(props))

    def event(self, line: int, cells: Sequence[Cell]) -> Event:
        """Return the event of a line; raise `BadLineError`, or `LeaveOut`."""
        row = dict(zip(self.columns, cells, strict=True))
        made = {name: _made(name, column, row) for name, column in self._fields}
        given = {name: value for name, value in made.items() if value is not None}
        for name in ("time", "type"):
            if name not in given:
                raise BadLineError(f"no {name}", f"`{name}` is empty")
        given.setdefault("id", f"{self.name}-{line:09}")
        given.setdefault("source", self.name)
        props = {name: _made("", column, row) for name, column in self._props}
        given["props"] = {name: value for name, value in props.items() if value is not None}
        return Event(**given)


def _column(table: str, name: str, told: str | Column) -> Column:
    column = Column(column=told) if isinstance(told, str) else told
    if (column.column is None) == (column.value is None):
        raise ValueError(f"[{table}] {name}: give either `column` or `value`")
    return column


def _made(name: str, column: Column, row: dict[str, Cell]) -> Any:
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
    return number(cell, str(column.column)) if name in NUMBERS else cell


def _translated(name: str, column: Column, cell: str) -> str:
    found = column.map.get(cell, column.otherwise)
    if found is None:
        raise BadLineError(f"unmapped {name}", f"{column.column} is {cell[:40]!r}")
    if found == SKIP:
        raise LeaveOut(f"{column.column} {cell[:40]}")
    return found


def _listed() -> str:
    return ", ".join(sorted(FIELDS))


_TIMES: Final[dict[str, Callable[[str, str], int]]] = {
    "iso": iso,
    "seconds": seconds,
    "millis": whole,
}
