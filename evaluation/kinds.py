"""What kind of thing each item of a recording is: category, brand and tags, for diversity."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from contracts.events import Item
from evaluation.stream import Stream
from flows import importers


def described(stream: Stream, source: Path, format_: str) -> Stream:
    """Return the stream with its items described by the data set's catalogue.

    The catalogue is read whole: it may be larger than the recording. Raises `ImporterError`.
    """
    return with_kinds(stream, importers.catalog(format_, source))


def with_kinds(stream: Stream, records: Iterable[Item]) -> Stream:
    """Return the stream with what the last record of each item says of it, if it says anything.

    >>> from evaluation.stream import stream_of
    >>> from contracts.events import Event
    >>> stream = stream_of([Event(id="1", type="view", user="ada", item="cup", time=0)])
    >>> with_kinds(stream, [Item(id="cup", category="kitchen"), Item(id="pot")]).kinds[0].category
    'kitchen'
    """
    numbers = {name: number for number, name in enumerate(stream.names)}
    kinds = {
        numbers[item.id]: item
        for item in records
        if item.id in numbers and (item.category or item.brand or item.tags)
    }
    return replace(stream, kinds=kinds)
