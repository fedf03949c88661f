"""A recording in files: JSON lines or CSV, plain or gzip, one file or a folder of them."""

from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final

from contracts.codec import encode_json
from flows import importers
from flows.importers.canonical import CATALOG
from flows.importers.errors import ImporterError
from flows.importers.rows import Splitter, joined
from flows.importers.source import lines
from flows.records import Raw
from flows.replaying.arrival_clock import Arrival, arrivals
from flows.replaying.csv_events import csv_event, header
from flows.replaying.merging import merged

LINES: Final = (".jsonl", ".ndjson")
TABLE: Final = ".csv"

Progress = Callable[[Path, int, int], None]
"""Called now and then with a file, how many of its bytes are read, and its size in bytes."""


class FileError(ImporterError):
    """A recording cannot be read: which file, and why."""


def event_files(path: Path) -> list[Path]:
    """Return the event files that a path stands for, in the order of their names.

    A file is taken whatever its name; of a folder and those below it, the files that end in
    `.jsonl`, `.ndjson` or `.csv`, or so before `.gz`, but no catalogue. Raises
    `FileError` when there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FileError(f"{path}: there is no such file or folder")
    found = sorted(file for file in path.rglob("*") if file.is_file() and _is_events(file))
    if not found:
        there = ", ".join(sorted(entry.name for entry in path.iterdir())[:8]) or "nothing"
        raise FileError(f"{path}: the folder holds no .jsonl or .csv file; it holds {there}")
    return found


def recorded(
    path: Path, max_ahead_ms: int, lateness_ms: int, progress: Progress | None = None
) -> Iterator[Arrival]:
    """Yield all records of a file or folder, with arrival times made from the events.

    Files are merged by these times, so that days follow each other whatever the files are
    called, and files of the same days run side by side. Raises `FileError` or `ImporterError`.
    """
    files = event_files(path)

    def read(file: Path) -> Iterator[Arrival]:
        return arrivals(records(file, progress), max_ahead_ms, lateness_ms)

    return merged([partial(read, file) for file in files])


def records(file: Path, progress: Progress | None = None) -> Iterator[Raw]:
    """Yield the records of one file, as they are: what is wrong with them is found later.

    Empty lines are skipped. The header of a CSV file has to name fields of an event.
    """
    place = f"{file}:"
    if _suffix(file) == TABLE:
        numbered = _rows(file, progress)
    else:
        numbered = ((n, line.rstrip(b"\r\n")) for n, line in lines(file, progress))
    return (Raw(value, 0, place, number) for number, value in numbered if value.strip())


def imported(format_: str, path: Path, max_ahead_ms: int, lateness_ms: int) -> Iterator[Arrival]:
    """Yield the events of a data set as records, numbered from 1, and its bad lines as they are.

    Raises `ImporterError`.
    """
    return arrivals(_converted(format_, path), max_ahead_ms, lateness_ms)


def fingerprint(path: Path) -> str:
    """Return what changes when a file, or a file of a folder, is replaced or written to."""
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    digest = blake2b(digest_size=8)
    for file in files:
        status = file.stat()
        digest.update(f"{file.name}/{status.st_size}/{status.st_mtime_ns};".encode())
    return f"{path} ({len(files)} files, {digest.hexdigest()})"


def is_event_table(file: Path) -> bool:
    """Say whether a file is CSV with the names of an event's fields as its header."""
    if _suffix(file) != TABLE:
        return False
    try:
        header(file, next(lines(file), (0, b""))[1])
    except ImporterError:
        return False
    return True


def _converted(format_: str, path: Path) -> Iterator[Raw]:
    place, number = f"{path.name}#", 0
    for made in importers.read_all(format_, path):
        if isinstance(made, importers.BadLine):
            fault = made.reject_reason, made.text
            yield Raw(made.raw, 0, made.place, made.number, fault=fault)
        else:
            number += 1
            yield Raw(encode_json(made), 0, place, number)


def _rows(file: Path, progress: Progress | None) -> Iterator[tuple[int, bytes]]:
    numbered = lines(file, progress)
    _, head = next(numbered, (0, b""))
    names = header(file, head)
    convert = csv_event(names)
    for number, record in joined(numbered, Splitter(",", len(names))):
        if record.strip():
            yield number, convert(record)


def _is_events(file: Path) -> bool:
    name = file.name.lower().removesuffix(".gz")
    is_catalog = any(fnmatch(name, pattern) for pattern in CATALOG)
    return not is_catalog and _suffix(file) in (*LINES, TABLE)


def _suffix(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix
