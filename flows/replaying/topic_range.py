"""A range of Kafka topics as one stream: all partitions, merged by when their records arrived."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Final

from contracts.codec import DecodeError, decode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC
from contracts.validation import EARLIEST_MS
from flows.arrivals import believed
from flows.drain import Drain
from flows.kafka_client import Config, KafkaAway, servers
from flows.kafka_log import LogWatch
from flows.kafka_reader import BEGINNING, KafkaReader, Partition
from flows.replaying.arrival_clock import Timed
from flows.replaying.heads import time_and_id
from flows.replaying.moments import moment
from flows.replaying.spec import ReplaySpec

POLL_S: Final = 0.01
PATIENCE_S: Final = 30.0
BATCH: Final = 2_000
ENOUGH: Final = 4 * BATCH
"""Records of one partition that wait for the others; then it is not read for a while."""


def end_offsets(config: Config, topics: Sequence[str]) -> dict[str, int]:
    """Return where each partition ends now, by `TOPIC/PARTITION`. Raises `KafkaAway`."""
    reader = KafkaReader(config, "headrace-replay", BATCH)
    partitions = _partitions(config, topics)
    for partition in partitions:
        reader.add(partition, BEGINNING)
    try:
        return {f"{p[0]}/{p[1]}": _end(reader, p, config) for p in partitions}
    finally:
        reader.close()


class TopicRange:
    """The records of a spec's topics from its start to its end."""

    def __init__(self, config: Config, spec: ReplaySpec) -> None:
        self._config = config
        self._ends = spec.ends or end_offsets(config, spec.topics)
        self._first, self._from_ms = _bound(spec.start)
        self._last, self._to_ms = _bound(spec.end)

    def records(self) -> Iterator[Timed]:
        """Yield the records by arrival, then topic and partition, then offset."""
        reader = KafkaReader(self._config, "headrace-replay", BATCH)
        try:
            lanes = [self._lane(reader, name, end) for name, end in sorted(self._ends.items())]
            open_ = [lane for lane in lanes if lane.more()]
            while open_:
                lane = min(open_, key=_Lane.head)
                message = lane.take()
                if self._wanted(message.received):
                    yield message
                if not lane.more():
                    open_.remove(lane)
        finally:
            reader.close()

    def _lane(self, reader: KafkaReader, name: str, end: int) -> "_Lane":
        end = end if self._last is None else min(end, self._last)
        return _Lane(reader, name, self._first or 0, end, self._config)

    def _wanted(self, received: int | None) -> bool:
        arrived = received or 0
        return (self._from_ms is None or arrived >= self._from_ms) and (
            self._to_ms is None or arrived < self._to_ms
        )


class _Lane:
    """One partition of the range."""

    def __init__(
        self, reader: KafkaReader, name: str, start: int, end: int, config: Config
    ) -> None:
        topic, _, number = name.rpartition("/")
        self._partition: Partition = (topic, int(number))
        self._name = name
        self._reader = reader
        self._config = config
        self._end = end
        self._next = start
        self._received = EARLIEST_MS
        self._waiting: deque[Timed] = deque()
        self._paused = False
        if start < end:
            reader.add(self._partition, start or BEGINNING)

    def more(self) -> bool:
        """Return whether there is a record to take; wait for it if it is not fetched yet."""
        began = time.monotonic()
        while not self._waiting and self._next < self._end:
            if self._paused:
                self._reader.resume([self._partition])
                self._paused = False
            if not self._reader.poll():
                time.sleep(POLL_S)
            self.fetch()
            if self._partition in self._reader.outside:
                raise KafkaAway(
                    f"{self._name}: offset {self._next} is no longer there; choose a later --from"
                )
            if time.monotonic() - began > PATIENCE_S:
                raise KafkaAway(f"Kafka at {servers(self._config)} does not give {self._name}")
        return bool(self._waiting)

    def fetch(self) -> None:
        """Take over what was fetched of this partition."""
        for message in self._reader.take(self._partition):
            self._next = message.offset() + 1
            if message.offset() < self._end:
                self._waiting.append(self._timed(message))
        if self._partition in self._reader.at_end:
            # A log that ends in transaction marks has no message at its last offset.
            self._next = max(self._next, self._end)
        if len(self._waiting) > ENOUGH and not self._paused:
            self._reader.pause([self._partition])
            self._paused = True

    def head(self) -> tuple[int, Partition, int]:
        """Return the place of the next record in the order of all."""
        first = self._waiting[0]
        return first.received or 0, self._partition, first.number

    def take(self) -> Timed:
        """Return the next record."""
        self.fetch()
        return self._waiting.popleft()

    def _timed(self, message: Any) -> Timed:
        value = message.value() or b""
        self._received = believed(message.timestamp()[1], self._received)
        claimed, id_ = time_and_id(value)
        return Timed(value, f"{self._name}/", message.offset(), claimed, id_, self._received)


def catalog_items(config: Config) -> list[Item]:
    """Return the records of the topic `catalog`; those that cannot be read are left out."""
    found: list[Item] = []
    spec = ReplaySpec(CATALOG_TOPIC, ends=end_offsets(config, [CATALOG_TOPIC]))
    for record in TopicRange(config, spec).records():
        try:
            found.append(decode_json(record.value, Item))
        except DecodeError:
            continue
    return found


def _partitions(config: Config, topics: Sequence[str]) -> list[Partition]:
    log = LogWatch(config, topics).wait(Drain())
    return [(name, n) for name, topic in log.topics.items() for n in range(topic.partitions)]


def _end(reader: KafkaReader, partition: Partition, config: Config) -> int:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        reader.poll()
        end = reader.end(partition)
        reader.take(partition)
        if end is not None and (end > 0 or partition in reader.at_end):
            return end
        if partition in reader.at_end:
            return 0
        time.sleep(POLL_S)
    raise KafkaAway(f"Kafka at {servers(config)} does not say where {partition[0]} ends")


def _bound(text: str | None) -> tuple[int | None, int | None]:
    """Return an offset or a time (ms), whichever the text is."""
    if text is None:
        return None, None
    return (int(text), None) if text.isdecimal() else (None, moment(text))
