"""Records out: messages to Kafka, and none of them lost.

Why not the engine's own Kafka sink: it has no delivery callback and ignores what `flush` returns,
so an outage loses output while the flow ends well; and it drops the records' times.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Final
from zlib import crc32

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from confluent_kafka import KafkaError, KafkaException, Producer

from contracts.settings import KafkaSettings
from flows.kafka_client import Config, cause, client, is_refusal, quiet, refused, servers
from flows.per_thread import PerThread
from operators.messages import Packed

PARTS: Final = 16
"""Partitions of the sink. The engine fails if there are fewer of them than recovery knows."""
LINGER_MS: Final = 2
MAX_BYTES: Final = 2_000_000
"""A refused event is larger in its record than it was; Kafka's own limit may be lower."""
SLICE_S: Final = 0.05

logger = logging.getLogger(__name__)


class Outgoing(Packed, array_like=True, tag="outgoing"):
    """One record for a topic. `timestamp` is in ms, kept as it is; 0: the time of sending."""

    topic: str
    key: bytes | None
    value: bytes | None
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class NotDelivered(RuntimeError):  # noqa: N818  # reads as what it is
    """Kafka did not take a record: for which topic, and why."""


class KafkaSink(FixedPartitionedSink[Any, None]):
    """Takes messages by owner; `to_records` says which records one becomes.

    At least once: an epoch is kept only when the brokers have acknowledged all of its records
    (`acks=all`, idempotent); one that is not kept is sent again, in part as repeats, under the
    same ids where the records carry any. Raises `NotDelivered` once a record was not taken for
    `settings.delivery_timeout_ms`, and `KafkaRefused` where trying again cannot help.
    """

    def __init__(
        self,
        config: Config,
        settings: KafkaSettings,
        to_records: Callable[[Any], Iterable[Outgoing]],
        parts: int = PARTS,
    ) -> None:
        self._to_records = to_records
        self._parts = parts
        self._senders = PerThread(lambda: Sender(config, settings.delivery_timeout_ms))

    def list_parts(self) -> list[str]:
        """Return the partitions of the sink: any worker can write any of them."""
        self._senders.get()  # an idempotent producer takes up to a second to be ready: begin now
        return [f"records-{number:02d}" for number in range(self._parts)]

    def part_fn(self, item_key: str) -> int:
        """Choose an owner's partition."""
        return crc32(item_key.encode())

    def build_part(
        self, step_id: str, for_part: str, resume_state: None
    ) -> StatefulSinkPartition[Any, None]:
        """Return a partition; those of one worker share a producer."""
        return _RecordPart(self._senders.get(), self._to_records)


class _RecordPart(StatefulSinkPartition[Any, None]):
    def __init__(self, sender: "Sender", to_records: Callable[[Any], Iterable[Outgoing]]) -> None:
        self._sender = sender
        self._to_records = to_records

    def write_batch(self, values: list[Any]) -> None:
        for message in values:
            for record in self._to_records(message):
                self._sender.send(record)
        self._sender.serve()

    def snapshot(self) -> None:
        # Before the epoch can be kept, all of its records are with the broker.
        self._sender.flush()


class Sender:
    """A producer that raises what its callbacks were told."""

    def __init__(self, config: Config, timeout_ms: int) -> None:
        self._config = config
        self._failure: Exception | None = None
        self._told = False
        options = {
            "linger.ms": LINGER_MS,
            "message.max.bytes": MAX_BYTES,
            **quiet(config, self._on_error),
            "acks": "all",
            "enable.idempotence": True,
            "delivery.timeout.ms": timeout_ms,
        }
        self._producer: Any = client(Producer, options)

    def send(self, record: Outgoing) -> None:
        """Hand over a record; wait while too many are under way."""
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
                return
            except BufferError:
                self.serve(SLICE_S)
            except KafkaException as error:
                raise self._not_delivered(record.topic, cause(error)) from None

    def serve(self, seconds: float = 0.0) -> None:
        """Hear what became of records sent before; raise if one was lost."""
        self._producer.poll(seconds)
        if self._failure is not None:
            raise self._failure

    def flush(self) -> None:
        """Wait until the brokers have everything; raise if they do not take it."""
        while self._producer.flush(SLICE_S):
            self.serve()
        self.serve()

    def _on_delivery(self, error: KafkaError | None, message: Any) -> None:
        if error is not None and self._failure is None:
            self._failure = self._not_delivered(message.topic(), error)

    def _on_error(self, error: KafkaError) -> None:
        if is_refusal(error):
            self._failure = self._failure or refused(self._config, error)
        elif not self._told:
            self._told = True
            logger.warning("Kafka at %s: %s", servers(self._config), error.str())

    def _not_delivered(self, topic: str, error: KafkaError) -> NotDelivered:
        return NotDelivered(
            f"Kafka at {servers(self._config)} did not take a record for {topic}: {error.str()} "
            f"({error.name()}); its epoch is not kept, so it is sent again after a restart"
        )
