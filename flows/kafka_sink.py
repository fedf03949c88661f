"""Records out: a sink that knows what the broker took.

Why not the engine's own Kafka sink: it asks for no delivery reports, so an outage loses what was
produced while the flow goes on, and it drops timestamps.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from confluent_kafka import KafkaError, KafkaException, Producer

from contracts.settings import KafkaSettings
from flows.kafka_client import Config, KafkaAway, quiet, refused, servers
from flows.kafka_client import client as open_client

PARTS: Final = 4
POLL_S: Final = 0.05

logger = logging.getLogger(__name__)


class Outgoing(NamedTuple):
    """One record: `timestamp` in ms, kept as it is."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: tuple[tuple[str, bytes], ...] = ()


class KafkaSink(FixedPartitionedSink[Any, None]):
    """Takes messages by owner; `to_records` says which records one becomes.

    At least once: an epoch is kept only when the broker has acknowledged all of its records; one
    that is not kept is sent again, in part as repeats. Raises `KafkaAway` when the broker did not
    acknowledge within the delivery timeout.
    """

    def __init__(
        self,
        config: Config,
        settings: KafkaSettings,
        to_records: Callable[[Any], Iterable[Outgoing]],
        parts: int = PARTS,
    ) -> None:
        self._config = config
        self._settings = settings
        self._to_records = to_records
        self._parts = parts

    def list_parts(self) -> list[str]:
        """Return the partitions of the sink: any worker can write any of them."""
        return [f"records-{number}" for number in range(self._parts)]

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Any, None]:
        """Return a partition with a producer of its own."""
        return _RecordPart(self._config, self._settings.delivery_timeout_ms, self._to_records)


class _RecordPart(StatefulSinkPartition[Any, None]):
    def __init__(
        self,
        config: Config,
        timeout_ms: int,
        to_records: Callable[[Any], Iterable[Outgoing]],
    ) -> None:
        self._config = config
        self._to_records = to_records
        self._timeout_s = timeout_ms / 1000
        self._error: KafkaError | None = None
        self._producer = open_client(Producer, _producer_config(config, timeout_ms))

    def write_batch(self, values: list[Any]) -> None:
        for message in values:
            for record in self._to_records(message):
                self._produce(record)
        self._producer.poll(0)
        self._raise_failure()

    def snapshot(self) -> None:
        # Before the epoch can be kept, all of its records are with the broker.
        left = self._producer.flush(self._timeout_s + 1.0)
        self._raise_failure()
        if left:
            raise KafkaAway(f"Kafka at {servers(self._config)} did not take {left} records")

    def close(self) -> None:
        self.snapshot()

    def _produce(self, record: Outgoing) -> None:
        while True:
            try:
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    timestamp=record.timestamp,
                    headers=list(record.headers),
                    on_delivery=self._on_delivery,
                )
            except BufferError:
                self._producer.poll(POLL_S)
                self._raise_failure()
            else:
                return

    def _on_delivery(self, error: KafkaError | None, message: object) -> None:
        if error is not None:
            self._error = error

    def _raise_failure(self) -> None:
        if self._error is None:
            return
        if self._error.fatal():
            raise refused(self._config, self._error)
        raise KafkaAway(
            f"Kafka at {servers(self._config)} did not take a record: {self._error.str()}"
        ) from KafkaException(self._error)


def _producer_config(config: Config, timeout_ms: int) -> Mapping[str, Any]:
    return {
        "linger.ms": 5,
        **quiet(config, lambda error: logger.warning("producer: %s", error.str())),
        "acks": "all",
        "enable.idempotence": True,
        "delivery.timeout.ms": timeout_ms,
    }
