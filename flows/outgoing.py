"""What the Kafka sinks send: messages of the graph as records of a topic."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from contracts.codec import encode_json
from contracts.keys import FACTS_TOPIC, REJECTED_TOPIC, message_key
from contracts.rejects import Rejected
from flows.kafka_sink import Outgoing
from operators.messages import Facts, Refused

LONGEST_RAW: Final = 700_000
"""Characters of base64. Kafka takes messages of about a million bytes, and a refused event is a
third longer in its record than it was: whole, it could stop the flow for good."""


def refused_records(message: Refused) -> Iterator[Outgoing]:
    """Yield the records of `events.rejected`, keyed by where the events lay."""
    for record in message.records:
        value = encode_json(record if len(record.raw) <= LONGEST_RAW else _cut(record))
        yield Outgoing(REJECTED_TOPIC, record.origin.encode(), value, record.received)


def _cut(record: Rejected) -> Rejected:
    bytes_, kept = len(record.raw) * 3 // 4, LONGEST_RAW * 3 // 4
    detail = f"{record.detail} (the first {kept:,} bytes of about {bytes_:,} are kept here)"
    return replace(record, raw=record.raw[:LONGEST_RAW], detail=detail)


def fact_records(message: Facts) -> Iterator[Outgoing]:
    """Yield the records of `facts`, keyed by site and user so that a user's stay in order."""
    for fact in message.items:
        key = message_key(fact.site, fact.user, None)
        yield Outgoing(FACTS_TOPIC, key, encode_json(fact), fact.time)
