"""A table: a topic that every worker reads whole, from its beginning, at every start."""

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from bytewax.inputs import DynamicSource, StatelessSourcePartition

from contracts.settings import KafkaSettings
from flows.arrivals import believed
from flows.drain import Drain
from flows.kafka_client import Config
from flows.kafka_log import LogWatch
from flows.kafka_reader import BEGINNING, KafkaReader, Partition
from flows.records import Raw, RawBatch

PAUSE: Final = timedelta(milliseconds=20)

logger = logging.getLogger(__name__)


class TableSource(DynamicSource[RawBatch]):
    """Reads all of a topic in every worker, then what comes.

    The batch that reaches the ends seen at the start has `last` set (it may be empty), once a
    start; let the events wait for it. There is no state to resume: the engine would tie it to
    one worker, and fail once there are fewer. When the broker's log is a new one, that is read
    from its beginning as well. While the broker is away the source waits.
    """

    def __init__(self, topic: str, config: Config, settings: KafkaSettings, drain: Drain) -> None:
        self._topic = topic
        self._config = config
        self._settings = settings
        self._drain = drain

    def build(
        self, step_id: str, worker_index: int, worker_count: int
    ) -> StatelessSourcePartition[RawBatch]:
        """Return this worker's copy of the topic, named `TOPIC@WORKER`."""
        watch = LogWatch(self._config, [self._topic])
        watch.wait(self._drain)
        return _TablePart(
            f"{self._topic}@{worker_index}",
            self._topic,
            watch,
            lambda: KafkaReader(self._config, self._settings.group, self._settings.poll_batch),
            self._drain,
        )


class _TablePart(StatelessSourcePartition[RawBatch]):
    def __init__(
        self,
        name: str,
        topic: str,
        watch: LogWatch,
        open_reader: Callable[[], KafkaReader],
        drain: Drain,
    ) -> None:
        self._name = name
        self._topic = topic
        self._watch = watch
        self._open = open_reader
        self._drain = drain
        self._loaded = False
        self._wake: datetime | None = None
        self._begin()

    def _begin(self) -> None:
        """Read the log that is there now from its beginning."""
        self._log = self._watch.log
        count = self._log.topics[self._topic].partitions
        self._positions: dict[Partition, int] = {(self._topic, n): 0 for n in range(count)}
        self._missing = set(self._positions)
        self._ends: dict[Partition, int] = {}
        self._received = 0
        self._reader: KafkaReader = self._open()
        for partition in self._positions:
            self._reader.add(partition, BEGINNING)

    def next_batch(self) -> Iterable[RawBatch]:
        if self._drain.asked:
            raise StopIteration
        came = self._reader.poll()
        if self._reader.disturbed:
            self._reader.disturbed = False
            self._watch.disturb()
        self._wake = None if came else datetime.now(UTC) + PAUSE
        if not self._watch.settled():
            self._wake = datetime.now(UTC) + PAUSE
            return []
        if self._reader.outside or not self._log.same_as(self._watch.log):
            logger.warning("%s: the log is a new one: reading from its beginning", self._topic)
            self._reader.close()
            self._begin()
            return []
        records = [record for partition in self._positions for record in self._take(partition)]
        last = self._reaches_ends()
        return [RawBatch(self._name, None, None, records, last)] if records or last else []

    def next_awake(self) -> datetime | None:
        return self._wake

    def close(self) -> None:
        self._reader.close()

    def _take(self, partition: Partition) -> Iterable[Raw]:
        for message in self._reader.take(partition):
            self._positions[partition] = message.offset() + 1
            self._received = believed(message.timestamp()[1], self._received)
            yield Raw(
                message.value() or b"",
                self._received,
                f"{self._topic}/{partition[1]}/",
                message.offset(),
            )

    def _reaches_ends(self) -> bool:
        """Return whether this batch is the one that completes the table, at the first time."""
        if self._loaded:
            return False
        for partition in list(self._missing):
            end = self._ends.get(partition)
            if end is None:
                end = self._reader.end(partition)
                if end is not None:
                    self._ends[partition] = end
            reached = end is not None and self._positions[partition] >= end
            # A log that ends in transaction marks has no message at its last offset.
            if reached or partition in self._reader.at_end:
                self._missing.discard(partition)
        self._loaded = not self._missing
        return self._loaded
