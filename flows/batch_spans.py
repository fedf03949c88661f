"""Spans of what a worker does with a batch that has a traced event: its stages, its views.

The trace comes with a record's header and is not handed from message to message, which would cost
every event. So it is kept aside: from when the worker has read a traced record until its views
are written, each stage that runs here is a span of the trace. What other events of that moment
cost is in it, and a stage that runs in another process is not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final, ParamSpec, Protocol, TypeVar

from contracts.tracing import Tracing

P = ParamSpec("P")
R = TypeVar("R")

PROFILE: Final = "profile"
VIEWS: Final = "write_views"
LONGEST_NS: Final = 2_000_000_000
LINGER_NS: Final = 100_000_000
"""How long after its views models and campaigns may still be at it."""
MOST: Final = 8
"""Traces that are followed at once."""


@dataclass
class _Followed:
    """One traced record: its span, which ends with the last stage."""

    span: Any
    begun: int
    last: int
    seen: set[str] = field(default_factory=set)
    until: int = 0


class BatchSpans:
    """Follows the traced records of one worker, which is one thread."""

    def __init__(self, tracing: Tracing, clock: Callable[[], int] = time.time_ns) -> None:
        self._tracing = tracing
        self._clock = clock
        self._followed: list[_Followed] = []

    def read(self, messages: Sequence[Any]) -> None:
        """Take note of what was read, and follow what of it is traced."""
        self._tidy()
        now = self._clock()
        for read in self._tracing.read(messages):
            if len(self._followed) < MOST:
                span = self._tracing.begin("batch", read, now)
                self._followed.append(_Followed(span, now, now, until=now + LONGEST_NS))

    def watched(self, stage: str, function: Callable[P, R]) -> Callable[P, R]:
        """Return a function of a stage whose calls are spans while a traced record is followed."""

        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self._followed:
                return function(*args, **kwargs)
            begun = self._clock()
            try:
                return function(*args, **kwargs)
            finally:
                self._note(stage, begun)

        return call

    def _note(self, stage: str, begun: int) -> None:
        now = self._clock()
        for one in self._followed:
            if begun < one.until:
                self._tracing.begin(stage, one.span, begun).end(now)
                one.seen.add(stage)
                one.last = now
                if stage == VIEWS and PROFILE in one.seen:
                    one.until = min(one.until, now + LINGER_NS)
        self._tidy()

    def _tidy(self) -> None:
        now = self._clock()
        for one in [one for one in self._followed if now >= one.until]:
            one.span.end(one.last)
            self._followed.remove(one)


class Watch(Protocol):
    """What a stage's function is handed to, and what it is called by from then on."""

    def __call__(self, stage: str, function: Callable[P, R], /) -> Callable[P, R]:
        """Return the function, or one that does the same and is traced."""
        ...


def unwatched(stage: str, function: Callable[P, R]) -> Callable[P, R]:
    """Return a function as it is: nobody traces."""
    return function
