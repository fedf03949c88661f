"""What the partitions of one source share on one worker: a consumer, its log, its next poll."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from contracts.settings import KafkaSettings
from flows.kafka_client import Config, servers
from flows.kafka_log import LogWatch
from flows.kafka_reader import KafkaReader, Partition

PACE: Final = timedelta(milliseconds=5)
"""Between two polls while there is no backlog: events that come meanwhile share the cost of one
activation of the whole graph, which at 500 events/s is most of an event's cost."""
BACKLOG: Final = 200
HELD: Final = timedelta(milliseconds=10)
AT_ONCE: Final = timedelta(0)

logger = logging.getLogger(__name__)


class HubPart(Protocol):
    """A partition that is read through a hub."""

    @property
    def partition(self) -> Partition:
        """Which one it is."""

    @property
    def offset(self) -> int:
        """The offset to read next."""

    def start_over(self) -> None:
        """Stand at the beginning of the log that is there now."""


class Hub:
    """Polls for all partitions at once; used by one thread.

    Nothing that came after a broken connection may be used before the log is known again, see
    `flows.kafka_log`. `on_reading` is called once, when all partitions have been heard of.
    """

    def __init__(
        self,
        config: Config,
        settings: KafkaSettings,
        watch: LogWatch,
        on_reading: Callable[[], None] | None = None,
        pace: timedelta = PACE,
    ) -> None:
        self.watch = watch
        self._pace = pace
        self._on_reading = on_reading
        self.servers = servers(config)
        self.wake: datetime | None = None
        self.now = 0.0
        self._next_poll = 0.0
        self._parts: dict[Partition, HubPart] = {}
        self._open: Callable[[], KafkaReader] = lambda: KafkaReader(
            config, settings.group, settings.poll_batch
        )
        self.reader = self._open()

    def add(self, part: HubPart) -> None:
        """Read a partition from its offset on."""
        self._parts[part.partition] = part
        self.reader.add(part.partition, part.offset)

    def remove(self, part: HubPart) -> None:
        """Forget a partition; with the last one the consumer is closed."""
        del self._parts[part.partition]
        if not self._parts:
            self.reader.close()

    def poll(self) -> bool:
        """Fetch, if it is time to; return whether what was fetched may be used.

        `wake` is then when to poll again, `None` for at once.
        """
        self.now = time.monotonic()
        if self.now < self._next_poll:
            return self.watch.settled()
        self.reader.poll()
        if self._on_reading is not None and self._parts.keys() <= self.reader.heard:
            self._on_reading()
            self._on_reading = None
        if self.reader.disturbed:
            self.reader.disturbed = False
            self.watch.disturb()
        settled = self.watch.settled()
        pause = HELD if not settled else AT_ONCE if self.reader.waiting >= BACKLOG else self._pace
        self._next_poll = self.now + pause.total_seconds()
        self.wake = datetime.now(UTC) + pause if pause else None
        return settled

    def start_over(self) -> None:
        """Read the log that is there now from its beginning, in all partitions."""
        self.reader.close()
        self.reader = self._open()
        for part in self._parts.values():
            part.start_over()
            self.reader.add(part.partition, part.offset)
