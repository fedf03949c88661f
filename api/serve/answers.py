"""The log of what was served: handed over and forgotten, so that no answer waits for it."""

import logging
from collections.abc import Mapping
from typing import Any, Final, Protocol

from confluent_kafka import KafkaError, KafkaException, Producer

from contracts.codec import encode_json
from contracts.decisions import Answer
from contracts.events import DEVICE_PREFIX
from contracts.keys import ANSWERS_TOPIC, message_key
from contracts.settings import Settings, kafka_config

QUEUE: Final = 50_000
"""Answers that wait for the broker, some 100 MB; further ones are dropped, and counted."""

LINGER_MS: Final = 100
PATIENCE_MS: Final = 60_000
"""After which an answer that the broker never took is dropped."""

CLOSE_SECONDS: Final = 2.0

logger = logging.getLogger("headrace.api")


class AnswerLog(Protocol):
    """Takes answers. Never raises, never waits; what cannot be kept is counted as dropped."""

    @property
    def logged(self) -> int:
        """How many answers were kept."""

    @property
    def dropped(self) -> int:
        """How many could not be."""

    def put(self, answer: Answer) -> None:
        """Take one answer."""

    def close(self) -> None:
        """Hand on what is still held, within a few seconds."""


class AnswerList:
    """Keeps answers in a list: for tests, and for an API without a broker (`limit=0`)."""

    def __init__(self, limit: int = 10_000) -> None:
        self.answers: list[Answer] = []
        self.logged = 0
        self.dropped = 0
        self._limit = limit

    def put(self, answer: Answer) -> None:
        """Keep one answer, if there is room."""
        if len(self.answers) < self._limit:
            self.answers.append(answer)
            self.logged += 1
        else:
            self.dropped += 1

    def close(self) -> None:
        """Return: there is nothing to hand on."""


class AnswerTopic:
    """Writes answers to the topic `answers`, keyed like the events that will answer to them.

    Cost: about 15 us an answer of 20 items.
    """

    def __init__(self, config: Mapping[str, Any], queue: int = QUEUE) -> None:
        self._logged = 0
        self._dropped = 0
        self._producer = Producer(
            {
                "linger.ms": LINGER_MS,
                "compression.type": "lz4",
                **config,
                # librdkafka's `consistent` is the CRC-32 that contracts.keys.partition_of is.
                "partitioner": "consistent",
                "queue.buffering.max.messages": queue,
                "message.timeout.ms": PATIENCE_MS,
                "error_cb": self._on_error,
            },
            logger=logging.getLogger("headrace.kafka"),
        )

    @classmethod
    def of(cls, settings: Settings, queue: int = QUEUE) -> "AnswerTopic":
        """Return the log at the settings' broker; it need not be there yet."""
        return cls(kafka_config(settings), queue)

    @property
    def logged(self) -> int:
        """How many answers the broker acknowledged."""
        self._producer.poll(0)
        return self._logged

    @property
    def dropped(self) -> int:
        """How many answers the queue or the broker did not take."""
        self._producer.poll(0)
        return self._dropped

    def put(self, answer: Answer) -> None:
        """Queue one answer."""
        try:
            self._producer.produce(
                ANSWERS_TOPIC,
                value=encode_json(answer),
                key=_key(answer),
                timestamp=answer.time,
                on_delivery=self._on_delivery,
            )
            self._producer.poll(0)
        except (BufferError, KafkaException, ValueError) as error:
            self._dropped += 1
            logger.debug("an answer was not logged: %s", error)

    def close(self) -> None:
        """Wait a little for what is queued, and drop the rest."""
        left = self._producer.flush(CLOSE_SECONDS)
        if left:
            self._producer.purge()
            self._producer.poll(0)
            logger.warning("%d answers were not logged: the broker did not take them", left)

    def _on_delivery(self, error: KafkaError | None, _: object) -> None:
        if error is None:
            self._logged += 1
        else:
            self._dropped += 1

    def _on_error(self, error: KafkaError) -> None:
        logger.debug("kafka: %s", error.str())


def _key(answer: Answer) -> bytes:
    if answer.user.startswith(DEVICE_PREFIX):
        return message_key(answer.site, None, answer.user.removeprefix(DEVICE_PREFIX))
    return message_key(answer.site, answer.user, None)
