"""Waiting for the disk beside a worker, once an epoch instead of once for each step of the graph.

Each step's state has to be on the disk before the engine commits the epoch, not before its
`snapshot` returns. A wait takes 0.2 ms on a quiet disk and 20 on a busy one, and there are some
twenty steps: so each begins its own, they go on side by side (a file system makes one commit of
many), and what comes last in every epoch, the output of views, waits for all of them.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from flows.per_thread import PerThread

THREADS: Final = 4

Begun = Future[None]


class Disk:
    """What one worker's steps have begun to write.

    >>> disk, done = Disk(), []
    >>> _ = disk.begin(lambda: done.append("written"))
    >>> disk.wait()
    >>> done
    ['written']
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="disk")
        self._begun: list[Begun] = []

    def begin(self, write: Callable[[], None]) -> Begun:
        """Begin to write; errors are raised by whoever waits."""
        begun = self._pool.submit(write)
        self._begun.append(begun)
        return begun

    def wait(self) -> None:
        """Return when all that was begun is done; raise what went wrong (`OSError`)."""
        begun, self._begun = self._begun, []
        for one in begun:
            one.result()


class Disks:
    """A disk for each worker thread of a process."""

    def __init__(self, make: Callable[[], Disk] = Disk) -> None:
        self._disks = PerThread(make)

    def mine(self) -> Disk:
        """Return the calling worker's."""
        return self._disks.get()


def put_down(descriptor: int, folder: str | os.PathLike[str] | None) -> None:
    """Wait until a file is on the disk, and its folder if the file is new."""
    os.fdatasync(descriptor)
    if folder is not None:
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
