"""One Kafka consumer that reads many partitions, each from an offset that we keep ourselves.

One for all partitions of a worker, not one for each: a consumer is three threads and a fetch
under way, and waiting on many in turn adds up.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from flows.kafka_client import (
    Config,
    cause,
    client,
    consumer_config,
    is_away,
    is_refusal,
    refused,
)

LOOK_UP_S: Final = 2.0
BEGINNING: Final[int] = OFFSET_BEGINNING
_OUTSIDE: Final = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})

Partition = tuple[str, int]
"""A topic and the number of one of its partitions."""

logger = logging.getLogger(__name__)


class KafkaReader:
    """Reads partitions without blocking; used by one thread.

    `disturbed` is true after a connection broke, until it is set back. `outside` holds the
    partitions whose offset the broker does not have, `at_end` those that were read to their end,
    `heard` those of which something has come, be it their end.
    """

    def __init__(self, config: Config, group: str, poll_batch: int) -> None:
        self.disturbed = False
        self.outside: set[Partition] = set()
        self.at_end: set[Partition] = set()
        self.heard: set[Partition] = set()
        self.waiting = 0
        self._config = config
        self._poll_batch = poll_batch
        self._inbox: dict[Partition, list[Any]] = defaultdict(list)
        self._refusal: KafkaError | None = None
        self._told: set[int] = set()
        self._topics: set[str] = set()
        options = consumer_config(config, group, self._on_error)
        self._consumer: Any = client(Consumer, {**options, "on_commit": self._on_commit})

    def add(self, partition: Partition, offset: int) -> None:
        """Begin to read a partition at an offset, or at `BEGINNING`."""
        if partition[0] not in self._topics:
            self._topics.add(partition[0])
            # Otherwise librdkafka takes half a second to look for the leaders.
            with suppress(KafkaException):
                self._consumer.list_topics(partition[0], timeout=LOOK_UP_S)
        self._consumer.incremental_assign([TopicPartition(*partition, offset)])

    def poll(self) -> bool:
        """Fetch what has come; return whether anything did. Raises `KafkaRefused`.

        Fetches nothing while a poll's worth of messages waits to be taken.
        """
        if self.waiting >= self._poll_batch:
            return True
        messages = self._consumer.consume(self._poll_batch, 0)
        if self._refusal is not None:
            raise refused(self._config, self._refusal)
        for message in messages:
            error = message.error()
            if error is None:
                partition = (message.topic(), message.partition())
                self._inbox[partition].append(message)
                self.heard.add(partition)
                self.waiting += 1
            else:
                self._note(error, (message.topic(), message.partition()))
        return bool(messages)

    def take(self, partition: Partition) -> list[Any]:
        """Return the messages of a partition that were fetched and not taken yet, in order."""
        messages = self._inbox.pop(partition, [])
        self.waiting -= len(messages)
        return messages

    def end(self, partition: Partition) -> int | None:
        """Return the offset after the partition's last message, as of the last fetch.

        Not asked of the broker: the embedded one answers that question wrongly.
        """
        _, end = self._consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
        return end if end >= 0 else None

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Fetch no more of some partitions for now."""
        self._consumer.pause([TopicPartition(*partition) for partition in partitions])

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Fetch paused partitions again."""
        self._consumer.resume([TopicPartition(*partition) for partition in partitions])

    def offset_at(self, partition: Partition, time_ms: int, timeout_s: float) -> int | None:
        """Return the first offset whose time is at least `time_ms`; `None` if there is none."""
        asked = [TopicPartition(*partition, time_ms)]
        (found,) = self._consumer.offsets_for_times(asked, timeout=timeout_s)
        return found.offset if found.offset >= 0 else None

    def commit(self, partition: Partition, offset: int) -> None:
        """Tell the group how far we are, for tools that show lag; never fails, never waits."""
        try:
            self._consumer.commit(offsets=[TopicPartition(*partition, offset)], asynchronous=True)
        except KafkaException as error:
            self._tell(cause(error))

    def close(self) -> None:
        """Give back the connections."""
        self._consumer.close()

    def _note(self, error: KafkaError, partition: Partition) -> None:
        if error.code() == KafkaError._PARTITION_EOF:
            self.at_end.add(partition)
            self.heard.add(partition)
        elif error.code() in _OUTSIDE:
            self.outside.add(partition)
        elif error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            self.disturbed = True  # whoever watches the log finds out whether it stays away
        elif is_refusal(error):
            raise refused(self._config, error)
        else:
            self._tell(error)

    def _on_error(self, error: KafkaError) -> None:
        if is_refusal(error):
            self._refusal = error
        elif is_away(error):
            self.disturbed = True
        else:
            self._tell(error)

    def _on_commit(self, error: KafkaError | None, partitions: object) -> None:
        if error is not None:
            self._tell(error)

    def _tell(self, error: KafkaError) -> None:
        """Log each kind of error once: librdkafka repeats it until it is over."""
        if error.code() not in self._told:
            self._told.add(error.code())
            logger.warning("Kafka: %s (%s)", error.str(), error.name())
