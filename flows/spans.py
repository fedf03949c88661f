"""Spans of partitions, read once from one offset to another, for commands that look at topics."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from flows.kafka_client import Config, KafkaAway, servers
from flows.kafka_reader import BEGINNING, KafkaReader, Partition

GROUP: Final = "headrace-look"
BATCH: Final = 2_000
PATIENCE_S: Final = 30.0
PAUSE_S: Final = 0.005


class LogTruncated(RuntimeError):  # noqa: N818  # reads as what it is
    """The log no longer has what was to be read."""


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
