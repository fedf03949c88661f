"""The dataflow under test: users in buckets, items in shards, under one of several state layouts.

    source -> users (keyed) -> items (keyed) -> latency sink

An event is `(user, item, number, scheduled)`. Its partition and number decide everything else, so
the final state can be computed without the engine (`expected_digest`). A user's events come from
one partition and are folded in order (a lost, repeated or swapped event changes the row); an item's
come from both and are folded commutatively.
"""

from __future__ import annotations

import json
import struct
import sys
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import bytewax.operators as op
from bytewax._bytewax import cli_main
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig

from flows.disk import Disk
from flows.segment_files import Handle, SegmentStore, decode_rows, encode_rows
from flows.segments import Segments

PARTITIONS = 2
KEYS = 100_000  # users, and as many items
SEED_EVENTS = KEYS // PARTITIONS  # the first events of a partition touch each of its keys once
BATCH = 1_000

Event = tuple[int, int, int, float]

_USER = struct.Struct("<85Q")
_ITEM = struct.Struct("<128Q")
_HEAD = struct.Struct("<2Q")
_WORD = struct.Struct("<Q")
_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Run:
    """What one worker process needs to know."""

    layout: str  # "log", "churn", "file", "whole" or "single"
    buckets: int
    folder: str
    rate: float  # events a second of each partition; 0 is as fast as possible
    end: int  # the number of events of each partition
    epoch_seconds: float
    fsync_ms: float = 0.0  # added to each fsync, to stand for a slower disk


# --- the rows -------------------------------------------------------------------------------------


def apply_user(row: bytes | None, number: int) -> bytes:
    """Fold an event into 680 bytes: count, order-sensitive hash, the 83 most recent numbers."""
    new = bytearray(row or _USER.size)
    count, chain = _HEAD.unpack_from(new)
    _HEAD.pack_into(new, 0, count + 1, (chain * 1_000_003 ^ number) & _MASK)
    _WORD.pack_into(new, 16 + 8 * (count % 83), number)
    return bytes(new)


def apply_item(row: bytes | None, number: int) -> bytes:
    """Fold an event into 1,024 bytes: count, sum, and 126 counters."""
    new = bytearray(row or _ITEM.size)
    count, total = _HEAD.unpack_from(new)
    _HEAD.pack_into(new, 0, count + 1, (total + number) & _MASK)
    at = 16 + 8 * (number % 126)
    _WORD.pack_into(new, at, _WORD.unpack_from(new, at)[0] + 1)
    return bytes(new)


def event(partition: int, number: int, scheduled: float) -> Event:
    """Return an event: first each key once, then users evenly (the worst case), items by rank."""
    if number < SEED_EVENTS:
        key = number * PARTITIONS + partition
        return key, key, number, scheduled
    draw = (number * PARTITIONS + partition) * 0x9E3779B97F4A7C15 & _MASK
    draw = (draw ^ draw >> 31) * 0xBF58476D1CE4E5B9 & _MASK
    user = (draw >> 40) % SEED_EVENTS * PARTITIONS + partition
    item = int(KEYS * ((draw & 0xFFFFFFFF) / 2**32) ** 3)
    return user, item, number, scheduled


def expected_digest(end: int) -> str:
    """Return the digest of the state after `end` events of each partition, without the engine."""
    users: dict[str, bytes] = {}
    items: dict[str, bytes] = {}
    for partition in range(PARTITIONS):
        for number in range(end):
            user, item, _, _ = event(partition, number, 0.0)
            users[f"u{user}"] = apply_user(users.get(f"u{user}"), number)
            items[f"i{item}"] = apply_item(items.get(f"i{item}"), number)
    return digest([*users.items(), *items.items()])


def digest(rows: Iterable[tuple[str, bytes]]) -> str:
    """Return a hash of all rows, whatever their order."""
    hashed = blake2b(digest_size=16)
    for key, value in sorted(rows):
        hashed.update(key.encode() + b"=" + value)
    return hashed.hexdigest()


# --- the layouts ----------------------------------------------------------------------------------


