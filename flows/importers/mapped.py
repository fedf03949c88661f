"""Tables of one's own, read by a mapping file: CSV, Parquet, JSON lines."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from contracts.codec import load_json
from contracts.events import Event
from flows.importers.errors import BadLineError
from flows.importers.importer import EventTable, Importer, Table
from flows.importers.mapping import Cell, LeaveOut, Mapping
from flows.importers.parquet import is_parquet, parquet_rows
from flows.importers.report import LeftOut, Report
from flows.importers.rows import text_of, with_header
from flows.importers.source import Source, lines

NAME: Final = "mapped"
MAIN: Final = ("*.csv", "*.tsv", "*.parquet", "*.jsonl", "*.ndjson")
JSON_ENDINGS: Final = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


def importer_of(mapping: Mapping) -> Importer:
    """Return an importer that reads as a mapping says. Of a folder it reads every table."""

    def tables(source: Source, report: Report) -> Iterator[EventTable]:
        for file in source.main(*MAIN):
            yield _table(file, mapping, report)

    return Importer(
        name=NAME,
        description="tables of one's own",
        files=", ".join(MAIN),
        main=MAIN,
        tables=tables,
        looks_like=lambda head: False,
    )


def _table(file: Path, mapping: Mapping, report: Report) -> EventTable:
    expected = f"columns {', '.join(mapping.columns)}"
    convert = _convert(mapping)
    if file.name.lower().endswith(JSON_ENDINGS):
        body = lines(file, report.progress)
        return Table(file, body, _json_cells(mapping.columns), convert, "one JSON object a line")
    if is_parquet(file):
        rows = parquet_rows(file, mapping.columns, report.progress)
        return Table(file, rows, lambda row: row, convert, expected)
    tabs = file.name.lower().endswith((".tsv", ".tsv.gz"))
    sep = "\t" if tabs else mapping.separator
    body, split = with_header(
        file, mapping.columns, sep=sep, multiline=True, progress=report.progress
    )
    return Table(file, body, split, convert, expected)


def _convert(mapping: Mapping) -> Callable[[int, Any], Sequence[Event] | LeftOut]:
    def convert(number: int, cells: Sequence[Cell]) -> Sequence[Event] | LeftOut:
        try:
            return (mapping.event(number, cells),)
        except LeaveOut as told:
            return LeftOut(str(told))

    return convert


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
