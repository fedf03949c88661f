"""Create the topics that Headrace reads and writes."""

from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from contracts.keys import CATALOG_TOPIC, CONTROL_TOPIC, DAY_MS, TOPICS
from flows.kafka_client import cause, is_away, is_refusal, quiet

TIMEOUT_S: Final = 10.0
RETENTION_MS: Final = 28 * DAY_MS
"""Of topics that we make: of a person who was erased nothing lies in the log for longer."""

CONFIG: Final = {
    **{topic: {"retention.ms": str(RETENTION_MS)} for topic in TOPICS},
    CONTROL_TOPIC: {"cleanup.policy": "compact"},
    CATALOG_TOPIC: {"retention.ms": "-1"},
}
"""What is in force has to stay, however old: by its key, which each version has of its own. And so
have items, of which the newest record alone would not tell what they once cost."""
_REFUSALS: Final = frozenset(
    {
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.POLICY_VIOLATION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    }
)


class TopicsError(RuntimeError):
    """The topics could not be created or looked up: which broker, which topic, why."""


class TopicsRefusedError(TopicsError):
    """The broker will refuse this again (password, permission, replication): a person must act."""


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
    seen: list[KafkaError] = []
    admin = _client({**(options or {}), "bootstrap.servers": bootstrap}, seen)
    try:
        existing = admin.list_topics(timeout=TIMEOUT_S).topics
    except KafkaException as error:
        # A refused password shows as an event; the call itself only times out.
        refusal = next((event for event in seen if is_refusal(event)), None)
        raise _error(f"Kafka at {bootstrap}", refusal or cause(error)) from None
    wanted = [
        NewTopic(name, partitions, replication, config=CONFIG.get(name, {}))
        for name in topics
        if name not in existing
    ]
    if not wanted:
        return ()
    futures = admin.create_topics(wanted, operation_timeout=TIMEOUT_S)
    return tuple(name for name, future in futures.items() if _created(bootstrap, name, future))


def _client(config: dict[str, Any], seen: list[KafkaError]) -> AdminClient:
    try:
        return AdminClient(quiet(config, seen.append))
    except KafkaException as error:
        raise TopicsRefusedError(f"kafka.options: {cause(error).str()}") from None


def _created(bootstrap: str, name: str, future: Any) -> bool:
    try:
        future.result()
    except KafkaException as error:
        # Another process may have created it since we looked.
        if cause(error).code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return False
        raise _error(f"Kafka at {bootstrap}: topic {name}", cause(error)) from None
    return True


def _error(where: str, error: KafkaError) -> TopicsError:
    if is_away(error):
        return TopicsError(f"{where} does not answer: does it run, and is the address right?")
    refused = is_refusal(error) or error.code() in _REFUSALS
    return (TopicsRefusedError if refused else TopicsError)(f"{where}: {error.str()}")
