"""Keyed state on disk as immutable segments: a snapshot costs what changed, not what there is.

A state key holds a `Durable`: a bucket of people or a shard of items, that can be saved in parts.
The engine asks each touched key for its snapshot at the end of an epoch, one after another, on the
thread that also handles events.
So a snapshot must be small (a list of handles) and must not wait for the disk once per bucket:

* `Bucket.snapshot` of the first dirty bucket writes the changed rows of *all* dirty buckets of that
  worker and step to one append-only file and goes to the disk **once**. The snapshots that follow
  find their bucket clean and only return the handles. A dirty bucket always flushes, so this is
  right whatever the engine's order; the order only makes it cheap.
* When the deltas of a bucket outgrow its base, the bucket is written whole and becomes its own new
  base. How much of that one flush may do is bounded, so that buckets of one age do not all compact
  in one epoch.

So every byte that a returned state refers to is on the disk before `snapshot` returns, or with
`Disks` before the output of views, which waits for them, ends its epoch: in either case before the
engine can commit it. After a change of the number of workers a bucket's new owner reads the old
owner's files; what else the files guarantee: `flows/segment_files.py`.

Files of earlier runs are deleted only by `sweep`, which belongs between the purge of the recovery
partitions and the start of the first process.

>>> import tempfile
>>> root = Path(tempfile.mkdtemp())
>>> bucket = Segments(root).bucket()
>>> bucket.put("ann", b"1 click")
>>> state = bucket.snapshot()
>>> Segments(root).bucket(state).get("ann")
b'1 click'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from flows.disk import Disks
from flows.per_thread import PerThread
from flows.segment_files import (
    OTHER_RELEASE,
    Handle,
    SegmentError,
    SegmentStore,
    decode_rows,
    encode_rows,
    pack_handles,
    unpack_handles,
)
from operators.durable import Durable

STALE = float("inf")
"""The debt of a bucket that has anything in a file that is to go."""

RENEW_BYTES = 64 << 20
"""About how many bytes of such buckets one flush may write: a third of a second."""


class Saved:
    """One state key's `Durable` state, and the segments it lies in. Made by `Segments.saved`.

    Used by one worker thread: say `touch` when the state may have changed.
    """

    def __init__(self, group: _Group, durable: Durable, state: bytes | None) -> None:
        self._group = group
        self._durable = durable
        self._dirty = False
        self._handles = [] if state is None else unpack_handles(state, group.store.key)
        self._state = pack_handles(self._handles, group.store.key)
        if self._handles:
            _load(durable, [group.store.read(handle) for handle in self._handles])

    def touch(self) -> None:
        """Say that the state may have changed since the last snapshot."""
        if not self._dirty:
            self._dirty = True
            self._group.dirty.append(self)

    def renew(self) -> None:
        """Have all that is in a file by now written anew, and the files given up."""
        self._group.renew()
        self.touch()

    def snapshot(self) -> bytes:
        """Return the durable state: 26 bytes and 40 a segment."""
        if self._dirty:
            self._group.flush()
        return self._state

    def _debt(self, max_deltas: int) -> float:
        """How far the deltas have outgrown the base; above 1 the key wants compaction."""
        if not self._handles:
            return 0.0
        if not self._group.stale.isdisjoint(handle.file for handle in self._handles):
            return STALE
        base, *deltas = self._handles
        size = sum(delta.length for delta in deltas) / max(base.length, 1)
        return max(size, len(deltas) / max_deltas)

    def _write_delta(self) -> int:
        # The first segment of all is a base: there is nothing that it could be a change of.
        payload = self._durable.dump(full=not self._handles)
        self._replace([*self._handles, self._group.store.write(payload)])
        return len(payload)

    def _write_base(self) -> int:
        payload = self._durable.dump(full=True)
        self._group.store.release(self._handles)
        self._replace([self._group.store.write(payload)])
        return len(payload)

    def _replace(self, handles: list[Handle]) -> None:
        self._handles = handles
        self._dirty = False


def _load(durable: Durable, parts: list[bytes]) -> None:
    try:
        durable.load(parts)
    except Exception as error:  # it is what was signed, so it is no damage
        raise SegmentError(
            f"the recovery state holds what this release cannot read ({error!r}); {OTHER_RELEASE}"
        ) from error


class Rows:
    """Rows of bytes by key; `Durable`."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.changed: set[str] = set()

    def dump(self, *, full: bool) -> bytes:
        """Return all rows, or those that changed."""
        keys = self.values if full else self.changed
        payload = encode_rows((key, self.values.get(key)) for key in keys)
        self.changed = set()
        return payload

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rows."""
        self.values = {}
        for part in parts:
            for key, value in decode_rows(part):
                if value is None:
                    self.values.pop(key, None)
                else:
                    self.values[key] = value


class Bucket(Saved):
    """Plain rows under one state key. Made by `Segments.bucket`."""

    def __init__(self, group: _Group, state: bytes | None) -> None:
        self._rows = Rows()
        super().__init__(group, self._rows, state)

    def get(self, key: str) -> bytes | None:
        """Return a row, or `None`."""
        return self._rows.values.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Set a row."""
        self._rows.values[key] = value
        self._changed(key)

    def delete(self, key: str) -> None:
        """Remove a row, if there is one."""
        if self._rows.values.pop(key, None) is not None:
            self._changed(key)

    def items(self) -> Iterator[tuple[str, bytes]]:
        """Iterate over the rows."""
        return iter(self._rows.values.items())

    def __len__(self) -> int:
        return len(self._rows.values)

    def _changed(self, key: str) -> None:
        self._rows.changed.add(key)
        self.touch()