class Rows(Protocol):
    """What a step needs of the rows under its state key."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def items(self) -> Iterator[tuple[str, bytes]]: ...

    def snapshot(self) -> bytes: ...


class WholeBucket:
    """A bucket whose snapshot is all of its rows."""

    def __init__(self, state: bytes | None) -> None:
        rows = {} if state is None else dict(decode_rows(state))
        self._rows = {key: value for key, value in rows.items() if value is not None}

    def get(self, key: str) -> bytes | None:
        return self._rows.get(key)

    def put(self, key: str, value: bytes) -> None:
        self._rows[key] = value

    def items(self) -> Iterator[tuple[str, bytes]]:
        return iter(self._rows.items())

    def snapshot(self) -> bytes:
        return encode_rows(self._rows.items())


class FilePerSegment(SegmentStore):
    """The plain design: each bucket's segment is a file of its own, with its own two fsyncs."""

    def __init__(self, root: Path, key: bytes, disk: Disk | None) -> None:
        super().__init__(root, roll_bytes=1, keep_syncs=8 * 1024, key=key, disk=disk)

    def write(self, payload: bytes) -> Handle:
        handle = super().write(payload)
        super().sync()
        return handle

    def sync(self) -> None:
        """Everything is durable already."""


def rows_factory(run: Run, step: str) -> Callable[[bytes | None], Rows]:
    """Return what builds the rows of a state key for the layout of `run`."""
    root = Path(run.folder, "segments")
    match run.layout:
        case "log":
            return Segments(root).bucket
        case "churn":
            store = partial(SegmentStore, roll_bytes=1 << 18)
            return Segments(root, max_deltas=3, store=store).bucket
        case "file":
            return Segments(root, store=FilePerSegment).bucket
        case "whole" | "single":
            return WholeBucket
        case _:
            raise ValueError(f"no layout {run.layout!r} for the step {step}")


def state_key(run: Run, number: int) -> str:
    """Return the state key of a user or an item."""
    return str(number if run.layout == "single" else number % run.buckets)


def read_rows(layout: str, folder: Path, state: bytes) -> Iterator[tuple[str, bytes]]:
    """Return the rows of a state as the engine stored it."""
    run = Run(layout, 0, str(folder), 0, 0, 0)
    return rows_factory(run, "any")(state).items()


# --- the steps ------------------------------------------------------------------------------------


class UserLogic(StatefulBatchLogic[list[Event], tuple[str, list[Event]], bytes]):
    """Fold events into users and pass them on, a list for each item shard."""

    def __init__(self, run: Run, rows: Rows) -> None:
        self._run, self._rows = run, rows

    def on_batch(self, values: list[list[Event]]) -> tuple[Iterable[tuple[str, list[Event]]], bool]:
        shards: defaultdict[str, list[Event]] = defaultdict(list)
        for events in values:
            for one in events:
                key = f"u{one[0]}"
                self._rows.put(key, apply_user(self._rows.get(key), one[2]))
                shards[state_key(self._run, one[1])].append(one)
        return list(shards.items()), StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        return self._rows.snapshot()


class ItemLogic(StatefulBatchLogic[list[Event], list[float], bytes]):
    """Fold events into items and emit when they had been scheduled."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def on_batch(self, values: list[list[Event]]) -> tuple[Iterable[list[float]], bool]:
        for events in values:
            for one in events:
                key = f"i{one[1]}"
                self._rows.put(key, apply_item(self._rows.get(key), one[2]))
        times = [[one[3] for events in values for one in events]]
        return times, StatefulBatchLogic.RETAIN

    def snapshot(self) -> bytes:
        return self._rows.snapshot()


class ScheduledPartition(StatefulSourcePartition[list[Event], int]):
    """Events at their scheduled times, whether or not the flow keeps up (an open loop)."""

    def __init__(self, run: Run, partition: int, resume: int) -> None:
        self._run, self._partition, self._next = run, partition, resume
        self._resumed_at = resume
        self._started: float | None = None

    def next_batch(self) -> list[list[Event]]:
        if self._next >= self._run.end:
            raise StopIteration
        now = time.time()
        if self._started is None:
            self._started = now
        due = min(self._due(now), self._next + BATCH, self._run.end)
        numbers = range(self._next, due)
        self._next = due
        batch = [event(self._partition, number, self._scheduled(number)) for number in numbers]
        return [batch] if batch else []

    def next_awake(self) -> datetime | None:
        return datetime.now(UTC) + timedelta(milliseconds=5) if self._run.rate else None

    def snapshot(self) -> int:
        return self._next

    def _due(self, now: float) -> int:
        if not self._run.rate:
            return self._run.end
        assert self._started is not None
        return self._resumed_at + int((now - self._started) * self._run.rate)

    def _scheduled(self, number: int) -> float:
        assert self._started is not None
        return self._started + (number - self._resumed_at) / (self._run.rate or 1e9)


class ScheduledSource(FixedPartitionedSource[list[Event], int]):
    """Two partitions, as of a topic."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def list_parts(self) -> list[str]:
        return [str(partition) for partition in range(PARTITIONS)]

    def build_part(
        self, step_id: str, for_part: str, resume_state: int | None
    ) -> ScheduledPartition:
        return ScheduledPartition(self._run, int(for_part), resume_state or 0)


