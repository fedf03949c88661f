"""Create the topics that Headrace reads and writes."""

from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from contracts.keys import TOPICS

TIMEOUT_S: Final = 20.0


class TopicsError(RuntimeError):
    """The topics could not be created or looked up: which broker, which topic, why."""


def create_topics(
    bootstrap: str,
    partitions: int,
    replication: int = 1,
    options: Mapping[str, Any] | None = None,
    topics: tuple[str, ...] = TOPICS,
) -> tuple[str, ...]:
    """Create those of `topics` that do not exist; return the ones that were created.

    May be called again: an existing topic stays as it is, whatever its partitions. `options`
    are librdkafka's, for SASL and TLS. Raises `TopicsError`.
    """
    admin = AdminClient({**(options or {}), "bootstrap.servers": bootstrap})
    try:
        existing = admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        raise TopicsError(f"Kafka at {bootstrap}: {error.args[0].str()}") from None
    wanted = [
        NewTopic(name, num_partitions=partitions, replication_factor=replication)
        for name in topics
        if name not in existing
    ]
    if not wanted:
        return ()
    futures = admin.create_topics(wanted, operation_timeout=TIMEOUT_S)
    return tuple(name for name, future in futures.items() if _created(bootstrap, name, future))


def _created(bootstrap: str, name: str, future: Any) -> bool:
    try:
        future.result()
    except KafkaException as error:
        cause: KafkaError = error.args[0]
        # Another process may have created it since we looked.
        if cause.code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise TopicsError(f"Kafka at {bootstrap}: topic {name}: {cause.str()}") from None
    return True
