"""Publishing a catalogue: item records to the topic `catalog`."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from contracts.codec import encode_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC
from contracts.wording import counted
from flows.kafka_client import cause, quiet

FLUSH_SECONDS: Final = 20.0


class PublishError(RuntimeError):
    """The catalogue could not be published: why."""


def publish(items: Iterable[Item], config: Mapping[str, Any]) -> int:
    """Write item records to the topic `catalog`; return how many, once the broker has them all.

    The key is `SITE/ITEM`. Raises `PublishError`.
    """
    errors: list[KafkaError] = []
    producer = Producer(
        # librdkafka's `consistent` is the CRC-32 that contracts.keys.partition_of is.
        quiet({**config, "partitioner": "consistent", "acks": "all"}, errors.append)
    )

    def delivered(error: KafkaError | None, _: object) -> None:
        if error is not None:
            errors.append(error)

    number = 0
    for item in items:
        _produce(producer, item, delivered)
        number += 1
    left = producer.flush(FLUSH_SECONDS)
    if left:
        producer.purge()
        reason = errors[-1].str() if errors else "the broker does not answer"
        raise PublishError(f"{left} of {counted(number, 'item record')} not published: {reason}")
    return number


def _produce(producer: Any, item: Item, delivered: Any) -> None:
    key = f"{item.site}/{item.id}".encode()
    while True:
        try:
            producer.produce(CATALOG_TOPIC, encode_json(item), key, on_delivery=delivered)
            producer.poll(0)
            return
        except BufferError:
            producer.poll(0.1)  # the queue is full until some are delivered
        except KafkaException as error:
            raise PublishError(f"item {item.id}: {cause(error).str()}") from None
