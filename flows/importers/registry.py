"""All formats by name, and the guess which of them a file or folder is."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

from contracts.events import Event, Item
from flows.importers import (
    canonical,
    cfpb,
    deskdrop,
    instacart,
    mind,
    movielens,
    movietweetings,
    online_retail,
    open_bandit,
    retailrocket,
    segment,
    taobao,
    trivago,
    yoochoose,
)
from flows.importers.bad_lines import BadLine
from flows.importers.errors import ImporterError, NoFilesError, WrongFormatError
from flows.importers.importer import Importer
from flows.importers.report import Report
from flows.importers.sorting import MEMORY
from flows.importers.source import Source, lines

_MODULES = (
    canonical,
    taobao,
    movielens,
    movietweetings,
    yoochoose,
    retailrocket,
    deskdrop,
    trivago,
    mind,
    online_retail,
    open_bandit,
    instacart,
    cfpb,
    segment,
)

FORMATS: Final[Mapping[str, Importer]] = MappingProxyType(
    {module.IMPORTER.name: module.IMPORTER for module in _MODULES}
)
"""Importers by the name that `headrace import FORMAT` and `headrace replay --format` take."""

HEAD_LINES: Final = 20


def read(
    format: str,  # noqa: A002  # it is what the command line calls it
    path: Path,
    report: Report | None = None,
    memory: int = MEMORY,
) -> Iterator[Event]:
    """Yield a data set's events in time order; ties keep the order of their lines.

    `path` is the data file, or the folder that holds the data set's files. Ids are the same in
    every run, unique within the source, and sort like the lines. Bad lines are skipped and
    counted in `report`. Holds about `memory` bytes and sorts more on disk. Raises
    `ImporterError`, which says what was expected, what was found, and what it looks like.
    """
    importer = _importer(format)
    try:
        yield from importer.read(path, report, memory)
    except WrongFormatError as error:
        raise type(error)(f"{error}{_hint(format, path)}") from None


def read_all(
    format: str,  # noqa: A002  # it is what the command line calls it
    path: Path,
    memory: int = MEMORY,
) -> Iterator[Event | BadLine]:
    """Yield a data set's events as `read` does, and each bad line after the event it follows."""
    importer = _importer(format)
    try:
        yield from importer.read_all(path, memory)
    except WrongFormatError as error:
        raise type(error)(f"{error}{_hint(format, path)}") from None


def catalog(
    format: str,  # noqa: A002  # it is what the command line calls it
    path: Path,
    report: Report | None = None,
) -> Iterator[Item]:
    """Yield a data set's item records in time order; none where it describes no items."""
    importer = _importer(format)
    try:
        yield from importer.catalog(path, report)
    except WrongFormatError as error:
        raise type(error)(f"{error}{_hint(format, path)}") from None


def check_files(
    format: str,  # noqa: A002  # it is what the command line calls it
    path: Path,
) -> None:
    """Raise `ImporterError` unless a file of the format is there; reads up to a good line."""
    importer = _importer(format)
    try:
        Source(path).main(*importer.main)
        importer.check(path)
    except (NoFilesError, WrongFormatError) as error:
        raise type(error)(f"{error}{_hint(format, path)}") from None


def detect(path: Path) -> str | None:
    """Return the format that a file or folder seems to have; nothing if none fits.

    Looks at the names of a folder's files, and at the first lines of the file; cost: a few
    reads. Never raises for what a file holds.
    """
    return next((name for name in FORMATS if _fits(FORMATS[name], path)), None)


def _fits(importer: Importer, path: Path) -> bool:
    try:
        return any(
            importer.looks_like(_head(file)) for file in Source(path).main(*importer.main)[:3]
        )
    except (ImporterError, OSError):
        return False


def _head(file: Path) -> list[str]:
    first = islice(lines(file), HEAD_LINES)
    return [line.decode("utf-8", "replace").rstrip("\r\n") for _, line in first]


def _importer(name: str) -> Importer:
    if name not in FORMATS:
        raise ImporterError(f"{name!r} is not a format; there are: {', '.join(FORMATS)}")
    return FORMATS[name]


def _hint(format_: str, path: Path) -> str:
    guess = detect(path)
    if guess is None or guess == format_:
        return f" (format {format_} reads {FORMATS[format_].files})"
    return f" (it looks like format {guess})"
