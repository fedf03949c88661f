"""Segments in append-only files: what a snapshot refers to is on the disk, and never rewritten.

Guarantees:

* Every segment written before a `sync` is on the disk (`fdatasync`, and `fsync` of the folder for
  a new file) when it returns; with a `Disk`, when that has been waited for, or the next `sync`.
* A file is never written again by a later run, so a crash cannot tear what an older epoch refers
  to. Bytes written for an epoch that was not committed are unreferenced.
* Any worker can read any file; each writes only its own.
* A file that nothing refers to any more is deleted `keep_syncs` flushes late, since the engine may
  still resume at an epoch or two before the current one.
* What is read is what was written by a holder of the key, or it is refused before anything is
  decoded: the list of handles is signed, and holds a keyed hash of each segment.
"""

from __future__ import annotations

import hmac
import os
import secrets
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from flows.disk import Begun, Disk, put_down

MARK = b"\x93HRSEG"
MAGIC = MARK + b"2\n"
SUFFIX = ".seg"

_COUNT = struct.Struct("<H")
_HANDLE = struct.Struct("<16sII16s")
_OLDER = {b"1\n": struct.Struct("<16sIII")}
"""Versions that are not read any more, since nothing was signed then."""

OTHER_RELEASE = (
    "go back to the release that wrote it, or delete the folders recovery and state, and the flow "
    "reads the log from its beginning"
)
"""What to do about state that this release does not read."""

_TAG = 16
_ROW = struct.Struct("<Hi")
_DELETED = -1


class SegmentError(RuntimeError):
    """A segment that the recovery state refers to is missing, damaged, or was tampered with."""


class Handle(NamedTuple):
    """Where a segment lies, and its keyed hash: 40 bytes in the recovery state."""

    file: str
    offset: int
    length: int
    tag: bytes


def pack_handles(handles: Iterable[Handle], key: bytes = b"") -> bytes:
    """Return `handles` as the bytes that the engine keeps, signed with `key`."""
    packed = [_HANDLE.pack(h.file.encode(), *h[1:]) for h in handles]
    body = b"".join([MAGIC, _COUNT.pack(len(packed)), *packed])
    return body + tag_of(body, key)


def unpack_handles(state: bytes, key: bytes = b"") -> list[Handle]:
    """Invert `pack_handles`; raise `SegmentError` for what another key signed, or none."""
    if not state.startswith(MAGIC):
        if state.startswith(tuple(MARK + version for version in _OLDER)):
            raise SegmentError(
                "the recovery state is of an older release, which did not sign it, so it is not "
                "read: delete the folders recovery and state, and the flow reads the log from its "
                "beginning"
            )
        if state.startswith(MARK):
            raise SegmentError(f"the recovery state is of a newer release; {OTHER_RELEASE}")
        raise SegmentError("not a list of segments: the state was written by something else")
    body, tag = state[:-_TAG], state[-_TAG:]
    if not hmac.compare_digest(tag, tag_of(body, key)):
        raise SegmentError(
            "the recovery state was not signed with this key: something else changed it, or "
            "flow.snapshot_key (by default snapshot.key in the data folder) is another one. "
            "Restore both from one backup, or delete the folders recovery and state to start from "
            "the log"
        )
    rows = memoryview(body)[len(MAGIC) + _COUNT.size :]
    return [Handle(name.decode(), *rest) for name, *rest in _HANDLE.iter_unpack(rows)]


def tag_of(payload: bytes, key: bytes) -> bytes:
    """Return the keyed hash of some bytes: 1.2 ms a megabyte. The key has at most 64 bytes."""
    return blake2b(payload, digest_size=_TAG, key=key, person=b"headrace state").digest()


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


def files_in(blob: bytes) -> Iterator[str]:
    """Yield the file names in all lists of handles in `blob`, found by their mark.

    Too many names do no harm, so a mark that stands there by chance is no error.
    """
    at = blob.find(MARK)
    while at >= 0:
        at += len(MAGIC)
        # Those of older releases too: who goes back to one finds its files.
        row = _OLDER.get(blob[at - 2 : at], _HANDLE)
        count = int.from_bytes(blob[at : at + _COUNT.size], "little")
        body = memoryview(blob)[at + _COUNT.size :][: count * row.size]
        whole = len(body) - len(body) % row.size
        for name, *_ in row.iter_unpack(body[:whole]):
            yield name.decode("latin-1")
        at = blob.find(MARK, at)


class SegmentStore:
    """Append-only files of segments, written by one thread and readable by all.

    Args:
        root: the folder, on a local disk, the same for all processes of the cluster.
        roll_bytes: begin a new file after so many bytes; space is given back file by file.
        keep_syncs: how many calls of `sync` a released segment survives.
        key: signs what is written; with none, damage is noticed and tampering is not.
        disk: what the worker waits for the disk with; without one each `sync` waits itself.
    """

    def __init__(
        self,
        root: Path,
        *,
        roll_bytes: int = 16 << 20,
        keep_syncs: int = 8,
        key: bytes = b"",
        disk: Disk | None = None,
    ) -> None:
        self.root = root
        self.key = key
        self.written = 0
        self._roll_bytes = roll_bytes
        self._descriptor = -1
        self._pending: list[bytes] = []
        self._name = ""
        self._size = 0
        self._is_new = False
        self._disk = disk
        self._begun: Begun | None = None
        self._live: dict[str, int] = {}
        self._released: deque[list[Handle]] = deque([[] for _ in range(keep_syncs + 1)])
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, payload: bytes) -> Handle:
        """Append a segment. It is durable only after the next `sync`."""
        if not self._name or self._size >= self._roll_bytes:
            self._roll()
        self._pending.append(payload)
        handle = Handle(self._name, self._size, len(payload), tag_of(payload, self.key))
        self._size += len(payload)
        self.written += len(payload)
        self._live[self._name] += 1
        return handle

    def sync(self) -> None:
        """Have everything written put on the disk; then drop what was released long ago."""
        self._settle()
        if self._pending:
            self._write_pending()
            folder, self._is_new = self.root if self._is_new else None, False
            put = partial(put_down, self._descriptor, folder)
            if self._disk is None:
                put()
            else:
                self._begun = self._disk.begin(put)
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
        if not hmac.compare_digest(tag_of(payload, self.key), handle.tag):
            raise SegmentError(
                f"segment {handle.file} at {handle.offset} in {self.root} is damaged, or was "
                "changed by something else: it is not what was signed"
            )
        return payload

    def retire(self) -> frozenset[str]:
        """Begin a new file with the next segment; return the names of all files that there are."""
        if self._pending:
            self._write_pending()
            os.fdatasync(self._descriptor)
        self._close_file()
        return frozenset(path.stem for path in self.root.glob("*" + SUFFIX))

    def release(self, handles: Iterable[Handle]) -> None:
        """Say that the next state no longer refers to `handles`."""
        self._released[-1].extend(handles)

    def close(self) -> None:
        """Make all durable and close the file; a later write begins another."""
        self.sync()
        self._close_file()

    def _settle(self) -> None:
        """Wait for what the last `sync` began, if nobody else has."""
        begun, self._begun = self._begun, None
        if begun is not None:
            begun.result()

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
            self._settle()
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
