"""What the Kafka sinks send: messages of the graph as records of a topic."""

from collections.abc import Iterator

from contracts.codec import encode_json
from contracts.keys import FACTS_TOPIC, REJECTED_TOPIC, message_key
from flows.kafka_sink import Outgoing
from operators.messages import Facts, Refused


def refused_records(message: Refused) -> Iterator[Outgoing]:
    """Yield the records of `events.rejected`, keyed by where the events lay."""
    for record in message.records:
        yield Outgoing(REJECTED_TOPIC, record.origin.encode(), encode_json(record), record.received)


def fact_records(message: Facts) -> Iterator[Outgoing]:
    """Yield the records of `facts`, keyed by site and user so that a user's stay in order."""
    for fact in message.items:
        key = message_key(fact.site, fact.user, None)
        yield Outgoing(FACTS_TOPIC, key, encode_json(fact), fact.time)
