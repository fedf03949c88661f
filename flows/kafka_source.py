"""The events: Kafka topics as a source of the dataflow, each partition from its resume offset.

Why not the engine's own Kafka source: it makes an object a message, reads each partition with a
consumer of its own, gives lag tools nothing to see, and resumes in silence at an offset that the
log does not have.
"""

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from contracts.settings import KafkaSettings
from flows.kafka_client import Config
from flows.kafka_hub import Hub
from flows.kafka_log import LogWatch
from flows.kafka_part import KafkaPart, Position, Reading, RetiredPart
from flows.kafka_reader import BEGINNING
from flows.per_thread import PerThread
from flows.records import RawBatch

logger = logging.getLogger(__name__)


class KafkaSource(FixedPartitionedSource[RawBatch, Any]):
    """Topics as partitions `TOPIC/PARTITION`; one `RawBatch` a partition and poll.

    Exactly-once together with recovery. Offsets are also committed to the group
    `settings.group`, for lag tools only. While the broker is away the source waits; it raises
    `KafkaRefused` where waiting cannot help, and `LogMismatch` when recovery's offsets belong to
    another log (unless `reading.restarts`). The partitions are those that exist at the start; it
    is logged when there are more.
    """

    def __init__(
        self, topics: Sequence[str], config: Config, settings: KafkaSettings, reading: Reading
    ) -> None:
        self._topics = topics
        self._config = config
        self._settings = settings
        self._reading = reading
        self._hubs = PerThread(self._open)

    def list_parts(self) -> list[str]:
        """Return all partitions of the topics; wait for the broker if need be."""
        topics = self._hubs.get().watch.wait(self._reading.drain).topics
        found = [
            f"{name}/{number}"
            for name, topic in topics.items()
            for number in range(topic.partitions)
        ]
        gone = sorted(set(self._reading.retired) - set(found))
        if gone:
            logger.warning("recovery has state of %s, which is no longer read", ", ".join(gone))
        return found + gone

    def build_part(
        self, step_id: str, for_part: str, resume_state: Any
    ) -> StatefulSourcePartition[RawBatch, Any]:
        """Return a partition that begins where its state says. Raises `LogMismatch`."""
        hub = self._hubs.get()
        topic, _, number = for_part.rpartition("/")
        known = hub.watch.log.topics.get(topic)
        if known is None or int(number) >= known.partitions:
            return RetiredPart(resume_state)
        position = Position(
            hub.watch.log.name_of(topic), self._reading.start.get(for_part, BEGINNING)
        )
        if resume_state is not None:
            position = msgspec.msgpack.decode(resume_state, type=Position)
        return KafkaPart(for_part, position, hub, self._reading)

    def _open(self) -> Hub:
        watch = LogWatch(self._config, self._topics)
        return Hub(
            self._config, self._settings, watch, self._reading.on_reading, self._reading.pace
        )
