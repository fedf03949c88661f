"""The source of a replay: one partition, so that there is one order."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from flows.drain import Drain
from flows.progress import PartProgress, Progress
from flows.records import RawBatch
from flows.replaying.total_order import PART

Now = Callable[[], datetime]


def _now() -> datetime:
    return datetime.now(UTC)


class ReplaySource(FixedPartitionedSource[RawBatch, int]):
    """Rounds from `open_rounds`, which has to give the same ones each time it is called.

    `speed` is how many times faster than it happened; 0 is as fast as it goes. The resume state
    is the number of rounds given: a resumed replay reads its input again up to there.
    """

    def __init__(
        self,
        open_rounds: Callable[[], Iterator[RawBatch]],
        drain: Drain,
        progress: Progress,
        speed: float = 0.0,
        now: Now = _now,
    ) -> None:
        self._open = open_rounds
        self._drain = drain
        self._progress = progress
        self._speed = speed
        self._now = now

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return [PART]

    def build_part(
        self, step_id: str, for_part: str, resume_state: int | None
    ) -> StatefulSourcePartition[RawBatch, int]:
        """Return the partition, after the rounds that were given before."""
        given = resume_state or 0
        rounds = islice(self._open(), given, None)
        return _Rounds(rounds, given, self._drain, self._progress, self._speed, self._now)


class _Rounds(StatefulSourcePartition[RawBatch, int]):
    def __init__(
        self,
        rounds: Iterator[RawBatch],
        given: int,
        drain: Drain,
        progress: Progress,
        speed: float,
        now: Now,
    ) -> None:
        self._rounds = rounds
        self._given = given
        self._read = 0
        self._drain = drain
        self._progress = progress
        self._speed = speed
        self._now = now
        self._began: tuple[datetime, int] | None = None
        self._next: RawBatch | None = None
        self._wake: datetime | None = None

    def next_batch(self) -> list[RawBatch]:
        if self._drain.asked:
            raise StopIteration
        batch = self._next if self._next is not None else next(self._rounds)
        self._wake = self._due(batch)
        if self._wake is not None and self._wake > self._now():
            self._next = batch
            return []
        self._next, self._wake = None, None
        self._given += 1
        self._read = batch.records[-1].seq if batch.records else self._read
        self._progress.put(PART, PartProgress(self._read, None, batch.watermark or 0))
        return [batch]

    def next_awake(self) -> datetime | None:
        return self._wake

    def snapshot(self) -> int:
        return self._given

    def _due(self, batch: RawBatch) -> datetime | None:
        """Return when a round is to be given, at the replay's speed."""
        if not self._speed or batch.watermark is None:
            return None
        if self._began is None:
            self._began = self._now(), batch.watermark
        start, clock = self._began
        return start + timedelta(milliseconds=(batch.watermark - clock) / self._speed)
