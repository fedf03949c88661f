"""Headrace's own events: one JSON object a line, in any order; `headrace import` writes the same.

Mapping: none; ids, sites and sources stay as they are. A line is refused for what the collector
would refuse it for. A folder is read from `events.jsonl`.

Catalogue: `catalog.jsonl` beside the events: one item record a line.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from contracts.codec import decode_event, decode_json
from contracts.events import CLICK_TYPES, FEEDBACK_TYPES, Event, Item
from flows.importers.importer import EventTable, Importer, Table, results
from flows.importers.report import Report
from flows.importers.source import Source, lines

NAME: Final = "events"
MAIN: Final = ("events.jsonl", "events.ndjson", "*events*.jsonl")
CATALOG: Final = ("catalog.jsonl", "*catalog*.jsonl")
TYPES: Final = CLICK_TYPES | FEEDBACK_TYPES


def split(line: bytes) -> Event:
    """Return the event of a line; raise `DecodeError`."""
    return decode_event(line)


def convert(number: int, event: Event) -> Sequence[Event]:
    """Take the event as it is."""
    return (event,)


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the events."""
    file = source.one(*MAIN)
    yield Table(file, lines(file, report.progress), split, convert, "one JSON event a line")


def items(source: Source, report: Report) -> Iterator[Item]:
    """Yield the item records in time order."""
    records: list[Item] = []
    for file in source.find(*CATALOG)[:1]:
        table = Table(file, lines(file), _item, _record, "one JSON item record a line")
        records += results(table, report)
    yield from sorted(records, key=lambda record: record.time)


def _item(line: bytes) -> Item:
    return decode_json(line, Item)


def _record(number: int, record: Item) -> Sequence[Item]:
    return (record,)


def first_object(head: Sequence[str]) -> dict[str, Any]:
    """Return the first line as a JSON object; an empty one if it is none."""
    try:
        tree = msgspec.json.decode(head[0]) if head else {}
    except (msgspec.DecodeError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first line is an event."""
    tree = first_object(head)
    return tree.get("type") in TYPES and isinstance(tree.get("time"), int)


IMPORTER: Final = Importer(
    name=NAME,
    description="Headrace's own events, one JSON object a line",
    files="a .jsonl file of events, or a folder with events.jsonl and catalog.jsonl",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
    items=items,
)
