"""Tables of one's own, read by a mapping file: CSV, Parquet, JSON lines."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from contracts.codec import dump_json, load_json
from contracts.events import Event, Item
from flows.importers.columns import Cell, LeaveOut
from flows.importers.errors import BadLineError
from flows.importers.importer import EventTable, Importer, Table, checked_item, results
from flows.importers.mapping import Mapping
from flows.importers.parquet import is_parquet, parquet_rows
from flows.importers.report import LeftOut, Report
from flows.importers.rows import text_of, with_header
from flows.importers.sorting import Record, in_order
from flows.importers.source import Source, lines

NAME: Final = "mapped"
MAIN: Final = ("*.csv", "*.tsv", "*.parquet", "*.jsonl", "*.ndjson")
JSON_ENDINGS: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


def importer_of(mapping: Mapping) -> Importer:
    """Return an importer that reads as a mapping says. Of a folder it reads every table."""

    def tables(source: Source, report: Report) -> Iterator[EventTable]:
        for file in source.main(*MAIN):
            yield _table(file, mapping, mapping.columns, _events(mapping), report)

    def items(source: Source, report: Report) -> Iterator[Item]:
        if not mapping.makes_items:
            return
        columns = mapping.item_columns
        yield from _changes(
            record
            for file in source.main(*MAIN)
            for record in results(_table(file, mapping, columns, _items(mapping), report), report)
        )

    return Importer(
        name=NAME,
        description="tables of one's own",
        files=", ".join(MAIN),
        main=MAIN,
        tables=tables,
        looks_like=lambda head: False,
        items=items,
    )


T = TypeVar("T")
Convert = Callable[[int, Any], Sequence[T] | LeftOut]


def _table(
    file: Path, mapping: Mapping, columns: Sequence[str], convert: Convert[T], report: Report
) -> Table[Any, T]:
    expected = f"columns {', '.join(columns)}"
    if file.name.lower().endswith(JSON_ENDINGS):
        body = lines(file, report.progress)
        return Table(file, body, _json_cells(columns), convert, "one JSON object a line")
    if is_parquet(file):
        rows = parquet_rows(file, columns, report.progress)
        return Table(file, rows, lambda row: row, convert, expected)
    tabs = file.name.lower().endswith((".tsv", ".tsv.gz"))
    sep = "\t" if tabs else mapping.separator
    body, split = with_header(file, columns, sep=sep, multiline=True, progress=report.progress)
    return Table(file, body, split, convert, expected)


def _events(mapping: Mapping) -> Convert[Event]:
    def convert(number: int, cells: Sequence[Cell]) -> Sequence[Event] | LeftOut:
        try:
            return (mapping.event(number, cells),)
        except LeaveOut as told:
            return LeftOut(str(told))

    return convert


def _items(mapping: Mapping) -> Convert[Record]:
    def convert(number: int, cells: Sequence[Cell]) -> Sequence[Record] | LeftOut:
        try:
            told = mapping.item(cells)
        except LeaveOut as left:
            return LeftOut(str(left))
        if "id" not in told:
            return LeftOut("no item")
        item = checked_item(Item(**told))
        return ((item.time, dump_json(told)),)

    return convert


def _changes(records: Iterable[Record]) -> Iterator[Item]:
    """Yield an item when a line says something new of it; an empty cell takes nothing back.

    Holds what is known of each item.
    """
    known: dict[str, dict[str, Any]] = {}
    for time, raw in in_order(records):
        told = load_json(raw)
        before = known.get(told["id"], {})
        after = {**before, **told, "time": time}
        if before.keys() != after.keys() or before | {"time": time} != after:
            known[told["id"]] = after
            yield msgspec.convert(after, Item)


def _json_cells(paths: Sequence[str]) -> Callable[[bytes], list[Cell]]:
    parts = [path.split(".") for path in paths]

    def cells(line: bytes) -> list[Cell]:
        found = load_json(text_of(line).encode())
        if not isinstance(found, dict):
            raise BadLineError("malformed", "not a JSON object")
        return [_at(found, steps) for steps in parts]

    return cells


def _at(tree: Any, steps: Sequence[str]) -> Cell:
    for step in steps:
        tree = tree.get(step) if isinstance(tree, dict) else None
    match tree:
        case None:
            return ""
        case str():
            return tree
        case bool():
            return str(tree).lower()
        case list():
            return [str(one) for one in tree]
        case _:
            return str(tree)
