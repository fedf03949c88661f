"""Views out: each owner's views to the store, in order, for as long as it takes.

Views are absolute, so writing one again changes nothing, and each key has one owner. That is why
this sink needs no state of its own: after a crash the engine sends again what the last epoch did
not keep, and the store ends up the same.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final
from zlib import crc32

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from flows.batch_spans import VIEWS, Watch, unwatched
from flows.disk import Disk, Disks
from flows.drain import Drain
from flows.per_thread import PerThread
from flows.store_wait import StoreWait
from storage.views import ViewWriter
from storage.writes import Append, DeleteView, SetView, Write

PARTS: Final = 16


class ViewSink(FixedPartitionedSink[Any, None]):
    """Takes messages by owner; `to_writes` says what the store is told of one.

    While the store cannot be used, writing waits, and with it the worker: nothing is skipped and
    no offset passes. It gives up only when the process is asked to stop, or when a newer run
    has taken over (`Fenced`); the epoch is then not kept, and the next run does it again.

    It comes after all steps, so that it is here that a worker waits for its `disks`.
    """

    def __init__(
        self,
        open_views: Callable[[], ViewWriter],
        to_writes: Callable[[Any], Sequence[Write]],
        drain: Drain,
        disks: Disks | None = None,
        parts: int = PARTS,
        watch: Watch = unwatched,
    ) -> None:
        self._views = PerThread(open_views)
        self._to_writes = to_writes
        self._drain = drain
        self._disks = disks
        self._parts = parts
        self._watch = watch

    def list_parts(self) -> list[str]:
        """Return the partitions: any worker can write any of them."""
        return [f"views-{number:02d}" for number in range(self._parts)]

    def part_fn(self, item_key: str) -> int:
        """Choose an owner's partition."""
        return crc32(item_key.encode())

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Any, None]:
        """Return a partition; those of one worker share a connection."""
        disk = None if self._disks is None else self._disks.get()
        return _ViewPart(self._views.get(), self._to_writes, self._drain, disk, self._watch)


class _ViewPart(StatefulSinkPartition[Any, None]):
    def __init__(
        self,
        views: ViewWriter,
        to_writes: Callable[[Any], Sequence[Write]],
        drain: Drain,
        disk: Disk | None,
        watch: Watch,
    ) -> None:
        self._views = views
        self._write = watch(VIEWS, self._written)
        self._disk = disk
        self._to_writes = to_writes
        self._patiently = StoreWait(drain, "views")

    def write_batch(self, values: list[Any]) -> None:
        if self._disk is not None:
            self._disk.expected = True  # the engine asks those to save that were written to
        writes = coalesced(write for message in values for write in self._to_writes(message))
        if not writes:
            return
        self._write(writes)

    def _written(self, writes: Sequence[Write]) -> None:
        self._patiently(lambda: self._views.write(writes))

    def snapshot(self) -> None:
        # What the epoch wrote is in the store, also if that was lost since and came back.
        self._patiently(self._views.refresh)
        if self._disk is not None:
            # All steps come before this one: their state of the epoch is to be on the disk, too.
            self._disk.wait()


def coalesced(writes: Iterable[Write]) -> list[Write]:
    """Return writes without those that a later one of the same batch makes pointless.

    A key's writes stay in order. What is appended to a log comes last: who follows it reads what it
    tells of, and a long batch is written in several steps.

    >>> coalesced([SetView("a", b"1"), SetView("b", b"2"), SetView("a", b"3")])
    [SetView(key='a', value=b'3', ttl_ms=None), SetView(key='b', value=b'2', ttl_ms=None)]
    """
    by_key: dict[str, list[Write]] = {}
    logs: list[Write] = []
    for write in writes:
        if isinstance(write, Append):
            logs.append(write)
        elif isinstance(write, (SetView, DeleteView)):
            # Whatever the key held: it does not any more.
            by_key[write.key] = [write]
        else:
            by_key.setdefault(write.key, []).append(write)
    return [*(write for of_key in by_key.values() for write in of_key), *logs]
