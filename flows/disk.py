"""Waiting for the disk beside a worker, once an epoch instead of once for each step of the graph.

Each step's state has to be on the disk before the engine commits the epoch, not before its
`snapshot` returns. A wait takes 0.2 ms on a quiet disk and 20 on a busy one, and there are some
twenty steps: so each begins its own, they go on side by side (a file system makes one commit of
many), and the output of views, which comes after all steps, waits for all of them. Where nothing
was put out in an epoch the engine does not ask the output to save: then each step waits itself.
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
    >>> disk.expected = True
    >>> _ = disk.begin(lambda: done.append("written"))
    >>> disk.wait()
    >>> done
    ['written']
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="disk")
        self._begun: list[Begun] = []
        self.expected = False
        """Whether `wait` is certain to be called before the epoch is committed."""

    def begin(self, write: Callable[[], None]) -> Begun:
        """Begin to write; wait, unless somebody is to. Whoever waits raises `OSError`."""
        begun = self._pool.submit(write)
        self._begun.append(begun)
        if not self.expected:
            self.wait()
        return begun

    def wait(self) -> None:
        """Return when all that was begun is done; raise what went wrong (`OSError`)."""
        self.expected = False
        begun, self._begun = self._begun, []
        for one in begun:
            one.result()


Disks = PerThread[Disk]
"""A disk for each worker thread of a process."""


def put_down(descriptor: int, folder: str | os.PathLike[str] | None) -> None:
    """Wait until a file is on the disk, and its folder if the file is new."""
    os.fdatasync(descriptor)
    if folder is not None:
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
