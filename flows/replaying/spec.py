"""What a replay reads, in a form that can be handed to another process."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

ENVIRON: Final = "HEADRACE_REPLAY"
KAFKA: Final = "kafka:"


@dataclass(frozen=True)
class ReplaySpec:
    """A recording and how to read it.

    `source` is a file, a folder, or `kafka:TOPIC[,TOPIC]`; `start` and `end` cut a topic, each an
    offset or an ISO 8601 time. `ends` fixes where each partition ends, so that every process and
    every resumed run reads the same. `speed` is how many times faster than it happened, 0 for at
    once.
    """

    source: str
    format: str = "events"
    start: str | None = None
    end: str | None = None
    speed: float = 0.0
    ends: dict[str, int] = field(default_factory=dict)

    @property
    def topics(self) -> list[str]:
        """The topics that are read, if any."""
        return self.source.removeprefix(KAFKA).split(",") if self.source.startswith(KAFKA) else []

    def as_dict(self) -> dict[str, Any]:
        """Return the spec as plain values."""
        return asdict(self)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "ReplaySpec | None":
        """Return the spec that a parent process left, or None."""
        raw = environ.get(ENVIRON)
        return cls(**json.loads(raw)) if raw else None
