"""The rules file of the settings, read again whenever it changed."""

import logging
from collections.abc import Callable
from pathlib import Path

from api.serve.rules import Rule, RulesError, load

logger = logging.getLogger("headrace.api")


class RulesFile:
    """The rules in force. A change that is not valid leaves the old ones, and is said once."""

    def __init__(self, path: Path | None, read: Callable[[Path], list[Rule]] = load) -> None:
        """Read the file for the first time; raise `RulesError` if it is not usable."""
        self.rules: list[Rule] = []
        self.error: str | None = None
        self._path = path
        self._read = read
        self._seen: tuple[int, int] | None = None
        if path is not None:
            self._seen = _stamp(path)
            self.rules = read(path)

    def refresh(self) -> None:
        """Read the file again if its time or size changed."""
        if self._path is None or (stamp := _stamp(self._path)) == self._seen:
            return
        self._seen = stamp
        try:
            self.rules, self.error = self._read(self._path), None
            logger.info("%s: %d rules in force", self._path, len(self.rules))
        except RulesError as error:
            self.error = str(error)
            logger.error("%s; the rules read before stay in force", error)


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
