"""What the log holds: each record's identity, and whether an event can be made of it."""

import time
from array import array
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.clock_records import is_clock_record
from contracts.keys import REJECTED_TOPIC
from contracts.rejects import Rejected
from contracts.settings import FlowSettings
from contracts.validation import EARLIEST_MS
from flows.arrivals import believed
from flows.kafka_client import Config, KafkaAway, servers
from flows.kafka_reader import BEGINNING, KafkaReader, Partition
from flows.replaying.topic_range import end_offsets
from operators.catalogue import Catalogue
from operators.clean import Clean, device_bucket
from operators.ledger import MASK, Tally, id_number, origin_number

GROUP: Final = "headrace-audit"
BATCH: Final = 2_000
PATIENCE_S: Final = 30.0
PAUSE_S: Final = 0.005

OnMessage = Callable[[Any], None]


class LogTruncated(RuntimeError):  # noqa: N818  # reads as what it is
    """The log no longer has what was to be compared."""


@dataclass
class PartLog:
    """The records of one partition from `start` to `cut`, and how many lie between it and `end`.

    `numbers` are the identities of those that an event can be made of, in the order of `offsets`,
    `ahead` those of the ones in flight. `refused` holds the origins of the others, and of those
    that `events.rejected` names; `untold` those that it does not.
    """

    name: str
    start: int
    cut: int
    end: int
    records: int = 0
    in_flight: int = 0
    numbers: "array[int]" = field(default_factory=lambda: array("Q"))
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    offsets: "array[int]" = field(default_factory=lambda: array("q"))
    received: "array[int]" = field(default_factory=lambda: array("q"))
    ahead: "array[int]" = field(default_factory=lambda: array("Q"))
    refused: set[str] = field(default_factory=set)
    untold: set[str] = field(default_factory=set)

    @property
    def good(self) -> Tally:
        """The tally of those that an event can be made of."""
        return tally_of(np.frombuffer(self.numbers, np.uint64))

    @property
    def refusals(self) -> Tally:
        """The tally of those that are refused."""
        return tally_of(np.array([origin_number(one) for one in self.refused], np.uint64))


def tally_of(numbers: NDArray[np.uint64]) -> Tally:
    """Return how many numbers there are, and their sum modulo 2^64."""
    return Tally(len(numbers), int(numbers.sum(dtype=np.uint64)) & MASK)


class LogSide:
    """Reads the event topics, and tells of each record what should become of it.

    `told` are the origins that the topic `events.rejected` names: those are refused, whatever this
    version of Headrace thinks of them. Cost: 10 us and 32 bytes an event.
    """

    def __init__(self, config: Config, settings: FlowSettings, told: set[str]) -> None:
        self._config = config
        self._clean = Clean(settings, Catalogue())
        self._buckets = settings.buckets
        self._told = told

    def read(self, parts: Mapping[str, PartLog]) -> None:
        """Read all parts from their start to their end; raise `LogTruncated`, `KafkaAway`."""
        last: dict[str, int] = {}

        def take(name: str, message: Any) -> None:
            part = parts[name]
            if is_clock_record(message.value() or b""):
                return  # no event: it tells the flow the time
            received = last[name] = believed(message.timestamp()[1], last.get(name, EARLIEST_MS))
            self._take(part, message.offset(), message.value() or b"", received)

        bounds = {name: (part.start, part.end) for name, part in parts.items()}
        read(self._config, bounds, take)

    def _take(self, part: PartLog, offset: int, raw: bytes, received: int) -> None:
        origin = f"{part.name}/{offset}"
        found = self._clean(raw, received, origin, 0)
        if offset >= part.cut:
            part.in_flight += 1
            if not isinstance(found, Rejected):
                part.ahead.append(id_number(found.event))
            return
        part.records += 1
        if origin in self._told or isinstance(found, Rejected):
            part.refused.add(origin)
            if origin not in self._told:
                part.untold.add(origin)
            return
        number = id_number(found.event)
        part.numbers.append(number)
        # A repeat is one only where the first is known: in the same bucket of devices.
        bucket = device_bucket(found.event, self._buckets)
        part.keys.append((number + bucket * 0x9E37_79B9_7F4A_7C15) & MASK)
        part.offsets.append(offset)
        part.received.append(received)


def rejected_origins(config: Config, on_record: OnMessage) -> None:
    """Call `on_record` with every message of the topic of refused events."""
    ends = end_offsets(config, [REJECTED_TOPIC])
    bounds = {name: (0, end) for name, end in ends.items()}
    read(config, bounds, lambda _, message: on_record(message), from_anywhere=True)


def read(
    config: Config,
    bounds: Mapping[str, tuple[int, int]],
    take: Callable[[str, Any], None],
    *,
    from_anywhere: bool = False,
) -> None:
    """Give every message of `TOPIC/PARTITION` from one offset to another, by partition in order.

    Raises `LogTruncated` where the first offset is not there any more, unless `from_anywhere`.
    """
    lanes = [
        _Lane(name, start, end, take, from_anywhere)
        for name, (start, end) in sorted(bounds.items())
        if start < end
    ]
    with closing(KafkaReader(config, GROUP, BATCH)) as reader:
        for lane in lanes:
            reader.add(lane.partition, lane.start or BEGINNING)
        deadline = time.monotonic() + PATIENCE_S
        while not all(lane.done for lane in lanes):
            if reader.poll():
                deadline = time.monotonic() + PATIENCE_S
            elif time.monotonic() > deadline:
                raise KafkaAway(f"Kafka at {servers(config)} has given nothing for 30 s")
            else:
                time.sleep(PAUSE_S)
            for lane in lanes:
                lane.fetch(reader)


@dataclass
class _Lane:
    """One partition that is being read."""

    name: str
    start: int
    end: int
    take: Callable[[str, Any], None]
    from_anywhere: bool
    begun: bool = False
    done: bool = False

    @property
    def partition(self) -> Partition:
        topic, _, number = self.name.rpartition("/")
        return topic, int(number)

    def fetch(self, reader: KafkaReader) -> None:
        messages = reader.take(self.partition)
        if self.done:
            return  # fetched before it was paused
        if self.partition in reader.outside:
            raise LogTruncated(f"{self.name} no longer has offset {self.start}")
        if messages and not self.begun:
            self._begin(messages[0].offset())
        for message in messages:
            if message.offset() < self.end:
                self.take(self.name, message)
        at_end = self.partition in reader.at_end
        if at_end or (messages and messages[-1].offset() >= self.end - 1):
            self.done = True
            reader.pause([self.partition])

    def _begin(self, first: int) -> None:
        self.begun = True
        if first > self.start and not self.from_anywhere:
            raise LogTruncated(
                f"{self.name} begins at offset {first} by now, and the comparison has to begin "
                f"at {self.start}"
            )
