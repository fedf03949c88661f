"""Epochs that end at all sources of a process at once.

The engine lets each source end its epochs by itself, an interval after it ended the last one, when
it happens to be awake; and once a source has ended one, it is not asked again until all others have
ended theirs too, and all that came before has been saved. So a source that is looked at each 200 ms
ends its epochs 100 ms later each time than one that always has something, and the other waits for
it: 100 ms in the first epoch, 1.3 s after fifty seconds, and in the end always.

Here sources share a grid of moments at which their epochs end. The engine's interval is a little
shorter than the grid's, so that each of them may end its epoch there: none is awake in the moments
before, and all are then.
"""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bytewax.inputs import (
    DynamicSource,
    FixedPartitionedSource,
    Source,
    StatefulSourcePartition,
    StatelessSourcePartition,
)

from flows.per_thread import PerThread

SLACK_S: Final = 0.05
"""How much shorter the engine's interval is; so long, and a guard, a source sleeps. It has to be as
much as sources are late on a busy worker: then they fall back into step, and else never do."""
GUARD_S: Final = 0.03
"""So shortly before an epoch may end nobody is to be awake, nor by as much more as they were late
of late: a busy worker would end it early, and the next one earlier still."""
LATEST_S: Final = 0.25
"""Who was later, once, stood still: a source that slept by as much before an epoch may end would
look once an epoch for a minute."""
MARGIN_S: Final = 0.002
"""The engine took its time a little before we take ours."""


class Epochs:
    """The grid: moments `seconds` apart, from when the last of the sources began.

    >>> epochs = Epochs(5.0, clock=lambda: 100.0)
    >>> pace = Pace(epochs, 100.0)
    >>> [pace.awake(wanted, 100.0) for wanted in (101.2, 104.9, 104.93, 107.0)]
    [101.2, 104.9, 105.0, 105.0]
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.time) -> None:
        self.seconds = seconds
        self.clock = clock
        self._slack = min(SLACK_S, seconds / 10)
        self.guard = min(GUARD_S, seconds / 10)
        self._origin = 0.0

    @property
    def interval(self) -> timedelta:
        """What the engine is to be given."""
        return timedelta(seconds=self.seconds - self._slack)

    def join(self, began: float) -> None:
        """Take in a source whose first epoch begins."""
        self._origin = max(self._origin, began)

    def end_after(self, began: float) -> tuple[float, float]:
        """Return from when on an epoch that began then may end, and when it is to."""
        least = began + self.interval.total_seconds()
        past = (least - self._origin) % self.seconds
        # Somewhat late it ends as soon as it may, and gains the slack: to wait would take an epoch.
        late = past < self.seconds / 2
        return least, least + MARGIN_S if late else least + self.seconds - past

    def keep(self, source: Source[Any]) -> Source[Any]:
        """Return a source whose epochs end with those of the others."""
        if isinstance(source, FixedPartitionedSource):
            return _InPartitions(source, self)
        assert isinstance(source, DynamicSource)
        return _Everywhere(source, self)


class Pace:
    """When one source of one worker is awake; times are epoch seconds."""

    def __init__(self, epochs: Epochs, began: float) -> None:
        self._epochs = epochs
        self._wanted = began
        self._late = 0.0
        epochs.join(began)
        self.began(began)

    def began(self, now: float) -> None:
        """Note that an epoch began."""
        self._least, self._end = self._epochs.end_after(now)

    def asked(self, now: float) -> None:
        """Note that the source is awake: if the engine may end the epoch, it does."""
        if now >= self._least:
            self.began(now)

    def awake(self, wanted: float | None, now: float) -> float | None:
        """Return when to be awake, instead of then (None: at once)."""
        self._late = max(min(now - self._wanted, LATEST_S), 0.9 * self._late)
        soon = now if wanted is None else wanted
        free = soon < self._least - self._epochs.guard - self._late
        self._wanted = soon if free else self._end
        return wanted if free else self._end


class _Part:
    """What both kinds of partitions have in common."""

    def __init__(self, inner: Any, pace: Pace, clock: Callable[[], float]) -> None:
        self._inner = inner
        self._pace = pace
        self._clock = clock

    def next_awake(self) -> datetime | None:
        wanted = self._inner.next_awake()
        at = None if wanted is None else wanted.timestamp()
        kept = self._pace.awake(at, self._clock())
        return wanted if kept == at or kept is None else datetime.fromtimestamp(kept, UTC)

    def close(self) -> None:
        self._inner.close()


class _Stateful(_Part, StatefulSourcePartition[Any, Any]):
    def next_batch(self) -> Iterable[Any]:
        batch: Iterable[Any] = self._inner.next_batch()
        return batch

    def snapshot(self) -> Any:
        self._pace.began(self._clock())  # the engine asks for it when it has ended an epoch
        return self._inner.snapshot()


class _Stateless(_Part, StatelessSourcePartition[Any]):
    def next_batch(self) -> Iterable[Any]:
        self._pace.asked(self._clock())
        batch: Iterable[Any] = self._inner.next_batch()
        return batch


class _InPartitions(FixedPartitionedSource[Any, Any]):
    def __init__(self, source: FixedPartitionedSource[Any, Any], epochs: Epochs) -> None:
        self._source = source
        self._clock = epochs.clock
        # The engine begins the first epoch before it builds the partitions.
        self._paces = PerThread(lambda: Pace(epochs, epochs.clock()))

    def list_parts(self) -> list[str]:
        return self._source.list_parts()

    def build_part(
        self, step_id: str, for_part: str, resume_state: Any
    ) -> StatefulSourcePartition[Any, Any]:
        pace = self._paces.get()  # first: a part may wait for its server
        part = self._source.build_part(step_id, for_part, resume_state)
        return _Stateful(part, pace, self._clock)


class _Everywhere(DynamicSource[Any]):
    def __init__(self, source: DynamicSource[Any], epochs: Epochs) -> None:
        self._source = source
        self._epochs = epochs

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSourcePartition[Any]:
        clock = self._epochs.clock
        pace = Pace(self._epochs, clock())
        return _Stateless(self._source.build(step_id, worker_index, worker_count), pace, clock)
