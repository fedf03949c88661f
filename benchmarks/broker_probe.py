"""What the embedded broker does of what the design asks, each claim tried through confluent-kafka.

    python -m benchmarks.broker_probe                       # starts the embedded broker
    python -m benchmarks.broker_probe --bootstrap HOST:PORT # asks another one, to compare

Each line is one probe: `yes` with what was seen, or `NO` with why.
"""

from __future__ import annotations

import argparse
import time
import uuid
from collections.abc import Callable

from confluent_kafka import (
    OFFSET_END,
    ConsumerGroupTopicPartitions,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import (
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from benchmarks._broker import TIMEOUT, Broker, ProbeError, embedded, need, poll


def cluster_id(broker: Broker) -> str:
    seen = broker.admin.list_topics(timeout=TIMEOUT).cluster_id
    need(bool(seen), f"cluster id is {seen!r}")
    return f"list_topics().cluster_id = {seen!r}"


def topic_with_partitions(broker: Broker) -> str:
    name = broker.topic(8)
    seen = len(broker.admin.list_topics(name, timeout=TIMEOUT).topics[name].partitions)
    need(seen == 8, f"{seen} partitions")
    return "8 partitions"


def topic_created_twice(broker: Broker) -> str:
    name = broker.topic()
    try:
        broker.admin.create_topics([NewTopic(name, 1, 1)])[name].result(TIMEOUT)
    except KafkaException as error:
        return str(error.args[0].name())
    raise ProbeError("accepted without TOPIC_ALREADY_EXISTS")


def topic_configs(broker: Broker) -> str:
    wanted = {
        "cleanup.policy": "compact",
        "retention.ms": "3600000",
        "max.message.bytes": "2000000",
    }
    name = broker.topic(1, **{key.replace(".", "_"): value for key, value in wanted.items()})
    resource = ConfigResource(ResourceType.TOPIC, name)
    (future,) = broker.admin.describe_configs([resource]).values()
    described = future.result(TIMEOUT)
    seen = {key: described[key].value if key in described else "absent" for key in wanted}
    need(seen == wanted, f"describe_configs: {seen}")
    return str(seen)


def more_partitions(broker: Broker) -> str:
    name = broker.topic(1)
    broker.admin.create_partitions([NewPartitions(name, 3)])[name].result(TIMEOUT)
    seen = len(broker.admin.list_topics(name, timeout=TIMEOUT).topics[name].partitions)
    need(seen == 3, f"{seen} partitions after asking for 3")
    return "1 to 3"


def delete_topic(broker: Broker) -> str:
    name = broker.topic()
    broker.admin.delete_topics([name])[name].result(TIMEOUT)
    time.sleep(0.5)
    need(name not in broker.admin.list_topics(timeout=TIMEOUT).topics, "still listed")
    return "gone from the listing"


def idempotent_producing(broker: Broker) -> str:
    name = broker.topic()
    offsets = [m.offset() for m in broker.send(name, [b"%d" % n for n in range(5_000)])]
    need(offsets == list(range(5_000)), f"offsets {offsets[:3]} to {offsets[-3:]}")
    seen = [int(m.value()) for m in broker.read(name, 5_000)]
    need(seen == list(range(5_000)), f"{len(seen)} read back, in order: {seen == sorted(seen)}")
    return "acks=all, 5,000 in order, offsets in the delivery reports"


def timestamps_kept(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"], timestamp=1_600_000_000_123)
    (message,) = broker.read(name, 1)
    need(message.timestamp()[1] == 1_600_000_000_123, message.timestamp())
    return f"kept, type {message.timestamp()[0]} (1 is create time)"


def timestamps_differ_in_a_batch(broker: Broker) -> str:
    name = broker.topic()
    producer = broker.producer(config={"linger.ms": 100})
    wanted = [1_600_000_000_000 + 977 * n for n in range(50)]
    for stamp in wanted:
        producer.produce(name, b"x", timestamp=stamp)
    producer.flush(TIMEOUT)
    seen = [message.timestamp()[1] for message in broker.read(name, 50)]
    need(seen == wanted, seen[:5])
    return "50 in one batch, each its own"


def headers_kept(broker: Broker) -> str:
    name = broker.topic()
    wanted = [("type", b"trigger"), ("type", b"again"), ("empty", b""), ("raw", b"\x00\xff")]
    broker.send(name, [b"x"], headers=wanted, key=b"k")
    (message,) = broker.read(name, 1)
    need(message.headers() == wanted, message.headers())
    return "order, repeats, empty and binary values"


def keys_and_tombstones(broker: Broker) -> str:
    name = broker.topic()
    producer = broker.producer()
    producer.produce(name, None, key=b"gone")
    producer.produce(name, b"", key=None)
    producer.flush(TIMEOUT)
    seen = [(m.key(), m.value()) for m in broker.read(name, 2)]
    need(seen == [(b"gone", None), (None, b"")], seen)
    return "null value and empty value are told apart"


def watermarks(broker: Broker) -> str:
    name = broker.topic()
    consumer = broker.consumer()
    empty = consumer.get_watermark_offsets(TopicPartition(name, 0), TIMEOUT)
    broker.send(name, [b"x"] * 7)
    full = consumer.get_watermark_offsets(TopicPartition(name, 0), TIMEOUT)
    consumer.close()
    need((empty, full) == ((0, 0), (0, 7)), f"empty {empty}, after one batch of 7 {full}")
    return f"empty {empty}, after 7 messages {full}"


def watermark_of_a_fetch(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"] * 7)
    seen = []
    for offset in (0, 7, 1_000):
        consumer = broker.consumer(config={"enable.partition.eof": True})
        consumer.assign([TopicPartition(name, 0, offset)])
        consumer.poll(2)
        seen.append(consumer.get_watermark_offsets(TopicPartition(name, 0), cached=True))
        consumer.close()
    need(seen == [(0, 7)] * 3, f"cached after a poll at 0, at the end, far beyond it: {seen}")
    return "get_watermark_offsets(cached=True) is (0, 7) after a poll at 0, at 7 and at 1,000"


def start_at_the_end(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"old"] * 7)
    consumer = broker.consumer()
    consumer.assign([TopicPartition(name, 0, OFFSET_END)])
    consumer.poll(1)
    broker.send(name, [b"new"])
    seen = [(message.offset(), message.value()) for message in poll(consumer, 1, close=True)]
    need(seen == [(7, b"new")], f"first message is {seen}, not (7, new)")
    return "OFFSET_END begins at the first new message"


def list_offsets(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"] * 7)
    part = TopicPartition(name, 0)
    seen = []
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
        (future,) = broker.admin.list_offsets({part: spec}).values()
        seen.append(future.result(TIMEOUT).offset)
    need(seen == [0, 7], f"earliest, latest = {seen} after one batch of 7")
    return f"earliest, latest = {seen}"


def offsets_for_times(broker: Broker) -> str:
    name = broker.topic()
    for number in range(10):
        broker.send(name, [b"x"], timestamp=1_600_000_000_000 + 1_000 * number)
    consumer = broker.consumer()
    stamps = [1_600_000_003_000, 1_600_000_003_001, 1_500_000_000_000, 1_700_000_000_000]
    seen = [
        consumer.offsets_for_times([TopicPartition(name, 0, stamp)], TIMEOUT)[0].offset
        for stamp in stamps
    ]
    consumer.close()
    need(seen[:3] == [3, 4, 0] and seen[3] in {-1, 10}, f"at, between, before, after: {seen}")
    return f"at, between, before, after: {seen}"


def offsets_for_times_in_a_batch(broker: Broker) -> str:
    name = broker.topic()
    producer = broker.producer(config={"linger.ms": 100})
    for number in range(10):
        producer.produce(name, b"x", timestamp=1_600_000_000_000 + 1_000 * number)
    producer.flush(TIMEOUT)
    consumer = broker.consumer()
    asked = TopicPartition(name, 0, 1_600_000_003_000)
    seen = consumer.offsets_for_times([asked], TIMEOUT)[0].offset
    consumer.close()
    need(seen == 3, f"offset {seen}, not 3, for the fourth of ten in one batch")
    return "exact inside a batch"


def group_commit(broker: Broker) -> str:
    name = broker.topic(2)
    group = uuid.uuid4().hex
    consumer = broker.consumer(group)
    wanted = [TopicPartition(name, 0, 42), TopicPartition(name, 1, 7)]
    consumer.commit(offsets=wanted, asynchronous=False)
    consumer.close()
    again = broker.consumer(group)
    seen = [part.offset for part in again.committed(wanted, TIMEOUT)]
    again.close()
    need(seen == [42, 7], seen)
    return "committed without joining (assign), read back by another consumer"


def group_listing(broker: Broker) -> str:
    name = broker.topic()
    group = uuid.uuid4().hex
    consumer = broker.consumer(group)
    consumer.commit(offsets=[TopicPartition(name, 0, 5)], asynchronous=False)
    consumer.close()
    listed = broker.admin.list_consumer_groups(request_timeout=TIMEOUT).result(TIMEOUT)
    need(any(one.group_id == group for one in listed.valid), "the group is not listed")
    asked = ConsumerGroupTopicPartitions(group)
    (future,) = broker.admin.list_consumer_group_offsets([asked]).values()
    seen = [(p.topic == name, p.offset) for p in future.result(TIMEOUT).topic_partitions]
    need(seen == [(True, 5)], f"list_consumer_group_offsets: {seen}")
    return "what lag tools use: list_consumer_groups, list_consumer_group_offsets"


def two_consumers_share_a_group(broker: Broker) -> str:
    name = broker.topic(4)
    group = uuid.uuid4().hex
    consumers = [broker.consumer(group, config={"session.timeout.ms": 6_000}) for _ in range(2)]
    for consumer in consumers:
        consumer.subscribe([name])
    deadline = time.monotonic() + 2 * TIMEOUT
    counts: list[int] = []
    while time.monotonic() < deadline and counts != [2, 2]:
        for consumer in consumers:
            consumer.poll(0.1)
        counts = [len(consumer.assignment()) for consumer in consumers]
    for consumer in consumers:
        consumer.close()
    need(counts == [2, 2], f"partitions each: {counts}")
    return "4 partitions over 2 members of a group: 2 and 2"


def two_independent_consumers(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"] * 100)
    first, second = broker.read(name, 100), broker.read(name, 60, offset=40)
    need((len(first), len(second)) == (100, 60), (len(first), len(second)))
    return "each with an offset of its own"


def resume_outside_the_log(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"] * 3)
    consumer = broker.consumer(config={"auto.offset.reset": "error"})
    consumer.assign([TopicPartition(name, 0, 1_000)])
    message = consumer.poll(5)
    consumer.close()
    need(message is not None and message.error() is not None, "silent: no error and no message")
    return str(message.error().name())


def message_of_1_mb(broker: Broker) -> str:
    name = broker.topic()
    value = bytes(range(256)) * 4_096
    producer = broker.producer(config={"message.max.bytes": 4_000_000})
    failed: list[object] = []
    producer.produce(name, value, on_delivery=lambda e, _: failed.append(e) if e else None)
    need(producer.flush(TIMEOUT) == 0 and not failed, failed)
    (message,) = broker.read(name, 1)
    need(message.value() == value, f"{len(message.value())} bytes")
    return "1 MiB"


def compressed(broker: Broker) -> str:
    seen = []
    for codec in ("gzip", "lz4", "snappy", "zstd"):
        name = broker.topic()
        producer = broker.producer(config={"compression.type": codec})
        for _ in range(100):
            producer.produce(name, b"abc" * 100)
        left = producer.flush(TIMEOUT)
        good = not left and [m.value() for m in broker.read(name, 100)] == [b"abc" * 100] * 100
        seen.append(f"{codec} {'yes' if good else 'NO'}")
    need(not any(one.endswith("NO") for one in seen), ", ".join(seen))
    return ", ".join(seen)


def delete_records(broker: Broker) -> str:
    name = broker.topic()
    broker.send(name, [b"x"] * 10)
    (future,) = broker.admin.delete_records([TopicPartition(name, 0, 4)]).values()
    low = future.result(TIMEOUT).low_watermark
    consumer = broker.consumer()
    marks = consumer.get_watermark_offsets(TopicPartition(name, 0), TIMEOUT)
    consumer.close()
    need((low, marks) == (4, (4, 10)), f"low watermark {low}, watermarks {marks}")
    return f"watermarks {marks}"


PROBES: list[Callable[[Broker], str]] = [
    cluster_id,
    topic_with_partitions,
    topic_created_twice,
    topic_configs,
    more_partitions,
    delete_topic,
    idempotent_producing,
    timestamps_kept,
    timestamps_differ_in_a_batch,
    headers_kept,
    keys_and_tombstones,
    watermarks,
    watermark_of_a_fetch,
    start_at_the_end,
    list_offsets,
    offsets_for_times,
    offsets_for_times_in_a_batch,
    group_commit,
    group_listing,
    two_consumers_share_a_group,
    two_independent_consumers,
    resume_outside_the_log,
    message_of_1_mb,
    compressed,
    delete_records,
]


def report(bootstrap: str) -> int:
    """Print a line for each probe; return how many failed."""
    failures = 0
    for probe in PROBES:
        try:
            answer = "yes  " + probe(Broker(bootstrap))
        except Exception as error:  # a probe may fail in any way; that is the finding
            failures += 1
            answer = f"NO   {type(error).__name__}: {error}"
        print(f"{probe.__name__.replace('_', ' '):32} {answer}", flush=True)
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", help="ask this broker instead of the embedded one")
    bootstrap = parser.parse_args().bootstrap
    if bootstrap:
        report(bootstrap)
    else:
        with embedded() as address:
            report(address)


if __name__ == "__main__":
    main()
