"""What a replay reads, in a form that can be handed to another process."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

ENVIRON: Final = "HEADRACE_REPLAY"


@dataclass(frozen=True)
class ReplaySpec:
    """A recording and how to read it.

    `source` is a file, a folder, or `kafka:TOPIC`; `start` and `end` cut a topic, each an offset
    or an ISO 8601 time. `speed` is how many times faster than it happened, 0 for at once.
    """

    source: str
    format: str = "events"
    start: str | None = None
    end: str | None = None
    speed: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        return asdict(self)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "ReplaySpec | None":
        """Return the spec that a parent process left, or None."""
        raw = environ.get(ENVIRON)
        return cls(**json.loads(raw)) if raw else None
