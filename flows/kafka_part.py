"""One partition of a Kafka source: where it stands, and whether the log still has that place."""

import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bytewax.inputs import StatefulSourcePartition
from msgspec import Struct

from contracts.codec import pack
from flows.arrivals import believed
from flows.drain import Drain
from flows.kafka_client import LogMismatch
from flows.kafka_hub import HELD, PACE, Hub
from flows.kafka_reader import BEGINNING, Partition
from flows.progress import PartProgress, Progress
from flows.records import Raw, RawBatch
from operators.ledger import part_number

ANOTHER: Final = "is another log (it was lost, or the address leads elsewhere)"
AHEAD_S: Final = 60
"""How far the clock of whoever wrote a record may be ahead of ours."""
LOOK_S: Final = 0.5
PATIENCE_S: Final = 5.0
"""How long an offset may lie behind the log's end: a new leader learns its end a little late."""

logger = logging.getLogger(__name__)


class Position(Struct, array_like=True, frozen=True):
    """What recovery keeps of a partition: the next offset, and the log that it belongs to.

    `received` is the arrival time (ms) of the last record, for one that comes without.
    """

    log: str
    offset: int
    received: int = 0


@dataclass(frozen=True)
class Reading:
    """How a Kafka source reads, beside what and from which broker.

    `gate`: nothing is read while it is false, for example until a table is loaded. `start` holds
    offsets by partition for those that recovery knows nothing of; others begin at the beginning.
    `retired` are partitions that recovery has state of; one that is no longer read ends at once,
    since the engine fails where it is not listed. `restarts`: a log that is not the one of the
    recovery state is read from its beginning, and not refused. `on_reading` is called when events
    that come from then on are seen at once: all of a worker's partitions have been heard of. `pace`
    is the time between two polls without a backlog. `now` is the wall clock (s): no record arrived
    more than `ahead_s` after it. `traced` is told of what was read, where traces are asked for.
    """

    drain: Drain
    progress: Progress = field(default_factory=Progress)
    gate: Callable[[], bool] = lambda: True
    start: Mapping[str, int] = field(default_factory=dict)
    retired: Collection[str] = ()
    restarts: bool = False
    patience_s: float = PATIENCE_S
    on_reading: Callable[[], None] | None = None
    pace: timedelta = PACE
    now: Callable[[], float] = time.time
    ahead_s: float = AHEAD_S
    traced: Callable[[list[Any]], None] | None = None


