"""Which log a broker serves: asked at the start, from time to time, and after every outage.

Offsets mean something only in the log that they came from. A broker that lost its log, or
another one under the same address, answers a fetch at an old offset with silence or, once its
log has grown past it, with events from the middle. So nothing that was read after a broken
connection is used before the log's identity is known again.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from flows.drain import Drain
from flows.kafka_client import (
    Config,
    KafkaAway,
    UnknownTopic,
    cause,
    client,
    is_refusal,
    quiet,
    refused,
    servers,
)

ASK_TIMEOUT_S: Final = 5.0
RETRY_S: Final = 0.25
REFRESH_S: Final = 60.0
TELL_S: Final = 1.0
START_GRACE_S: Final = 1.0
GRACE_S: Final = 30.0
"""A topic may be missing for so long after an outage, until whoever creates topics has been."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as the broker knows it. `id` is new when a topic is deleted and created again."""

    id: str
    partitions: int


@dataclass(frozen=True, slots=True)
class Log:
    """The identity of a log: the cluster's id and those of the topics."""

    cluster: str
    topics: Mapping[str, Topic]

    def same_as(self, other: "Log") -> bool:
        """Say whether offsets of the one are offsets of the other."""
        return self.cluster == other.cluster and all(
            topic.id == other.topics[name].id for name, topic in self.topics.items()
        )

    def name_of(self, topic: str) -> str:
        """Return what names the log of one topic in resume states."""
        return f"{self.cluster}/{self.topics[topic].id}"


class _Question:
    """One request for the log's identity, under way."""

    def __init__(self, admin: Any, topics: Sequence[str]) -> None:
        self._cluster: Future[Any] = admin.describe_cluster(request_timeout=ASK_TIMEOUT_S)
        self._topics: dict[str, Future[Any]] = admin.describe_topics(
            TopicCollection(list(topics)), request_timeout=ASK_TIMEOUT_S
        )

    def done(self) -> bool:
        return self._cluster.done() and all(future.done() for future in self._topics.values())

    def answer(self) -> Log:
        found = {name: future.result() for name, future in self._topics.items()}
        return Log(
            self._cluster.result().cluster_id,
            {name: Topic(str(t.topic_id), len(t.partitions)) for name, t in found.items()},
        )


class LogWatch:
    """Knows the log behind some topics, and notices when it becomes another one.

    Asking costs the caller nothing: the answer is looked for at later calls. Used by one thread.
    """

    def __init__(
        self,
        config: Config,
        topics: Sequence[str],
        *,
        refresh_s: float = REFRESH_S,
        grace_s: float = GRACE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._names = list(topics)
        self._refresh_s = refresh_s
        self._grace_s = grace_s
        self._clock = clock
        self._refusal: KafkaError | None = None
        self._admin = client(AdminClient, quiet(config, self._on_error))
        self._question: _Question | None = None
        self._due = 0.0
        self._disturbed_at: float | None = None
        self._told = False
        self._log: Log | None = None

    def wait(self, drain: Drain) -> Log:
        """Return the log's identity, however long the broker takes.

        Raises `UnknownTopic` for a topic that does not exist, `KafkaRefused` for a password that
        is wrong, and `KafkaAway` when the process is asked to stop meanwhile.
        """
        until = self._clock() + START_GRACE_S
        while True:
            question = _Question(self._admin, self._names)
            while not question.done() and not drain.wait(0.002):
                self._raise_refusal()
            if drain.asked:
                raise KafkaAway(f"Kafka at {servers(self._config)} has not answered yet")
            try:
                self._log = self._known(question)
                break
            except KafkaException as error:
                self._tell_away(cause(error).str())
            except UnknownTopic:
                if self._clock() >= until:
                    raise
            drain.wait(RETRY_S)
        self._tell_back()
        self._due = self._clock() + self._refresh_s
        return self._log

    @property
    def log(self) -> Log:
        """The log as last seen. `wait` must have returned before."""
        assert self._log is not None, "wait() comes first"
        return self._log

    def disturb(self) -> None:
        """Say that a connection broke: `settled` is false until the log is known again."""
        if self._disturbed_at is None:
            self._disturbed_at = self._clock()
            self._question = None
            self._due = 0.0

    def settled(self) -> bool:
        """Return whether what was read since the last call belongs to `log`; never blocks.

        When the log has become another one, `log` is that one from now on.
        """
        now = self._clock()
        if self._disturbed_at is None and now < self._due:
            return True
        if self._question is None:
            if now >= self._due:
                self._question = _Question(self._admin, self._names)
            return self._disturbed_at is None
        if not self._question.done():
            self._raise_refusal()
            if self._disturbed_at is not None and now - self._disturbed_at > TELL_S:
                self._tell_away("the connection broke")
            return self._disturbed_at is None
        question, self._question = self._question, None
        self._settle(question, now)
        return self._disturbed_at is None

    def _settle(self, question: _Question, now: float) -> None:
        try:
            found = self._known(question)
        except KafkaException as error:
            # Without an outage only the question failed: what is read is still the same log.
            self._due = now + (self._refresh_s if self._disturbed_at is None else RETRY_S)
            if self._disturbed_at is not None:
                self._tell_away(cause(error).str())
            return
        except UnknownTopic:
            self.disturb()
            if self._disturbed_at is not None and now - self._disturbed_at >= self._grace_s:
                raise
            self._due = now + RETRY_S
            return
        self._tell_growth(found)
        self._log = found
        self._disturbed_at = None
        self._due = now + self._refresh_s
        self._tell_back()

    def _known(self, question: _Question) -> Log:
        try:
            return question.answer()
        except KafkaException as error:
            if cause(error).code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise UnknownTopic(
                    f"Kafka at {servers(self._config)}: a topic of {', '.join(self._names)} does "
                    "not exist, or this user may not see it; create it, or correct the permissions"
                ) from None
            if is_refusal(cause(error)):
                raise refused(self._config, cause(error)) from None
            raise

    def _on_error(self, error: KafkaError) -> None:
        if is_refusal(error):
            self._refusal = error

    def _raise_refusal(self) -> None:
        self._admin.poll(0)
        if self._refusal is not None:
            raise refused(self._config, self._refusal)

    def _tell_growth(self, found: Log) -> None:
        for name, topic in found.topics.items():
            before = self.log.topics[name].partitions
            if topic.partitions > before:
                logger.warning(
                    "topic %s has %d partitions now, of which %d are read: restart to read all",
                    name,
                    topic.partitions,
                    before,
                )

    def _tell_away(self, why: str) -> None:
        if not self._told:
            self._told = True
            logger.warning("Kafka at %s is away (%s): waiting", servers(self._config), why)

    def _tell_back(self) -> None:
        if self._told:
            self._told = False
            logger.warning("Kafka at %s is back", servers(self._config))
