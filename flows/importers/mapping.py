"""A mapping file: which column of a table of one's own is which field of an event or an item.

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

[item]                             # what a line says of an item: a record of the catalogue
id = "sku"
title = "name"
tags = { column = "labels", split = "|" }
"""

import tomllib
from collections.abc import Mapping as Tree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Struct

from contracts.events import Event, Item
from flows.importers.columns import (
    Cell,
    Column,
    Columns,
    Text,
    columns_of,
    listed,
    plain_values,
    read_by,
    values,
)
from flows.importers.errors import BadLineError, ImporterError

EVENT_FIELDS: Final = frozenset(Event.__struct_fields__) - {"props", "consent"}
ITEM_FIELDS: Final = frozenset(Item.__struct_fields__) - {"props", "site", "v"}


class MappingFile(Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in the file."""

    event: dict[str, Text | Column] = {}
    props: dict[str, Text | Column] = {}
    item: dict[str, Text | Column] = {}
    separator: Annotated[str, msgspec.Meta(min_length=1, max_length=1)] = ","


@dataclass(frozen=True)
class Mapping:
    """A mapping that can be used: of `columns` events are made, of `item_columns` items."""

    name: str
    columns: tuple[str, ...]
    item_columns: tuple[str, ...]
    separator: str
    _fields: Columns
    _props: Columns
    _item: Columns

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
        _check(file)
        fields, props = columns_of("event", file.event), columns_of("props", file.props)
        item = columns_of("item", file.item)
        if item and "time" not in file.item:
            # What an event says of an item is so from the event on.
            item = (*item, *(one for one in fields if one[0] == "time"))
        return cls(name, read_by(fields, props), read_by(item), file.separator, fields, props, item)

    @property
    def makes_events(self) -> bool:
        """Whether lines are events."""
        return bool(self._fields)

    @property
    def makes_items(self) -> bool:
        """Whether lines say what an item is."""
        return bool(self._item)

    def event(self, line: int, cells: Sequence[Cell]) -> Event:
        """Return the event of a line; raise `BadLineError`, or `LeaveOut`."""
        row = dict(zip(self.columns, cells, strict=True))
        given = values(self._fields, row)
        for name in ("time", "type"):
            if name not in given:
                raise BadLineError(f"no {name}", f"`{name}` is empty")
        given.setdefault("id", f"{self.name}-{line:09}")
        given.setdefault("source", self.name)
        return Event(**given, props=plain_values(self._props, row))

    def item(self, cells: Sequence[Cell]) -> dict[str, Any]:
        """Return what a line says of an item, nothing of its empty cells; raise as `event`."""
        return values(self._item, dict(zip(self.item_columns, cells, strict=True)))


def _check(file: MappingFile) -> None:
    _known("event", file.event, EVENT_FIELDS)
    _known("item", file.item, ITEM_FIELDS)
    if not (file.event or file.item):
        raise ValueError("say what a line is: an [event], an [item], or both")
    if file.event:
        if missing := [field for field in ("time", "type") if field not in file.event]:
            raise ValueError(f"[event]: say where `{missing[0]}` comes from")
        if not {"user", "device"} & file.event.keys():
            raise ValueError("[event]: say where `user` or `device` comes from")
    elif file.props:
        raise ValueError("[props] are of events: say what an [event] is, too")
    if file.item and "id" not in file.item:
        raise ValueError("[item]: say where `id` comes from")


def _known(table: str, told: Tree[str, object], fields: frozenset[str]) -> None:
    if unknown := sorted(told.keys() - fields):
        raise ValueError(
            f"[{table}]: there is no field {unknown[0]!r}; there are: {listed(fields)}"
        )
