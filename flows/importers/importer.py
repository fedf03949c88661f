"""What an importer is, and the one loop that turns lines into valid events in time order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from contracts.codec import DecodeError, encode_json
from contracts.events import Event, Item
from contracts.validation import check
from contracts.wording import plain
from flows.importers.bad_lines import MARK, BadLine, pack, raw_of, unpack
from flows.importers.errors import BadLineError, ImporterError, WrongFormatError
from flows.importers.report import LeftOut, Report
from flows.importers.sorting import MEMORY, Record, in_order
from flows.importers.source import Source

T = TypeVar("T")
R = TypeVar("R")

HOPELESS: Final = 100
"""So many bad lines before the first good one, and the file is of another format."""

_event = msgspec.json.Decoder(Event)
_item = msgspec.json.Decoder(Item)


@dataclass(frozen=True)
class Table(Generic[R, T]):
    """One file of a data set: its numbered lines, and what one line is made into.

    A line is bytes; the row of a file that has no lines is a tuple of values.
    `split` and `convert` raise `BadLineError`, or another `ValueError`, for a bad line.
    `expected` describes a line for people. `refuse` makes what is yielded in a bad line's place.
    """

    file: Path
    lines: Iterator[tuple[int, Any]]
    split: Callable[[Any], R]
    convert: Callable[[int, R], Sequence[T] | LeftOut]
    expected: str
    refuse: Callable[[int, Any, BadLineError], Sequence[T]] = lambda number, line, fault: ()


def results(table: Table[R, T], report: Report) -> Iterator[T]:
    """Yield what a table's lines are made into; count every line; skip the bad ones.

    Raises `WrongFormatError` when no line is good.
    """
    good = bad = 0
    for number, line in table.lines:
        report.lines += 1
        if len(line) < 3 and not line.strip():
            report.left_out["blank line"] += 1
            continue
        try:
            made = table.convert(number, table.split(line))
        except BAD as error:
            bad += 1
            fault = _fault(error)
            report.skip(table.file, number, fault)
            if bad >= HOPELESS and not good:
                raise _wrong_format(table, report) from None
            yield from table.refuse(number, line, fault)
            continue
        good += 1
        if isinstance(made, LeftOut):
            report.left_out[made.reason] += 1
        else:
            report.used += 1
            yield from made
    if bad and not good:
        raise _wrong_format(table, report)


BAD: Final = (ValueError, IndexError, KeyError, OverflowError, RecursionError, msgspec.MsgspecError)


def _fault(error: Exception) -> BadLineError:
    if isinstance(error, BadLineError):
        return error
    if isinstance(error, DecodeError):
        return BadLineError(error.reason.replace("_", " "), error.detail)
    if isinstance(error, msgspec.MsgspecError):
        return BadLineError("invalid", plain(error))
    return BadLineError("bad value", f"{type(error).__name__}: {error}")


def _wrong_format(table: Table[Any, Any], report: Report) -> WrongFormatError:
    found = report.samples[0] if report.samples else "nothing that fits"
    return WrongFormatError(f"{table.file}: expected {table.expected}; found {found}")


def checked(event: Event) -> Record:
    """Return the event's time and its JSON; raise if the flow would refuse it.

    Making an event checks nothing, reading one checks all its types: so it is written and read
    back. Cost: about 3 us.
    """
    raw = encode_json(event)
    fault = check(_event.decode(raw))
    if fault is not None:
        raise BadLineError(fault[0].replace("_", " "), fault[1])
    return event.time, raw


def checked_item(item: Item) -> Item:
    """Return the record; raise `msgspec.ValidationError` if it is invalid."""
    _item.decode(encode_json(item))
    return item


EventTable = Table[Any, Event]
EventTables = Callable[[Source, Report], Iterator[EventTable]]
ItemRecords = Callable[[Source, Report], Iterator[Item]]


def no_items(source: Source, report: Report) -> Iterator[Item]:
    """The catalogue of a data set that describes no items."""
    return iter(())


@dataclass(frozen=True)
class Importer:
    """One format: how to read it, and what to tell people of it.

    `files` says which files it expects. `tables` opens them; `items` reads their catalogue.
    `main` are the names that mark a folder as this data set, and `looks_like` says whether the
    first lines of a file do: the two make `detect`.
    """

    name: str
    description: str
    files: str
    main: tuple[str, ...]
    tables: EventTables = field(repr=False)
    looks_like: Callable[[Sequence[str]], bool] = field(repr=False)
    items: ItemRecords = field(default=no_items, repr=False)

    def read(
        self, path: Path, report: Report | None = None, memory: int = MEMORY
    ) -> Iterator[Event]:
        """Yield the events in time order; events of one time keep the order of their lines.

        The whole source is read before the first event comes. `memory` (bytes) bounds what is
        held of it; more is sorted on disk. `report` counts as it goes. Raises `ImporterError`.
        """
        report = report if report is not None else Report()
        for _, raw in in_order(self._records(Source(path), report, _without_bad), memory):
            yield _event.decode(raw)

    def read_all(self, path: Path, memory: int = MEMORY) -> Iterator[Event | BadLine]:
        """Yield the events as `read` does, and each bad line after the event it follows."""
        for _, raw in in_order(self._records(Source(path), Report(), _with_bad), memory):
            yield unpack(raw) if raw[0] == MARK else _event.decode(raw)

    def check(self, path: Path) -> None:
        """Raise `WrongFormatError` unless there is a good line; reads up to the first one."""
        next(self._records(Source(path), Report(), _without_bad), None)

    def catalog(self, path: Path, report: Report | None = None) -> Iterator[Item]:
        """Yield the item records in time order; none where the data set describes no items."""
        _must_exist(path)
        yield from self.items(Source(path), report if report is not None else Report())

    def _records(
        self, source: Source, report: Report, checked_table: "Callable[[EventTable], Checked]"
    ) -> Iterator[Record]:
        _must_exist(source.path)
        for table in self.tables(source, report):
            for record in results(checked_table(table), report):
                report.events += record[1][0] != MARK
                yield record


Checked = Table[Any, Record]


def _without_bad(table: EventTable) -> Checked:
    return Table(table.file, table.lines, table.split, _checking(table), table.expected)


def _with_bad(table: EventTable) -> Checked:
    """Bad lines take the time of the line before them: they are not lost, and move nothing."""
    convert, latest = _checking(table), 0

    def convert_and_note(number: int, row: Any) -> Sequence[Record] | LeftOut:
        nonlocal latest
        made = convert(number, row)
        if not isinstance(made, LeftOut) and made:
            latest = made[-1][0]
        return made

    def refuse(number: int, line: Any, fault: BadLineError) -> Sequence[Record]:
        bad = BadLine(f"{table.file}:", number, raw_of(line), fault.reason, fault.detail)
        return [pack(latest, bad)]

    return Table(table.file, table.lines, table.split, convert_and_note, table.expected, refuse)


def _checking(table: EventTable) -> Callable[[int, Any], Sequence[Record] | LeftOut]:
    """All events of a line are checked before the first is used: a line is taken whole."""
    convert = table.convert

    def convert_and_check(number: int, row: Any) -> Sequence[Record] | LeftOut:
        made = convert(number, row)
        return made if isinstance(made, LeftOut) else [checked(event) for event in made]

    return convert_and_check


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise ImporterError(f"{path}: there is no such file or folder")
