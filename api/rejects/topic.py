"""Refused events, read from the broker when somebody asks for them: a stretch at a time."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from api.collect.log import LogUnavailableError
from contracts.erasures import Erased
from contracts.keys import REJECTED_TOPIC
from contracts.reject_list import RejectList
from contracts.settings import Settings, kafka_config

STRETCH: Final = 2_000
"""Records of a partition that are read at once."""

NOTHING_THERE: Final = {KafkaError._PARTITION_EOF, KafkaError._AUTO_OFFSET_RESET}
PATIENCE_SECONDS: Final = 10.0

ALL: Final = 1 << 62
"""An end beyond all: the next offset that the embedded broker tells is that of its last batch."""

Bounds = Callable[[int, int, int], tuple[int, int]]
"""Given a partition and its first and next offsets: what to read of it, from and up to."""


Offsets = Mapping[int, int]
"""By partition."""


class Stretch(NamedTuple):
    """What was read: from where and up to where, and whether there is more before."""

    rejects: RejectList
    begins: Offsets
    ends: Offsets
    older: bool


def read_before(
    settings: Settings, erased: Erased, ends: Offsets | None, begins: Offsets | None
) -> Stretch:
    """Return the records before `ends`, the newest where nothing is said.

    So many as a stretch has, or those from `begins` on. Raises `LogUnavailableError`. Blocks.
    """

    def bounds(partition: int, low: int, high: int) -> tuple[int, int]:
        if ends is None:
            return max(low, high - STRETCH), ALL
        end = ends.get(partition, low)
        return max(low, end - STRETCH if begins is None else begins.get(partition, end)), end

    return _read(settings, erased, bounds)


def read_from(settings: Settings, erased: Erased, partition: int, offset: int) -> RejectList:
    """Return a record and those behind it, which may be copies of it; raise as `read_before`."""

    def bounds(number: int, low: int, high: int) -> tuple[int, int]:
        if number != partition or offset < low or low == high:
            return high, high
        return min(offset, high - 1), offset + STRETCH

    return _read(settings, erased, bounds).rejects


def _read(settings: Settings, erased: Erased, bounds: Bounds) -> Stretch:
    config = {
        "log_level": 2,
        "fetch.wait.max.ms": 20,
        **kafka_config(settings),
        "group.id": "headrace-look",
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "error",
        "error_cb": lambda _: None,
    }
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        with closing(Consumer(config)) as consumer:
            reading = _Reading(erased)
            older = reading.begin(consumer, bounds)
            while reading.ends:
                if time.monotonic() > deadline:
                    raise LogUnavailableError("the broker gives the refused events too slowly", 5)
                for message in consumer.consume(500, 0.2):
                    reading.take(message)
    except KafkaException as error:
        raise LogUnavailableError(f"the broker cannot be asked: {error.args[0].str()}", 5) from None
    return Stretch(reading.found, reading.begins, reading.reached, older)


class _Reading:
    """Takes messages; `ends` has the partitions of which some are still to come."""

    def __init__(self, erased: Erased) -> None:
        self.found = RejectList(erased)
        self.begins: dict[int, int] = {}
        self.ends: dict[int, int] = {}
        self.reached: dict[int, int] = {}

    def begin(self, consumer: Any, bounds: Bounds) -> bool:
        """Begin to read; return whether there is something before."""
        older = False
        for number in (
            consumer.list_topics(REJECTED_TOPIC, PATIENCE_SECONDS).topics[REJECTED_TOPIC].partitions
        ):
            place = TopicPartition(REJECTED_TOPIC, number)
            low, high = consumer.get_watermark_offsets(place, PATIENCE_SECONDS)
            self.begins[number], end = bounds(number, low, high)
            self.reached[number] = self.begins[number]
            older = older or self.begins[number] > low
            if self.begins[number] < end:
                self.ends[number] = end
        consumer.assign(
            [TopicPartition(REJECTED_TOPIC, number, self.begins[number]) for number in self.ends]
        )
        return older

    def take(self, message: Any) -> None:
        """Take a message, or the news that a partition has no more."""
        error, number = message.error(), message.partition()
        if error is not None and error.code() not in NOTHING_THERE:
            raise KafkaException(error)
        end = self.ends.get(number)
        if end is None:
            return
        if error is None and message.offset() < end:
            self.found.take(number, message.offset(), message.value() or b"")
            self.reached[number] = message.offset() + 1
        if error is not None or message.offset() >= end - 1:
            del self.ends[number]
