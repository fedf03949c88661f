"""A file of the settings, read again whenever it changed."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger("headrace.api")


class Watched(Generic[T]):
    """What a file says. A change that is not valid leaves what was in force, and is said once."""

    def __init__(
        self, path: Path | None, read: Callable[[Path], T], nothing: T, refusal: type[ValueError]
    ) -> None:
        """Read the file for the first time; raise a `refusal`, as `read` does, if it is unusable.

        Without a path the value is `nothing`, always.
        """
        self.value = nothing
        self.error: str | None = None
        self._path = path
        self._read = read
        self._refusal = refusal
        self._seen: tuple[int, int] | None = None
        if path is not None:
            self._seen = _stamp(path)
            self.value = read(path)

    def refresh(self) -> None:
        """Read the file again if its time or size changed. Cost: 2 us where it did not."""
        if self._path is None or (stamp := _stamp(self._path)) == self._seen:
            return
        self._seen = stamp
        try:
            self.value, self.error = self._read(self._path), None
            logger.info("%s: the new version is in force", self._path)
        except self._refusal as error:
            self.error = str(error)
            logger.error("%s; what was read before stays in force", error)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
