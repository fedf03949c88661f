"""How one process of the flow is: what it uses, and when recovery last took in an epoch."""

import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.launch import Launch
from contracts.vitals import Checkpoint, Worker

SAME_EPOCH: Final = 0.5
"""Share of an epoch's length within which its partitions are written, one after another."""


class Vitals:
    """Told to the store by the heartbeat. Only the first process looks at recovery."""

    def __init__(self, launch: Launch, recovery_dir: Path, started_ms: int) -> None:
        self._launch = launch
        self._started = started_ms
        self._apart_ms = 1_000 * SAME_EPOCH * launch.settings.flow.epoch_seconds
        self._folders = (recovery_dir, launch.settings.data_dir / "state")
        self._last: Checkpoint | None = None

    def worker(self, now_ms: int, parts: Sequence[str]) -> Worker:
        """Return what this process is and uses."""
        launch = self._launch
        return Worker(
            worker=launch.process_id,
            workers=max(1, len(launch.addresses)),
            run=launch.run,
            pid=os.getpid(),
            started=self._started,
            written=now_ms,
            cpu_seconds=round(time.process_time(), 2),
            memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            parts=sorted(parts),
        )

    def checkpoint(self, now_ms: int) -> Checkpoint | None:
        """Return when an epoch was kept last; None if this process does not look after it.

        Files are looked at, never opened: the engine has them open in this very process, by an
        SQLite of its own, and closing them here would take its locks away.
        """
        newest, last = written(self._folders[0]), self._last
        if self._launch.process_id != 0 or not newest:
            return None
        if last is None or newest - last.time > self._apart_ms:
            seconds = None if last is None else round((newest - last.time) / 1000, 1)
            self._last = Checkpoint(written=now_ms, time=newest, seconds=seconds, size=self._size())
        else:
            last.written = now_ms
        return self._last

    def _size(self) -> int:
        return sum(_size(file) for folder in self._folders for file in folder.rglob("*"))


def written(recovery_dir: Path) -> int:
    """Return when anything was last written to recovery (epoch ms), 0 if never.

    Most is written to the log of SQLite beside a partition; the file itself follows later.
    """
    files = [file for name in ("part-*.sqlite3", "part-*-wal") for file in recovery_dir.glob(name)]
    return max((_changed(file) for file in files), default=0)


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns // 1_000_000
    except OSError:
        return 0  # a log that was just taken in


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0  # it was swept meanwhile
