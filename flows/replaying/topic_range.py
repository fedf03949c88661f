"""A range of Kafka topics as one stream: all partitions, merged by when their records arrived."""

import heapq
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, Final

from contracts.codec import DecodeError, decode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC, CONTROL_TOPIC
from contracts.validation import EARLIEST_MS
from flows.arrivals import believed
from flows.drain import Drain
from flows.kafka_client import Config, KafkaAway, LogMismatch, servers
from flows.kafka_log import Log, LogWatch
from flows.kafka_reader import BEGINNING, KafkaReader, Partition
from flows.records import Raw
from flows.replaying.moments import moment
from flows.replaying.spec import ReplaySpec

GROUP: Final = "headrace-replay"
POLL_S: Final = 0.005
PATIENCE_S: Final = 30.0
BATCH: Final = 2_000
ENOUGH: Final = 4 * BATCH
"""Records of one partition that wait for the others; then it is not read for a while."""
EMBEDDED: Final = "embedded-"
"""Starts the id of an embedded broker, which answers wrongly where in its log a time lies."""


def end_offsets(
    config: Config, topics: Sequence[str], drain: Drain | None = None
) -> dict[str, int]:
    """Return where each partition ends now, by `TOPIC/PARTITION`.

    Found by reading each of them once: the embedded broker answers the question itself wrongly.
    Raises `KafkaAway`, `KafkaRefused`.
    """
    drain = drain if drain is not None else Drain()
    log = LogWatch(config, topics).wait(drain)
    partitions = [(name, n) for name, topic in log.topics.items() for n in range(topic.partitions)]
    ends: dict[Partition, int] = {}
    with closing(KafkaReader(config, GROUP, BATCH)) as reader:
        for partition in partitions:
            reader.add(partition, BEGINNING)
        deadline = time.monotonic() + PATIENCE_S
        while len(ends) < len(partitions):
            if not reader.poll():
                _wait(config, drain, deadline)
            for partition in partitions:
                reader.take(partition)
            found = [p for p in partitions if p not in ends and _is_known(reader, p)]
            ends |= {partition: reader.end(partition) or 0 for partition in found}
            reader.pause(found)
    return {f"{topic}/{number}": end for (topic, number), end in sorted(ends.items())}


class TopicRange:
    """The records of a spec's topics from its start to its end."""

    def __init__(self, config: Config, spec: ReplaySpec, drain: Drain | None = None) -> None:
        self._config = config
        self._drain = drain if drain is not None else Drain()
        self._topics = spec.topics
        self._ends: Mapping[str, int] = spec.ends
        self._first, self._from_ms = _bound(spec.start)
        self._last, self._to_ms = _bound(spec.end)

    def name(self) -> str:
        """Return what names the records: the logs, and from where to where they are read."""
        log = LogWatch(self._config, self._topics).wait(self._drain)
        logs = ", ".join(f"{topic}={log.name_of(topic)}" for topic in sorted(self._topics))
        ends = ", ".join(f"{part}:{end}" for part, end in sorted(self._ends.items()))
        bounds = f"{self._first}-{self._last}, {self._from_ms}-{self._to_ms} ms"
        return f"{logs} to {ends} within {bounds}"

    def records(self) -> Iterator[Raw]:
        """Yield the records by arrival, then topic and partition, then offset.

        Raises `KafkaAway` when the broker gives nothing for 30 s or the process is asked to
        stop, `LogMismatch` when the log is replaced meanwhile, or no longer has the records.
        """
        lanes = _Lanes(self._config, self._topics, self._drain)
        with closing(lanes):
            for name, end in sorted(self._ends.items()):
                topic, _, number = name.rpartition("/")
                partition = (topic, int(number))
                start = self._start(lanes, partition, end)
                lanes.add(partition, start, end if self._last is None else min(end, self._last))
            for record in lanes.merged():
                if self._wanted(record.received):
                    yield record

    def _start(self, lanes: "_Lanes", partition: Partition, end: int) -> int:
        """Return where to begin: by a time only where the broker can be believed."""
        if self._from_ms is None or lanes.log.cluster.startswith(EMBEDDED):
            return self._first or 0
        found = lanes.reader.offset_at(partition, self._from_ms, PATIENCE_S)
        return end if found is None else found

    def _wanted(self, received: int) -> bool:
        return (self._from_ms is None or received >= self._from_ms) and (
            self._to_ms is None or received < self._to_ms
        )