class KafkaPart(StatefulSourcePartition[RawBatch, bytes]):
    """A partition that is read through the worker's hub. Raises `LogMismatch`."""

    def __init__(self, name: str, position: Position, hub: Hub, reading: Reading) -> None:
        topic, _, number = name.rpartition("/")
        self.partition: Partition = (topic, int(number))
        self.offset = position.offset
        self._log = position.log
        self._received = self._read_up_to = position.received
        self._name = name
        self._place = f"{name}/"
        self._hub = hub
        self._reading = reading
        self._committed = BEGINNING
        self._wake: datetime | None = None
        self._look_at = 0.0
        self._astray_since: float | None = None
        if self._is_another():
            self._mismatch(ANOTHER, self.start_over)
        hub.add(self)

    def start_over(self) -> None:
        """Stand at the beginning of the log that is there now."""
        self._log = self._hub.watch.log.name_of(self.partition[0])
        self.offset = BEGINNING
        self._astray_since = None

    def next_batch(self) -> list[RawBatch]:
        """Return what has come, as one batch."""
        if self._reading.drain.asked:
            raise StopIteration
        if not self._reading.gate():
            self._wake = datetime.now(UTC) + HELD
            return []
        usable = self._hub.poll()
        self._wake = self._hub.wake
        if not usable:
            return []
        if self._is_another():
            self._mismatch(ANOTHER, self._hub.start_over)
        looked = int(self._reading.now() * 1000)
        messages = self._hub.reader.take(self.partition)
        if not messages:
            self._note_read(looked, self._hub.reader.end(self.partition))
        # The engine asks again once the batch before this one has gone through the graph.
        self._reading.progress.vouch(self._name, self._read_up_to)
        if not messages:
            self._look(self._hub.now)
            return []
        self._wake = None
        if self._reading.traced is not None:
            self._reading.traced(messages)
        records = self._records(messages)
        self._note_read(looked, self._publish())
        number = part_number(self._log, self._name)
        return [RawBatch(self._name, None, None, records, number=number)]

    def next_awake(self) -> datetime | None:
        """Return when to look again."""
        return self._wake

    def snapshot(self) -> bytes:
        """Return the packed `Position`, and show it to the group."""
        if self.offset not in (BEGINNING, self._committed):
            self._hub.reader.commit(self.partition, self.offset)
            self._committed = self.offset
        return pack(Position(self._log, self.offset, self._received))

    def close(self) -> None:
        """Leave the hub."""
        self._hub.remove(self)

    def _records(self, messages: list[Any]) -> list[Raw]:
        place, received = self._place, self._received
        latest = int((self._reading.now() + self._reading.ahead_s) * 1000)
        records = []
        for message in messages:
            # Without a believable time a message arrived with the one before: the same at each
            # reading, and no producer's clock moves ours.
            # A clock that runs ahead is taken for ours: what is remembered for a day or a year
            # would be forgotten at once.
            received = min(believed(message.timestamp()[1], received), latest)
            records.append(Raw(message.value() or b"", received, place, message.offset()))
        self._received = received
        self.offset = records[-1].number + 1
        self._astray_since = None
        return records

    def _note_read(self, looked: int, end: int | None) -> None:
        """Remember up to when all that the log had taken is read, as of a look at `looked` (ms)."""
        if end is not None:
            self._read_up_to = looked if self._position >= end else self._received

    @property
    def _position(self) -> int:
        return 0 if self.offset == BEGINNING else self.offset

    def _publish(self) -> int | None:
        end = self._hub.reader.end(self.partition)
        progress = PartProgress(self._position, end, self._received)
        self._reading.progress.put(self._name, progress)
        return end

    def _is_another(self) -> bool:
        return self._log != self._hub.watch.log.name_of(self.partition[0])

    def _look(self, now: float) -> None:
        """Find out, now and then while nothing comes, whether the log has our offset at all."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        end = self._publish()
        if self.partition in self._hub.reader.outside:
            self._mismatch("does not have that offset any more", self._hub.start_over)
        elif end is None or self.offset <= end:
            self._astray_since = None
        elif self._astray_since is None:
            self._astray_since = now
        elif now - self._astray_since >= self._reading.patience_s:
            self._mismatch(f"ends at offset {end}", self._hub.start_over)

    def _mismatch(self, what: str, start_over: Callable[[], None]) -> None:
        """Refuse the log that is there, or start over with it, as the settings say."""
        where = f"{self._name} of Kafka at {self._hub.servers}"
        if self._reading.restarts:
            logger.warning("%s %s: reading from its beginning", where, what)
            start_over()
            return
        raise LogMismatch(
            f"{where} {what}; the recovery state stands at offset {self.offset} of log "
            f"{self._log}. If this is the wrong broker, correct kafka.bootstrap_servers; to read "
            'this log from its beginning, set kafka.on_new_log to "restart"; to start without '
            "state, delete the recovery folder"
        )


class RetiredPart(StatefulSourcePartition[RawBatch, "bytes | None"]):
    """A partition that is no longer read. Its state stays, in case it comes back."""

    def __init__(self, state: bytes | None) -> None:
        self._state = state

    def next_batch(self) -> list[RawBatch]:
        """End."""
        raise StopIteration

    def snapshot(self) -> bytes | None:
        """Return the state as it was."""
        return self._state
