"""Segment messages, one JSON object a line: archives of a Segment source, or recorded batches.

A line is a message (`track`, `page`, `screen`, `identify`, `group`, `alias`) or a batch of them
(`{"batch": [...]}`), as the Segment spec has it (https://segment.com/docs/connections/spec/). Files
may be gzipped, as archives in object stores are; a folder is read from `segment*.json*`, all of
them.

Mapping: the collector's own (`contracts.segment`), so that a recording imports as it would have
arrived. The arrival is `receivedAt`, or else `sentAt`; a message that tells no time at all is
skipped. Ids are the `messageId`s, not line numbers; of a message without one, a digest of its line.
The site is `default`. A batch with one bad message is skipped as a whole.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.codec import load_json
from contracts.events import Event
from contracts.segment import translate
from contracts.segment.times import instant
from flows.importers.canonical import first_object
from flows.importers.errors import BadLineError
from flows.importers.importer import EventTable, Importer, Table
from flows.importers.report import LeftOut, Report
from flows.importers.source import Source, lines

NAME: Final = "segment"
MAIN: Final = ("segment*.jsonl", "segment*.json", "segment*.ndjson")
SITE: Final = "default"
CALLS: Final = frozenset({"track", "page", "screen", "identify", "group", "alias"})
TIMES: Final = ("receivedAt", "sentAt", "timestamp", "originalTimestamp")


def split(line: bytes) -> tuple[bytes, Any]:
    """Return the line and its JSON; raise `DecodeError`."""
    return line, load_json(line)


def convert(number: int, read: tuple[bytes, Any]) -> Sequence[Event] | LeftOut:
    """Make a message, or all messages of a batch, into events.

    >>> raw = b'{"type": "track", "event": "Product Viewed", "userId": "ada", "messageId": "m1", '
    >>> raw += b'"timestamp": "2024-05-04T12:00:00Z", "properties": {"product_id": "kettle"}}'
    >>> [(event.id, event.type, event.item) for event in convert(1, split(raw))]
    [('m1', 'view', 'kettle')]
    """
    raw, tree = read
    if not isinstance(tree, dict):
        raise BadLineError("not a message", "expected a JSON object")
    if "batch" not in tree:
        return _events(tree, {}, raw, 0)
    batch = tree["batch"]
    if not isinstance(batch, list) or not all(isinstance(each, dict) for each in batch):
        raise BadLineError("not a message", "`batch`: expected a list of objects")
    made = [event for at, each in enumerate(batch) for event in _events(each, tree, raw, at)]
    return made or LeftOut("empty batch")


def _events(
    message: Mapping[str, Any], batch: Mapping[str, Any], raw: bytes, index: int
) -> list[Event]:
    times = [instant(each.get(name), name) for name in TIMES for each in (message, batch)]
    arrival = next((time for time in times if time is not None), None)
    if arrival is None:
        raise BadLineError("no time", f"none of {', '.join(TIMES)} is there")
    context = batch.get("context")
    return translate(
        message,
        site=SITE,
        received=arrival,
        sent=instant(batch.get("sentAt"), "sentAt"),
        context=context if isinstance(context, dict) else None,
        raw=raw.strip(),
        index=index,
    )


def tables(source: Source, report: Report) -> Iterator[EventTable]:
    """Open the archives."""
    for file in source.main(*MAIN):
        body = lines(file, report.progress)
        yield Table(file, body, split, convert, "one JSON message, or batch, a line")


def looks_like(head: Sequence[str]) -> bool:
    """Whether the first line is a message or a batch of them."""
    tree = first_object(head)
    if isinstance(tree.get("batch"), list):
        return True
    return tree.get("type") in CALLS and not {"messageId", "userId", "anonymousId"}.isdisjoint(tree)


IMPORTER: Final = Importer(
    name=NAME,
    description="Segment: recorded messages of its SDKs",
    files="a .jsonl file of messages (track, page, identify, ...) or batches, or a folder with"
    " segment*.json files",
    main=MAIN,
    tables=tables,
    looks_like=looks_like,
)