class _Lane:
    """What was fetched of one partition and not given yet."""

    def __init__(self, partition: Partition, start: int, end: int) -> None:
        self.partition = partition
        self.next = start
        self.end = end
        self.waiting: deque[Raw] = deque()
        self.paused = start >= end
        self._place = f"{partition[0]}/{partition[1]}/"
        self._received = EARLIEST_MS

    @property
    def head(self) -> tuple[int, Partition]:
        """The place of the next record in the order of all."""
        return self.waiting[0].received, self.partition

    def put(self, messages: Sequence[Any]) -> None:
        for message in messages:
            offset = message.offset()
            self.next = offset + 1
            if offset < self.end:
                self._received = believed(message.timestamp()[1], self._received)
                value = message.value() or b""
                self.waiting.append(Raw(value, self._received, self._place, offset))


class _Lanes:
    """The partitions of a range, read by one consumer so that none runs far ahead."""

    def __init__(self, config: Config, topics: Sequence[str], drain: Drain) -> None:
        self._config = config
        self._drain = drain
        self._watch = LogWatch(config, topics)
        self.log: Log = self._watch.wait(drain)
        self.reader = KafkaReader(config, GROUP, BATCH)
        self._lanes: list[_Lane] = []

    def add(self, partition: Partition, start: int, end: int) -> None:
        lane = _Lane(partition, start, end)
        self._lanes.append(lane)
        if start < end:
            self.reader.add(partition, start or BEGINNING)

    def merged(self) -> Iterator[Raw]:
        heads = [(lane.head, lane) for lane in self._lanes if self._fill(lane)]
        heapq.heapify(heads)
        while heads:
            _, lane = heads[0]
            yield lane.waiting.popleft()
            if self._fill(lane):
                heapq.heapreplace(heads, (lane.head, lane))
            else:
                heapq.heappop(heads)

    def close(self) -> None:
        self.reader.close()

    def _fill(self, lane: _Lane) -> bool:
        """Return whether a lane has a record, after waiting for one if it is not at its end."""
        deadline = time.monotonic() + PATIENCE_S
        while not lane.waiting and lane.next < lane.end:
            if lane.paused:
                lane.paused = False
                self.reader.resume([lane.partition])
            if not self._fetch():
                _wait(self._config, self._drain, deadline)
        return bool(lane.waiting)

    def _fetch(self) -> bool:
        came = self.reader.poll()
        if self.reader.disturbed:
            self.reader.disturbed = False
            self._watch.disturb()
        if not self._watch.settled():
            return False
        if not self.log.same_as(self._watch.log):
            raise LogMismatch(
                f"Kafka at {servers(self._config)} serves another log than when the replay began; "
                "start it anew"
            )
        for lane in self._lanes:
            self._take(lane)
        return came

    def _take(self, lane: _Lane) -> None:
        if lane.partition in self.reader.outside:
            raise LogMismatch(
                f"{lane.partition[0]}/{lane.partition[1]}: offset {lane.next} is no longer there; "
                "choose a later --from"
            )
        lane.put(self.reader.take(lane.partition))
        if lane.partition in self.reader.at_end:
            # A log that ends in transaction marks has no message at its last offset.
            lane.next = max(lane.next, lane.end)
        full = len(lane.waiting) > ENOUGH or lane.next >= lane.end
        if full and not lane.paused:
            lane.paused = True
            self.reader.pause([lane.partition])


def catalog_items(config: Config, drain: Drain | None = None) -> list[Item]:
    """Return the records of the topic `catalog`; those that cannot be read are left out."""
    found: list[Item] = []
    ends = end_offsets(config, [CATALOG_TOPIC], drain)
    spec = ReplaySpec(f"kafka:{CATALOG_TOPIC}", ends=ends)
    for record in TopicRange(config, spec, drain).records():
        try:
            found.append(decode_json(record.value, Item))
        except DecodeError:
            continue
    return found


def control_records(config: Config, drain: Drain | None = None) -> list[bytes]:
    """Return the records of the topic `control`: all versions of all campaigns, and erasures."""
    ends = end_offsets(config, [CONTROL_TOPIC], drain)
    spec = ReplaySpec(f"kafka:{CONTROL_TOPIC}", ends=ends)
    return [record.value for record in TopicRange(config, spec, drain).records()]


def _is_known(reader: KafkaReader, partition: Partition) -> bool:
    """Say whether a partition's end is; an end of 0 only once it was reached."""
    return partition in reader.at_end or bool(reader.end(partition))


def _wait(config: Config, drain: Drain, deadline: float) -> None:
    if drain.wait(POLL_S):
        raise KafkaAway("asked to stop")
    if time.monotonic() > deadline:
        raise KafkaAway(f"Kafka at {servers(config)} has given nothing for {PATIENCE_S:.0f} s")


def _bound(text: str | None) -> tuple[int | None, int | None]:
    """Return an offset or a time (ms), whichever the text is."""
    if text is None:
        return None, None
    return (int(text), None) if text.isdecimal() else (None, moment(text))
