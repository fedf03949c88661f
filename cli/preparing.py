"""Before a flow starts: there is room to write, and what it resumes from is made safe."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from cli.children import ChildError, PermanentError, PostponedError
from contracts.settings import RedisSettings
from flows.failures import FULL
from flows.recovery import RecoveryError, RecoveryUnwritable, prepare
from flows.sweeping import sweep_all
from flows.topics import TopicsError, TopicsRefusedError
from storage.errors import StoreError, StoreRefused
from storage.redis_views import RedisViews

ROOM: Final = 1 << 20
"""Bytes that a disk must take before a flow starts on it."""

T = TypeVar("T")


def prepare_flow(folder: Path, parts: int) -> int:
    """Make a flow's state safe to resume from, while none of its workers runs.

    Return the epoch that it resumes at. Raises `ChildError`.
    """
    check_room(folder)
    recovery = folder / "recovery"
    epoch = or_child_error(lambda: prepare(recovery, parts))
    or_child_error(lambda: sweep_all(folder / "state", recovery))
    return epoch


def issue_run(store: RedisSettings, namespace: str) -> int:
    """Take the next run number of a namespace; raise `ChildError`."""

    def issue() -> int:
        views = RedisViews.open(store)
        try:
            return views.issue_run(namespace)
        finally:
            views.close()

    return or_child_error(issue)


def check_room(folder: Path) -> None:
    """Raise `PostponedError` while the disk of `folder` takes nothing more."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(ROOM))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if error.errno not in FULL:
            raise ChildError(f"{folder}: {error.strerror}") from error
        raise PostponedError(
            f"the disk of {folder} is full: free some space there, and the flow goes on where it "
            "was; events wait in the log meanwhile"
        ) from error


def or_child_error(action: Callable[[], T]) -> T:
    """What is away now may be back at the next try; what refuses us will refuse us again."""
    try:
        return action()
    except RecoveryUnwritable as error:
        raise ChildError(str(error)) from error
    except (TopicsRefusedError, StoreRefused, RecoveryError) as error:
        raise PermanentError(str(error)) from error
    except (TopicsError, StoreError, OSError) as error:
        raise ChildError(str(error)) from error
