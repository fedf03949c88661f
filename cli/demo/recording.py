"""A recording made ready to be played: read, put in time order, and measured."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cli.errors import CommandError, WrongUseError
from cli.import_progress import Progress
from contracts.codec import encode_json
from contracts.events import Event, Item
from flows import importers
from flows.importers import FORMATS, ImporterError, Report

SITE: Final = "default"
EDGE: Final = 0.01
GAP_SECONDS: Final = 1_800
SHORTEST_GAP: Final = 1
LONGEST_GAP: Final = 86_400


@dataclass(frozen=True, slots=True)
class Recording:
    """Events and item records in files of ours; times are epoch milliseconds.

    The bulk is all but the first and the last hundredth of the events: one event with a wrong clock
    may lie years before all others. `origin` is when it begins, `bulk_ms` how long it takes.
    """

    format: str
    events: Path
    catalog: Path
    count: int
    items: int
    origin: int
    bulk_ms: int
    skipped: int

    def speed_for(self, rate: float) -> float:
        """Return how many times faster it must be played for about `rate` events a second.

        >>> Recording("events", Path(), Path(), 600, 0, 0, 3_528_000, 0).speed_for(10)
        60.0
        """
        return max(1.0, self.seconds) * rate / self.count

    @property
    def seconds(self) -> float:
        """How long the whole took, if its ends are as dense as the bulk."""
        return self.bulk_ms / 1000 / (1 - 2 * EDGE)


def session_gap(speed: float) -> int:
    """Return the seconds of quiet that end a session, where time runs `speed` times as fast.

    >>> session_gap(60), session_gap(1e6), session_gap(0.5)
    (30, 1, 3600)
    """
    return max(SHORTEST_GAP, min(LONGEST_GAP, round(GAP_SECONDS / speed)))


def format_of(path: Path, given: str | None) -> str:
    """Return the format of a recording; raise `WrongUseError`."""
    if not path.exists():
        raise WrongUseError(f"{path}: there is no such file or folder")
    if given is not None and given not in FORMATS:
        raise WrongUseError(f"{given!r} is not a format ({', '.join(FORMATS)})")
    found = given or importers.detect(path)
    if found is None:
        raise WrongUseError(
            f"{path}: looks like none of the formats that can be read; say which one it is with "
            f"--format ({', '.join(FORMATS)})"
        )
    return found


def prepare(path: Path, format_: str, folder: Path, progress: Progress) -> Recording:
    """Read a recording into `folder`, as canonical JSON lines in time order.

    Everything belongs to the site that write keys of the demo belong to. Raises `CommandError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events, catalog = folder / "recording.jsonl", folder / "catalog.jsonl"
    report = Report(progress=progress.read)
    try:
        count = _write(events, importers.read(format_, path, report))
        items = _write(catalog, importers.catalog(format_, path, Report()))
    except ImporterError as error:
        raise CommandError(str(error)) from None
    if not count:
        raise CommandError(f"{path}: there is no event in it, as {format_} reads it")
    origin, end = _bulk(events, count)
    return Recording(
        format=format_,
        events=events,
        catalog=catalog,
        count=count,
        items=items,
        origin=origin,
        bulk_ms=end - origin,
        skipped=report.skipped.total(),
    )


class _Time(Struct):
    time: int


_time = msgspec.json.Decoder(_Time).decode


def _bulk(events: Path, count: int) -> tuple[int, int]:
    """Return when the bulk begins and ends."""
    edge = int(count * EDGE)
    with events.open("rb") as lines:
        early = next(islice(lines, edge, None))
        late = next(islice(lines, max(0, count - 2 * edge - 2), None), early)
    return _time(early).time, _time(late).time


def _write(file: Path, records: Iterable[Event | Item]) -> int:
    number = 0
    with file.open("wb", buffering=1 << 20) as out:
        for record in records:
            record.site = SITE
            out.write(encode_json(record) + b"\n")
            number += 1
    return number