class _Group:
    """The buckets of one step on one worker thread, which share a file and its fsync."""

    def __init__(self, store: SegmentStore, max_deltas: int, compact_bytes: int) -> None:
        self.store = store
        self.dirty: list[Saved] = []
        self.stale: frozenset[str] = frozenset()
        self._max_deltas = max_deltas
        self._compact_bytes = compact_bytes
        self._flushes = 0
        self._renewed_at = -1

    def renew(self) -> None:
        """Begin a new file; whoever has anything in the others is written whole, into it."""
        if self._renewed_at != self._flushes:
            self._renewed_at = self._flushes
            self.stale = self.store.retire()

    def flush(self) -> None:
        """Write all dirty buckets, go to the disk once, and only then show the new states."""
        self._flushes += 1
        buckets, self.dirty = self.dirty, []
        rest = self._compact(buckets)
        for bucket in rest:
            bucket._write_delta()
        self.store.sync()
        for bucket in buckets:
            bucket._state = pack_handles(bucket._handles, self.store.key)

    def _compact(self, buckets: list[Saved]) -> list[Saved]:
        """Compact the most indebted buckets within the budget; return the others."""
        debts = sorted(
            ((bucket._debt(self._max_deltas), at) for at, bucket in enumerate(buckets)),
            reverse=True,
        )
        rest: list[Saved] = []
        spent = 0
        for debt, at in debts:
            # Twice the debt overrides the budget: it bounds the state and the time to resume.
            stale = debt == STALE and spent < RENEW_BYTES
            if stale or 2 < debt < STALE or (debt > 1 and spent < self._compact_bytes):
                spent += buckets[at]._write_base()
            else:
                rest.append(buckets[at])
        return rest


class Segments:
    """The buckets of one step; it may be shared by the worker threads of a process.

    Args:
        root: the folder, see `SegmentStore`.
        max_deltas: a bucket with more deltas than this is compacted even if they are small, since
            each costs 40 bytes in every snapshot and a read at resume.
        compact_bytes: about how many bytes of compaction one flush may write.
        key: signs the state, see `SegmentStore`.
        disks: what workers wait for the disk with, for all their steps together.
        store: makes a thread's store; for tests and measurements.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_deltas: int = 32,
        compact_bytes: int = 4 << 20,
        key: bytes = b"",
        disks: Disks | None = None,
        store: Callable[..., SegmentStore] = SegmentStore,
    ) -> None:
        self._root = root
        self._disks = disks
        self._key = key
        self._max_deltas = max_deltas
        self._compact_bytes = compact_bytes
        self._store = store
        self._groups = PerThread(self._new_group)

    def saved(self, durable: Durable, state: bytes | None = None) -> Saved:
        """Return what saves `durable`, after loading it with a `snapshot`'s `state`, if any."""
        return Saved(self._groups.get(), durable, state)

    def bucket(self, state: bytes | None = None) -> Bucket:
        """Return an empty bucket, or the one that `Bucket.snapshot` returned as `state`."""
        return Bucket(self._groups.get(), state)

    def _new_group(self) -> _Group:
        disk = None if self._disks is None else self._disks.get()
        store = self._store(self._root, key=self._key, disk=disk)
        return _Group(store, self._max_deltas, self._compact_bytes)
