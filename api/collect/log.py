"""Appending to the broker's log: done when it is acknowledged, or not done."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException

from api.collect.connection import Call, Connection, Record
from api.problems import ProblemError
from contracts.keys import partition_of
from contracts.settings import Settings, kafka_config

__all__ = ["Log", "LogUnavailableError", "Record"]

LINGER_MS: Final = 5
LOOK_SECONDS: Final = 2.0
LOOK_EVERY_SECONDS: Final = 0.5
GRACE_SECONDS: Final = 5.0
BREATH: Final = 250
"""Records that are sent before other requests get their turn: 13 us each."""

SPENT: Final = frozenset(
    {
        KafkaError._MSG_TIMED_OUT,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.PRODUCER_FENCED,
    }
)
"""After these the producer is replaced. Broker and producer no longer agree on the sequence of
messages; one that let a message time out may be in that state without saying so, and the embedded
broker, which forgets its producers with its log, never takes from it again (measured). A message
times out after the delivery timeout, so at most one producer is replaced in that time."""

LOST: Final = frozenset(
    {
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
    }
)
"""After these the topics are looked up again."""

logger = logging.getLogger("headrace.kafka")


class LogUnavailableError(Exception):
    """The acknowledgement cannot be had now. `retry_after` is in seconds."""

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after = retry_after

    def problem(self, again: str) -> ProblemError:
        """Return the answer, which says how to try `again`."""
        retry = {"Retry-After": str(self.retry_after)}
        return ProblemError(503, "log-unavailable", f"{again}: {self.detail}", retry)


class Log:
    """The broker's log, for one event loop. Start it before use and close it afterwards.

    `append` returns once every record is acknowledged by all in-sync replicas. What it refuses
    may still arrive (an acknowledgement can be lost), so a retry uses the same ids. It recovers by
    itself when the broker is back, also when the broker forgot its producers.
    """

    def __init__(
        self, config: Mapping[str, Any], timeout_ms: int, max_in_flight: int, topics: Sequence[str]
    ) -> None:
        self._timeout = timeout_ms / 1000
        self._max_in_flight = max_in_flight
        self._topics = topics
        self._partitions: dict[str, int] = {}
        self._look = asyncio.Event()
        self._found = asyncio.Event()
        self._connect: Callable[[], Connection]
        self._connection: Connection
        self._looking: asyncio.Task[None]
        self._closing: set[asyncio.Task[None]] = set()
        self.in_flight = 0
        # Ours stand last: without them an acknowledgement would not promise what we say it does.
        self._config = {
            "linger.ms": LINGER_MS,
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "log_level": 2,  # what matters is in the errors
            "queue.buffering.max.messages": 10_000_000,
            "queue.buffering.max.kbytes": 512 * 1024,
            **config,
            "message.timeout.ms": timeout_ms,
            "allow.auto.create.topics": False,
            "acks": "all",
            "enable.idempotence": True,
        }

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, topics: Sequence[str]) -> AsyncIterator[Self]:
        """Use the log of the settings' broker, which need not be there yet."""
        log = cls(
            kafka_config(settings),
            settings.kafka.delivery_timeout_ms,
            settings.api.max_in_flight,
            topics,
        )
        await log.start()
        try:
            yield log
        finally:
            await log.close()

    async def start(self) -> None:
        """Connect. Waits a little for the broker, and goes on without it."""
        loop = asyncio.get_running_loop()
        self._connect = lambda: Connection(self._config, loop, self._finish)
        self._connection = self._connect()
        self._looking = asyncio.create_task(self._keep_looking())
        self._look.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._found.wait(), min(self._timeout, GRACE_SECONDS))

    async def close(self) -> None:
        """Wait for the acknowledgements that are missing, at most the delivery timeout."""
        self._looking.cancel()
        self._retire(self._connection)
        await asyncio.gather(self._looking, *self._closing, return_exceptions=True)

    async def append(self, records: Sequence[Record], timestamp: int) -> None:
        """Append all records, stamped with `timestamp` (epoch ms), or raise."""
        if not records:
            return
        if self.in_flight >= self._max_in_flight:
            raise LogUnavailableError(
                f"{self.in_flight:,} events wait for the broker's acknowledgement", 1
            )
        call = Call(asyncio.get_running_loop().create_future())
        connection = self._working()
        await self._send(connection, records, timestamp, call)
        try:
            # librdkafka gives every message its report in time; this is for the day it does not.
            async with asyncio.timeout(self._timeout + GRACE_SECONDS):
                error = await call.future
        except TimeoutError:
            raise LogUnavailableError("the broker has not acknowledged in time", 2) from None
        if error is not None:
            raise self._unavailable(connection, error)

    def partitions(self, topic: str) -> int:
        """Return how many partitions a topic has; raise `LogUnavailableError` if unknown."""
        return self._count(topic)

    async def _send(
        self, connection: Connection, records: Sequence[Record], timestamp: int, call: Call
    ) -> None:
        sent = 0
        try:
            for record in records:
                partition = partition_of(record.key, self._count(record.topic))
                connection.send(record, partition, timestamp, call)
                sent += 1
                self.in_flight += 1
                if sent % BREATH == 0:
                    await asyncio.sleep(0)
        except BufferError:
            raise LogUnavailableError("the queue to the broker is full", 1) from None
        except KafkaException as error:
            raise self._unavailable(connection, error.args[0]) from None
        finally:
            # Also after a failure: what was sent takes room until its report is here.
            call.expected = sent
            if call.done == sent:
                self._finish(call)

    def _count(self, topic: str) -> int:
        count = self._partitions.get(topic)
        if count is None:
            self._look_again()
            raise LogUnavailableError(
                f"the broker does not answer, or has no topic {topic} (`headrace up` creates it)", 1
            )
        return count

    def _working(self) -> Connection:
        if self._connection.broken:
            logger.warning("kafka: the producer is replaced by a new one")
            self._retire(self._connection)
            self._connection = self._connect()
        return self._connection

    def _retire(self, connection: Connection) -> None:
        """Close a connection when the messages that it has are acknowledged, or given up."""
        task = asyncio.create_task(asyncio.to_thread(connection.close, self._timeout))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _finish(self, call: Call) -> None:
        if call.finished:
            return
        call.finished = True
        self.in_flight -= call.expected
        if not call.future.done():
            call.future.set_result(call.error)

    def _unavailable(self, connection: Connection, error: KafkaError) -> LogUnavailableError:
        if error.fatal() or error.code() in SPENT:
            connection.broken = True
        if error.code() in LOST:
            self._look_again()
        return LogUnavailableError(f"the broker has not acknowledged: {error.str()}", 2)

    def _look_again(self) -> None:
        self._found.clear()
        self._look.set()

    async def _keep_looking(self) -> None:
        """Learn the partitions of the topics, at the start and when they turn out to be others."""
        while True:
            await self._look.wait()
            try:
                connection = self._connection
                self._partitions = await asyncio.to_thread(connection.partitions, LOOK_SECONDS)
            except KafkaException as error:
                logger.info("kafka: %s", error.args[0].str())
            if all(topic in self._partitions for topic in self._topics):
                self._look.clear()
                self._found.set()
            else:
                await asyncio.sleep(LOOK_EVERY_SECONDS)
