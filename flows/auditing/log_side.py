"""What the log holds: each record's identity, and whether an event can be made of it."""

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.clock_records import is_clock_record
from contracts.keys import REJECTED_TOPIC
from contracts.rejects import Rejected
from contracts.settings import FlowSettings
from contracts.validation import EARLIEST_MS
from flows.arrivals import believed
from flows.kafka_client import Config
from flows.replaying.topic_range import end_offsets
from flows.spans import read
from operators.catalogue import Catalogue
from operators.clean import Clean, device_bucket
from operators.ledger import MASK, Tally, id_number, origin_number

OnMessage = Callable[[Any], None]


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
