"""Keyed state on disk as immutable segments: a snapshot costs what changed, not what there is.

A state key holds a `Durable`: a bucket of people or a shard of items, that can be saved in parts.
The engine asks each touched key for its snapshot at the end of an epoch, one after another, on the
thread that also handles events.
So a snapshot must be small (a list of handles) and must not wait for the disk once per bucket:

* `Bucket.snapshot` of the first dirty bucket writes the changed rows of *all* dirty buckets of that
  worker and step to one append-only file and waits for the disk **once**. The snapshots that follow
  find their bucket clean and only return the handles. A dirty bucket always flushes, so this is
  right whatever the engine's order; the order only makes it cheap.
* When the deltas of a bucket outgrow its base, the bucket is written whole and becomes its own new
  base. How much of that one flush may do is bounded, so that buckets of one age do not all compact
  in one epoch.

Guarantees:

* Every byte that a returned state refers to is on the disk (`fdatasync`, and `fsync` of the folder
  for a new file) before `snapshot` returns, hence before the engine can commit the epoch.
* A file is never written again by a later run, so a crash cannot tear what an older epoch refers
  to. Bytes written for an epoch that was not committed are unreferenced, and `sweep` removes them.
* Any worker can read any file: after a change of the number of workers a bucket's new owner reads
  the old owner's files, and writes only its own.
* A file that nothing refers to any more is deleted `keep_syncs` flushes late, since the engine may
  still resume at an epoch or two before the current one.

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

import os
import secrets
import sqlite3
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from flows.per_thread import PerThread
from operators.durable import Durable

MAGIC = b"\x93HRSEG1\n"
SUFFIX = ".seg"

_COUNT = struct.Struct("<H")
_HANDLE = struct.Struct("<16sIII")
_ROW = struct.Struct("<Hi")
_DELETED = -1


class SegmentError(RuntimeError):
    """A segment that the recovery state refers to is missing or damaged."""


class Handle(NamedTuple):
    """Where a segment lies: 28 bytes in the recovery state."""

    file: str
    offset: int
    length: int
    crc: int


def pack_handles(handles: Iterable[Handle]) -> bytes:
    """Return `handles` as the bytes that the engine keeps."""
    packed = [_HANDLE.pack(h.file.encode(), *h[1:]) for h in handles]
    return b"".join([MAGIC, _COUNT.pack(len(packed)), *packed])


def unpack_handles(state: bytes) -> list[Handle]:
    """Invert `pack_handles`."""
    if not state.startswith(MAGIC):
        raise SegmentError("not a list of segments: the state was written by something else")
    (count,) = _COUNT.unpack_from(state, len(MAGIC))
    body = memoryview(state)[len(MAGIC) + _COUNT.size :][: count * _HANDLE.size]
    return [Handle(name.decode(), *rest) for name, *rest in _HANDLE.iter_unpack(body)]


def encode_rows(rows: Iterable[tuple[str, bytes | None]]) -> bytes:
    """Return rows as one segment; `None` marks a row that was deleted."""
    parts: list[bytes] = []
    for key, value in rows:
        name = key.encode()
        parts += (_ROW.pack(len(name), _DELETED if value is None else len(value)), name)
        if value is not None:
            parts.append(value)
    return b"".join(parts)


def decode_rows(segment: bytes) -> Iterator[tuple[str, bytes | None]]:
    """Invert `encode_rows`."""
    at, end = 0, len(segment)
    while at < end:
        name_length, length = _ROW.unpack_from(segment, at)
        start = at + _ROW.size + name_length
        at = start + max(length, 0)
        name = segment[start - name_length : start].decode()
        yield name, None if length == _DELETED else segment[start:at]


class SegmentStore:
    """Append-only files of segments, written by one thread and readable by all.

    Args:
        root: the folder, on a local disk, the same for all processes of the cluster.
        roll_bytes: begin a new file after so many bytes; space is given back file by file.
        keep_syncs: how many calls of `sync` a released segment survives.
    """

    def __init__(self, root: Path, *, roll_bytes: int = 64 << 20, keep_syncs: int = 8) -> None:
        self.root = root
        self.written = 0
        self._roll_bytes = roll_bytes
        self._descriptor = -1
        self._pending: list[bytes] = []
        self._name = ""
        self._size = 0
        self._is_new = False
        self._live: dict[str, int] = {}
        self._released: deque[list[Handle]] = deque([[] for _ in range(keep_syncs + 1)])
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, payload: bytes) -> Handle:
        """Append a segment. It is durable only when the next `sync` has returned."""
        if not self._name or self._size >= self._roll_bytes:
            self._roll()
        self._pending.append(payload)
        handle = Handle(self._name, self._size, len(payload), crc32(payload))
        self._size += len(payload)
        self.written += len(payload)
        self._live[self._name] += 1
        return handle

    def sync(self) -> None:
        """Wait until everything written is on the disk; then drop what was released long ago."""
        if self._pending:
            self._write_pending()
            os.fdatasync(self._descriptor)
        if self._is_new:
            _sync_folder(self.root)
            self._is_new = False
        self._released.append([])
        self._forget(self._released.popleft())

    def read(self, handle: Handle) -> bytes:
        """Return a segment; raise `SegmentError` if it is not what was written."""
        if handle.file == self._name:
            self._write_pending()
        try:
            with self._path(handle.file).open("rb") as file:
                payload = os.pread(file.fileno(), handle.length, handle.offset)
        except FileNotFoundError as error:
            raise SegmentError(f"segment file {handle.file} is missing from {self.root}") from error
        if len(payload) != handle.length or crc32(payload) != handle.crc:
            raise SegmentError(f"segment {handle} in {self.root} is damaged")
        return payload

    def release(self, handles: Iterable[Handle]) -> None:
        """Say that the next state no longer refers to `handles`."""
        self._released[-1].extend(handles)

    def close(self) -> None:
        """Make all durable and close the file; a later write begins another."""
        self.sync()
        self._close_file()

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _roll(self) -> None:
        if self._pending:
            self._write_pending()
            os.fdatasync(self._descriptor)
        self._close_file()
        # A random name, created exclusively: no run, worker or step can meet another's file.
        self._name = secrets.token_hex(8)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self._path(self._name), flags, mode=0o600)
        self._size = 0
        self._is_new = True
        self._live[self._name] = 0

    def _close_file(self) -> None:
        if self._name:
            os.close(self._descriptor)
            closed, self._name, self._descriptor = self._name, "", -1
            self._drop_if_dead(closed)

    def _write_pending(self) -> None:
        rest = memoryview(b"".join(self._pending))
        self._pending.clear()
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def _forget(self, handles: list[Handle]) -> None:
        for handle in handles:
            # Files of an earlier run may serve buckets of other workers: `sweep` deletes those.
            if handle.file in self._live:
                self._live[handle.file] -= 1
                self._drop_if_dead(handle.file)

    def _drop_if_dead(self, name: str) -> None:
        if name != self._name and self._live[name] == 0:
            del self._live[name]
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self.root / (name + SUFFIX)


class Saved:
    """One state key's `Durable` state, and the segments it lies in. Made by `Segments.saved`.

    Used by one worker thread: say `touch` when the state may have changed.
    """

    def __init__(self, group: _Group, durable: Durable, state: bytes | None) -> None:
        self._group = group
        self._durable = durable
        self._dirty = False
        self._handles = [] if state is None else unpack_handles(state)
        self._state = pack_handles(self._handles)
        if self._handles:
            durable.load([group.store.read(handle) for handle in self._handles])

    def touch(self) -> None:
        """Say that the state may have changed since the last snapshot."""
        if not self._dirty:
            self._dirty = True
            self._group.dirty.append(self)

    def snapshot(self) -> bytes:
        """Return the durable state: 10 bytes and 28 a segment."""
        if self._dirty:
            self._group.flush()
        return self._state

    def _debt(self, max_deltas: int) -> float:
        """How far the deltas have outgrown the base; above 1 the key wants compaction."""
        if not self._handles:
            return 0.0
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
        self._max_deltas = max_deltas
        self._compact_bytes = compact_bytes

    def flush(self) -> None:
        """Write all dirty buckets, wait for the disk once, and only then show the new states."""
        buckets, self.dirty = self.dirty, []
        rest = self._compact(buckets)
        for bucket in rest:
            bucket._write_delta()
        self.store.sync()
        for bucket in buckets:
            bucket._state = pack_handles(bucket._handles)

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
            if debt > 2 or (debt > 1 and spent < self._compact_bytes):
                spent += buckets[at]._write_base()
            else:
                rest.append(buckets[at])
        return rest


class Segments:
    """The buckets of one step; it may be shared by the worker threads of a process.

    Args:
        root: the folder, see `SegmentStore`.
        max_deltas: a bucket with more deltas than this is compacted even if they are small, since
            each costs 28 bytes in every snapshot and a read at resume.
        compact_bytes: about how many bytes of compaction one flush may write.
        store: makes a thread's store; for tests and measurements.
    """

    def __init__(
        self,
        root: Path,
        *,
        max_deltas: int = 32,
        compact_bytes: int = 4 << 20,
        store: Callable[[Path], SegmentStore] = SegmentStore,
    ) -> None:
        self._root = root
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
        return _Group(self._store(self._root), self._max_deltas, self._compact_bytes)


def referenced_files(recovery_dir: Path) -> set[str]:
    """Return the segment files that any row of the engine's recovery partitions refers to.

    The rows are pickles. They are searched for the mark, not unpickled: nothing in them runs, and
    a state that holds handles inside something else is found too.
    """
    files: set[str] = set()
    for path in sorted(recovery_dir.glob("*.sqlite3")):
        with closing(sqlite3.connect(path)) as db:
            for (blob,) in db.execute("SELECT ser_change FROM snaps WHERE ser_change IS NOT NULL"):
                files.update(_files_in(blob))
    return files


def sweep(root: Path, recovery_dir: Path) -> int:
    """Delete segment files that no recovery row refers to; return how many.

    Call it after the purge of the partitions and before any process of the cluster runs: a running
    one has files that no row refers to yet.
    """
    keep = referenced_files(recovery_dir)
    dead = [path for path in root.glob("*" + SUFFIX) if path.stem not in keep]
    for path in dead:
        path.unlink()
    return len(dead)


def sweep_all(state_dir: Path, recovery_dir: Path) -> int:
    """Sweep the folders of all steps below `state_dir`; see `sweep`."""
    folders = [folder for folder in state_dir.glob("*") if folder.is_dir()]
    return sum(sweep(folder, recovery_dir) for folder in folders)


def _files_in(blob: bytes) -> Iterator[str]:
    """Yield file names after each mark; too many do no harm, so a chance mark is no error."""
    at = blob.find(MAGIC)
    while at >= 0:
        at += len(MAGIC)
        count = int.from_bytes(blob[at : at + _COUNT.size], "little")
        body = memoryview(blob)[at + _COUNT.size :][: count * _HANDLE.size]
        whole = len(body) - len(body) % _HANDLE.size
        for name, *_ in _HANDLE.iter_unpack(body[:whole]):
            yield name.decode("latin-1")
        at = blob.find(MAGIC, at)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
