"""What became of the lines of a source: read, used, left out on purpose, or skipped as bad."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from flows.importers.errors import BadLineError

SAMPLES: Final = 10
DETAIL_CHARS: Final = 200

Progress = Callable[[Path, int, int], None]
"""Called now and then with a file, how many of its bytes are read, and its size in bytes."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is fine, and by the format's documented decision makes no event."""

    reason: str


@dataclass
class Report:
    """Counts of one import: `lines = used + left out + skipped`, whatever happens.

    A record that spans lines counts once; headers do not count. `samples` names the first few
    skipped lines as `FILE:LINE: reason: detail`.

    >>> report = Report(lines=1)
    >>> report.skip(Path("clicks.csv"), 7, BadLineError("bad number", "timestamp is 'x'"))
    >>> report.samples
    ["clicks.csv:7: bad number: timestamp is 'x'"]
    """

    lines: int = 0
    used: int = 0
    events: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    samples: list[str] = field(default_factory=list)
    progress: Progress | None = None

    def skip(self, file: Path, number: int, fault: BadLineError) -> None:
        """Count a bad line."""
        self.skipped[fault.reason] += 1
        if len(self.samples) < SAMPLES:
            detail = fault.detail[:DETAIL_CHARS]
            self.samples.append(f"{file.name}:{number}: {fault.reason}: {detail}")

    def summary(self) -> dict[str, Any]:
        """Return the counts as a tree of plain values."""
        return {
            "lines": self.lines,
            "used": self.used,
            "events": self.events,
            "left_out": dict(self.left_out.most_common()),
            "skipped": dict(self.skipped.most_common()),
            "samples": list(self.samples),
        }
