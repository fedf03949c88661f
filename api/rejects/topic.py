"""The newest refused events, read from the broker when somebody asks for them."""

import time
from contextlib import closing
from typing import Any, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from api.collect.log import LogUnavailableError
from contracts.erasures import Erased
from contracts.keys import REJECTED_TOPIC
from contracts.reject_list import RejectList
from contracts.settings import Settings, kafka_config

NEWEST: Final = 2_000
"""Records of a partition that are read; what is older is for `headrace rejects`."""

PATIENCE_SECONDS: Final = 10.0


def read_newest(settings: Settings, erased: Erased) -> RejectList:
    """Return the newest records of the topic. Raises `LogUnavailableError`. Blocks."""
    config = {
        "log_level": 2,
        "fetch.wait.max.ms": 20,
        **kafka_config(settings),
        "group.id": "headrace-look",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "error_cb": lambda _: None,
    }
    found = RejectList(erased)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        with closing(Consumer(config)) as consumer:
            unread = _assign(consumer)
            while unread:
                if time.monotonic() > deadline:
                    raise LogUnavailableError("the broker gives the refused events too slowly", 5)
                for message in consumer.consume(500, 0.2):
                    _take(message, found, unread)
    except KafkaException as error:
        raise LogUnavailableError(f"the broker cannot be asked: {error.args[0].str()}", 5) from None
    return found


def _assign(consumer: Any) -> set[int]:
    """Begin to read; return the partitions."""
    topics = consumer.list_topics(REJECTED_TOPIC, PATIENCE_SECONDS).topics
    places = []
    for number in topics[REJECTED_TOPIC].partitions:
        place = TopicPartition(REJECTED_TOPIC, number)
        low, high = consumer.get_watermark_offsets(place, PATIENCE_SECONDS)
        place.offset = max(low, high - NEWEST)
        places.append(place)
    consumer.assign(places)
    return {place.partition for place in places}


def _take(message: Any, found: RejectList, unread: set[int]) -> None:
    error = message.error()
    if error is None:
        found.take(message.partition(), message.offset(), message.value() or b"")
    elif error.code() == KafkaError._PARTITION_EOF:
        unread.discard(message.partition())
    else:
        raise KafkaException(error)
