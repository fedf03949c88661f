"""What a check finds: one line, and how to mend it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple


class Level(StrEnum):
    """How bad it is: `warn` may be meant so, `fail` loses data or stops the engine."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(NamedTuple):
    """What was looked at (`area`, `check`), what was found, and how to mend it ("" if ok)."""

    area: str
    check: str
    level: Level
    text: str
    mend: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {**self._asdict(), "level": str(self.level)}

    def lines(self) -> Iterable[str]:
        """Yield it as a person reads it.

        >>> print(*ok("store", "reach", "it answers").lines())
        ok    store     it answers
        """
        yield f"{self.level:<5} {self.area:<9} {self.text}"
        if self.mend:
            yield f"{'':<16}-> {self.mend}"


def ok(area: str, check: str, text: str) -> Finding:
    """Return what is as it should be."""
    return Finding(area, check, Level.OK, text)


def warn(area: str, check: str, text: str, mend: str) -> Finding:
    """Return what is not as it should be, and may be meant so."""
    return Finding(area, check, Level.WARN, text, mend)


def fail(area: str, check: str, text: str, mend: str) -> Finding:
    """Return what loses data, or stops the engine."""
    return Finding(area, check, Level.FAIL, text, mend)


def worst(findings: Iterable[Finding]) -> Level:
    """Return the worst level.

    >>> str(worst([ok("a", "b", ""), warn("a", "c", "", "")]))
    'warn'
    """
    order = list(Level)
    return max((found.level for found in findings), key=order.index, default=Level.OK)