class LatencyPartition(StatefulSinkPartition[list[float], None]):
    """Keeps how long after its schedule each event came out; says when the first one did."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._samples = array("d")

    def write_batch(self, values: list[list[float]]) -> None:
        now = time.time()
        if not self._samples:
            mark = self._folder / f"first-{self._name}"
            mark.with_suffix(".tmp").write_text(repr(now))
            mark.with_suffix(".tmp").rename(mark)
        for times in values:
            for scheduled in times:
                self._samples.append(scheduled)
                self._samples.append(now - scheduled)

    def snapshot(self) -> None:
        return None

    def close(self) -> None:
        (self._folder / f"latency-{self._name}").write_bytes(self._samples.tobytes())


class LatencySink(FixedPartitionedSink[list[float], None]):
    """A partition of the sink on each worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list_parts(self) -> list[str]:
        return [str(partition) for partition in range(PARTITIONS)]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> LatencyPartition:
        return LatencyPartition(self._folder, for_part)


def build(run: Run) -> Dataflow:
    """Return the dataflow."""

    def by_user(batches: list[list[Event]]) -> Iterable[tuple[str, list[Event]]]:
        groups: defaultdict[str, list[Event]] = defaultdict(list)
        for events in batches:
            for one in events:
                groups[state_key(run, one[0])].append(one)
        return groups.items()

    users, items = rows_factory(run, "users"), rows_factory(run, "items")
    flow = Dataflow("state_layout")
    stream = op.input("in", flow, ScheduledSource(run))
    keyed = op.flat_map_batch("by_user", stream, by_user)
    shards = op.stateful_batch("users", keyed, lambda state: UserLogic(run, users(state)))
    by_item = op.map("by_item", shards, lambda pair: pair[1])
    times = op.stateful_batch("items", by_item, lambda state: ItemLogic(items(state)))
    op.output("out", times, LatencySink(Path(run.folder)))
    return flow


def slow_fsync(milliseconds: float) -> None:
    """Make every fsync of this process take longer."""
    import os

    def slowed(original: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: int) -> None:
            original(descriptor)
            time.sleep(milliseconds / 1000)

        return call

    setattr(os, "fsync", slowed(os.fsync))  # noqa: B010  # mypy takes no new function for it
    setattr(os, "fdatasync", slowed(os.fdatasync))  # noqa: B010  # the same


def main() -> None:
    """Run one process of the cluster: `state_layout_flow RUN_JSON INDEX ADDRESS;ADDRESS`."""
    run = Run(**json.loads(sys.argv[1]))
    if run.fsync_ms:
        slow_fsync(run.fsync_ms)
    recovery = RecoveryConfig(  # type: ignore[no-untyped-call]  # untyped
        str(Path(run.folder, "recovery")), timedelta(0)
    )
    cli_main(  # type: ignore[no-untyped-call]  # untyped
        build(run),
        workers_per_process=1,
        process_id=int(sys.argv[2]),
        addresses=sys.argv[3].split(";"),
        epoch_interval=timedelta(seconds=run.epoch_seconds),
        recovery_config=recovery,
    )


def arguments(run: Run) -> str:
    """Return what `main` reads."""
    return json.dumps(asdict(run))


if __name__ == "__main__":
    main()
