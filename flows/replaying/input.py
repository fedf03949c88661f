"""From a replay's spec to its records: files, folders, data sets, or a range of topics."""

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

import msgspec

from contracts.codec import dump_json, encode_json
from contracts.events import Item
from contracts.settings import Settings, kafka_config
from flows import importers
from flows.importers.errors import ImporterError
from flows.importers.source import lines
from flows.process import Process
from flows.records import RawBatch
from flows.replaying.arrival_clock import Timed, with_arrivals
from flows.replaying.heads import time_and_id
from flows.replaying.source import ReplaySource
from flows.replaying.spec import KAFKA, ReplaySpec
from flows.replaying.topic_range import TopicRange, catalog_items
from flows.replaying.total_order import in_order, in_rounds

EVENTS: Final = "events"
CSV: Final = "csv"


class ReplayInputError(ValueError):
    """A recording that cannot be replayed: which, why, and what to do about it."""


def open_source(spec: ReplaySpec, process: Process) -> tuple[ReplaySource, list[Item]]:
    """Return the source of a replay, and the catalogue beside its events."""
    settings = process.settings
    open_records, items = _opened(spec, settings)
    source = ReplaySource(
        lambda: rounds(open_records(), settings), process.drain, process.progress, spec.speed
    )
    return source, items


def rounds(records: Iterable[Timed], settings: Settings) -> Iterator[RawBatch]:
    """Return the rounds of a recording's records, in total order."""
    flow = settings.flow
    ahead_ms = flow.max_ahead_seconds * 1000
    arrivals = with_arrivals(records, ahead_ms)
    ordered = in_order(arrivals, flow.lateness_seconds * 1000, ahead_ms)
    return in_rounds(ordered, flow.round_events)


def detect(source: str) -> str:
    """Return the format that a source seems to have; raise `ReplayInputError` if none fits."""
    path = Path(source)
    if source.startswith(KAFKA) or path.name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
        return EVENTS
    if not path.exists():
        raise ReplayInputError(f"{source}: there is no such file or folder")
    if path.is_dir() and any(path.glob("*.jsonl*")):
        return EVENTS
    found = importers.detect(path)
    if found is None:
        known = ", ".join(importers.FORMATS)
        raise ReplayInputError(f"{source}: format not recognised; say --format, one of: {known}")
    return found


def _opened(
    spec: ReplaySpec, settings: Settings
) -> tuple[Callable[[], Iterator[Timed]], list[Item]]:
    if spec.source.startswith(KAFKA):
        config = kafka_config(settings)
        topics = TopicRange(config, spec)
        return topics.records, catalog_items(config)
    path = Path(spec.source)
    if not path.exists():
        raise ReplayInputError(f"{path}: there is no such file or folder")
    if spec.format == EVENTS:
        return lambda: _events(path), list(importers.catalog(EVENTS, path))
    return lambda: _imported(spec.format, path), list(importers.catalog(spec.format, path))


def _events(path: Path) -> Iterator[Timed]:
    """Yield the lines of canonical events as they are, also those that cannot be read."""
    for file in _files(path):
        read = _csv_rows(file) if ".csv" in file.suffixes else _lines(file)
        for number, raw in read:
            time, id_ = time_and_id(raw)
            yield Timed(raw, f"{file.name}:", number, time, id_)


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [
        file
        for file in sorted(path.iterdir())
        if file.name.removesuffix(".gz").endswith((".jsonl", ".ndjson", ".csv"))
        and "catalog" not in file.name
    ]
    if not found:
        raise ReplayInputError(f"{path}: no .jsonl, .ndjson or .csv file in this folder")
    return found


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in lines(file):
        raw = line.rstrip(b"\r\n")
        if raw:
            yield number, raw


def _csv_rows(file: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the rows of a CSV file whose columns are the canonical fields, as JSON."""
    decoded = (line.decode("utf-8", "replace") for _, line in lines(file))
    for number, row in zip(count(2), csv.DictReader(decoded), strict=False):
        yield number, dump_json({name: _cell(name, text) for name, text in row.items() if text})


def _cell(name: str | None, text: Any) -> Any:
    if name in ("time", "position", "price", "quantity", "value", "props", "consent"):
        try:
            return msgspec.json.decode(text)
        except (msgspec.DecodeError, TypeError):
            return text
    return text


def _imported(format_: str, path: Path) -> Iterator[Timed]:
    try:
        for number, event in enumerate(importers.read(format_, path), 1):
            yield Timed(encode_json(event), f"{path.name}#", number, event.time, event.id)
    except ImporterError as error:
        raise ReplayInputError(str(error)) from error
