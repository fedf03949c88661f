"""The source of a replay: one partition, so that there is one order."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from msgspec import Struct

from contracts.codec import pack
from flows.drain import Drain
from flows.kafka_client import KafkaAway
from flows.progress import PartProgress, Progress
from flows.records import RawBatch
from flows.replaying.total_order import PART

SKIP_S: Final = 0.05
LONGEST_NAP: Final = timedelta(milliseconds=100)

Now = Callable[[], datetime]


class UnusableRecording(RuntimeError):  # noqa: N818  # reads as what it is
    """A recording that cannot be replayed: which, why, and what to do about it."""


class RecordingChanged(UnusableRecording):
    """A replay is to go on with a recording, or with settings, that it did not begin with."""


class Given(Struct, array_like=True, frozen=True):
    """What recovery keeps of a replay: how many rounds were given, and of what."""

    rounds: int
    recording: str


def _now() -> datetime:
    return datetime.now(UTC)


class ReplaySource(FixedPartitionedSource[RawBatch, bytes]):
    """Rounds from `open_rounds`, which has to give the same ones each time it is called.

    `speed` is how many times faster than it happened; 0 is as fast as it goes. A resumed replay
    reads its input again up to where it stood, which costs about 2 us a record; `recording`
    names the input and the settings, and another one is refused (`RecordingChanged`).
    """

    def __init__(
        self,
        open_rounds: Callable[[], Iterator[RawBatch]],
        drain: Drain,
        progress: Progress,
        speed: float = 0.0,
        now: Now = _now,
        recording: Callable[[], str] = str,
    ) -> None:
        self._open = open_rounds
        self._drain = drain
        self._progress = progress
        self._pace = _Pace(speed, now)
        self._recording = recording

    def list_parts(self) -> list[str]:
        """Return the one partition."""
        return [PART]

    def build_part(
        self, step_id: str, for_part: str, resume_state: bytes | None
    ) -> StatefulSourcePartition[RawBatch, bytes]:
        """Return the partition, which passes over the rounds that were given before."""
        given = Given(0, self._recording())
        if resume_state is not None:
            before = msgspec.msgpack.decode(resume_state, type=Given)
            if before.recording != given.recording:
                raise RecordingChanged(
                    "the replay cannot be resumed: since it began, its recording or the settings "
                    f"that order it have changed (then {before.recording}; now {given.recording}). "
                    "Start it anew, without --resume"
                )
            given = before
        return _Rounds(self._open(), given, self._drain, self._progress, self._pace)


class _Pace:
    """When a round is due, if a replay is to take as long as what it shows, or a part of that."""

    def __init__(self, speed: float, now: Now) -> None:
        self._speed = speed
        self._now = now
        self._began: tuple[datetime, int] | None = None

    def nap(self, batch: RawBatch) -> datetime | None:
        """Return when to look again, if it is too early for a round; never far ahead.

        The engine asks nothing of a source before that time, not even whether it is to end.
        """
        if not self._speed or not batch.watermark:
            return None
        now = self._now()
        if self._began is None:
            self._began = now, batch.watermark
        start, clock = self._began
        wait = start + timedelta(milliseconds=(batch.watermark - clock) / self._speed) - now
        return now + min(wait, LONGEST_NAP) if wait > timedelta(0) else None


class _Rounds(StatefulSourcePartition[RawBatch, bytes]):
    def __init__(
        self,
        rounds: Iterator[RawBatch],
        given: Given,
        drain: Drain,
        progress: Progress,
        pace: _Pace,
    ) -> None:
        self._rounds = rounds
        self._given = given
        self._to_skip = given.rounds
        self._read = 0
        self._drain = drain
        self._progress = progress
        self._pace = pace
        self._next: RawBatch | None = None
        self._wake: datetime | None = None

    def next_batch(self) -> list[RawBatch]:
        if self._drain.asked:
            raise StopIteration
        batch = self._take()
        if batch is None:
            return []
        self._wake = self._pace.nap(batch)
        if self._wake is not None:
            return []
        self._next = None
        self._given = Given(self._given.rounds + 1, self._given.recording)
        self._tell(batch)
        return [batch]

    def next_awake(self) -> datetime | None:
        return self._wake

    def snapshot(self) -> bytes:
        return pack(self._given)

    def _take(self) -> RawBatch | None:
        """Return the next round; `None` while there are more to pass over."""
        until = time.monotonic() + SKIP_S
        try:
            while self._to_skip:
                self._tell(next(self._rounds))
                self._to_skip -= 1
                if time.monotonic() > until:
                    return None
            if self._next is None:
                self._next = next(self._rounds)
        except KafkaAway:
            if self._drain.asked:
                raise StopIteration from None
            raise
        return self._next

    def _tell(self, batch: RawBatch) -> None:
        self._read = batch.records[-1].seq if batch.records else self._read
        self._progress.put(PART, PartProgress(self._read, None, batch.watermark or 0))
