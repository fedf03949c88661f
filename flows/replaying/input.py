"""From a replay's spec to its records: files, folders, data sets, or a range of topics."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from contracts.events import Item
from contracts.settings import Settings, kafka_config
from flows import importers
from flows.importers.errors import ImporterError
from flows.process import Process
from flows.records import RawBatch
from flows.replaying.arrival_clock import Arrival, arrived
from flows.replaying.files import (
    event_files,
    fingerprint,
    imported,
    is_event_table,
    recorded,
)
from flows.replaying.moments import MomentError, moment
from flows.replaying.source import ReplaySource, UnusableRecording
from flows.replaying.spec import KAFKA, ReplaySpec
from flows.replaying.topic_range import TopicRange, catalog_items, end_offsets
from flows.replaying.total_order import in_order, in_rounds

EVENTS: Final = "events"


class ReplayInputError(UnusableRecording):
    """A recording that cannot be replayed as it was asked for."""


def open_source(spec: ReplaySpec, process: Process) -> tuple[ReplaySource, list[Item]]:
    """Return the source of a replay, and the catalogue beside its events."""
    flow = process.settings.flow
    ahead_ms, lateness_ms = flow.max_ahead_seconds * 1000, flow.lateness_seconds * 1000
    recording = _opened(spec, process)

    def rounds() -> Iterator[RawBatch]:
        try:
            arrivals = recording.arrivals(ahead_ms, lateness_ms)
            yield from in_rounds(in_order(arrivals, lateness_ms), flow.round_events)
        except ImporterError as error:
            raise UnusableRecording(str(error)) from error

    def name() -> str:
        return f"{recording.name()} in rounds of {flow.round_events}, {ahead_ms}/{lateness_ms} ms"

    source = ReplaySource(rounds, process.drain, process.progress, spec.speed, recording=name)
    try:
        return source, recording.items()
    except ImporterError as error:
        raise UnusableRecording(str(error)) from error


def detect(source: str) -> str:
    """Return the format that a source seems to have; raise `ReplayInputError` if none fits."""
    path = Path(source)
    if source.startswith(KAFKA) or path.name.endswith((".jsonl", ".jsonl.gz", ".ndjson")):
        return EVENTS
    if not path.exists():
        raise ReplayInputError(f"{source}: there is no such file or folder")
    if is_event_table(path) or (path.is_dir() and any(path.glob("*.jsonl*"))):
        return EVENTS
    found = importers.detect(path)
    if found is None:
        known = ", ".join(importers.FORMATS)
        raise ReplayInputError(f"{source}: format not recognised; say --format, one of: {known}")
    return found


def spec_of(
    settings: Settings,
    source: str,
    format_: str | None,
    bounds: tuple[str | None, str | None],
    speed: float,
) -> ReplaySpec:
    """Return the spec of a replay, checked; raise `ReplayInputError`, `KafkaAway`."""
    if format_ is None:
        format_ = detect(source)
    if format_ not in importers.FORMATS:
        known = ", ".join(importers.FORMATS)
        raise ReplayInputError(f"--format {format_}: there is none of this name; known: {known}")
    if not source.startswith(KAFKA):
        path = Path(source)
        if not path.exists():
            raise ReplayInputError(f"{source}: there is no such file or folder")
        if bounds != (None, None):
            raise ReplayInputError("--from and --to cut a topic; a file is replayed whole")
        _check_files(format_, path)
        return ReplaySpec(str(path.resolve()), format_, None, None, speed)
    if not settings.kafka.bootstrap_servers:
        raise ReplayInputError(
            f"{source}: which broker? Say --kafka HOST:PORT, or start `headrace up` in this "
            "--data-dir"
        )
    for bound in bounds:
        _check_bound(bound)
    topics = ReplaySpec(source).topics
    ends = end_offsets(kafka_config(settings), topics)
    return ReplaySpec(source, format_, *bounds, speed, ends)


def _check_files(format_: str, path: Path) -> None:
    try:
        if format_ == EVENTS:
            event_files(path)
        else:
            importers.check_files(format_, path)
    except ImporterError as error:
        raise ReplayInputError(str(error)) from None


def _check_bound(bound: str | None) -> None:
    if bound is None or bound.isdecimal():
        return
    try:
        moment(bound)
    except MomentError as error:
        raise ReplayInputError(str(error)) from error


@dataclass(frozen=True)
class Recording:
    """What is replayed: its arrivals by `max_ahead_ms` and `lateness_ms`, its catalogue, a name.

    The name changes when the input does.
    """

    arrivals: Callable[[int, int], Iterator[Arrival]]
    items: Callable[[], list[Item]]
    name: Callable[[], str]


def _opened(spec: ReplaySpec, process: Process) -> Recording:
    if spec.source.startswith(KAFKA):
        config = kafka_config(process.settings)
        topics = TopicRange(config, spec, process.drain)
        return Recording(
            lambda ahead_ms, _: arrived(topics.records(), ahead_ms),
            lambda: catalog_items(config, process.drain),
            topics.name,
        )
    path = Path(spec.source)
    if not path.exists():
        raise ReplayInputError(f"{path}: there is no such file or folder")
    read = recorded if spec.format == EVENTS else partial(imported, spec.format)
    return Recording(
        partial(read, path),
        lambda: list(importers.catalog(spec.format, path)),
        lambda: f"{spec.format} {fingerprint(path)}",
    )
