"""One supervisor a data folder."""

import fcntl
import os
import time
from pathlib import Path
from typing import Final, Self

POLL_SECONDS: Final = 0.05


class LockedError(RuntimeError):
    """The data folder is in use: by which process."""


class DataDirLock:
    """A lock on a data folder, held by this process and by the children that inherit it.

    The kernel lets go of it when the last of them is gone, so nothing is left behind by a crash.
    When the holder is dead but its children are still dying, we wait up to `patience` seconds.
    """

    def __init__(self, data_dir: Path, patience: float = 10.0) -> None:
        self._path = data_dir / "run" / "lock"
        self._patience = patience
        self._descriptor = -1

    @property
    def descriptor(self) -> int:
        """What a child has to inherit to hold the lock too."""
        return self._descriptor

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.parent.chmod(0o700)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._acquire(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def _acquire(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                if _alive(holder) or time.monotonic() > deadline:
                    raise LockedError(
                        f"{self._path.parent.parent} is in use by process {holder or 'unknown'}: "
                        f"stop it first, or use another --data-dir"
                    ) from None
                time.sleep(POLL_SECONDS)

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def is_locked(data_dir: Path) -> bool:
    """Tell whether something runs in a data folder."""
    try:
        with (data_dir / "run" / "lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
