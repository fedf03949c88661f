"""A range of topics as one stream, against a real broker."""

import random
import signal
import threading
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer

from cli.embedded import EmbeddedBroker
from contracts.codec import encode_json
from contracts.events import Item
from flows.drain import Drain
from flows.kafka_client import KafkaAway, LogMismatch, UnknownTopic
from flows.records import Raw
from flows.replaying.spec import ReplaySpec
from flows.replaying.topic_range import ENOUGH, TopicRange, catalog_items, end_offsets
from flows.topics import create_topics
from tests.flows.kafka import START, numbered, send


@pytest.fixture
def topics(broker: str, prefix: str) -> list[str]:
    names = [f"{prefix}a", f"{prefix}b"]
    create_topics(broker, 3, topics=tuple(names))
    return names


def config(bootstrap: str) -> dict[str, str]:
    return {"bootstrap.servers": bootstrap}


def range_of(
    bootstrap: str,
    topics: list[str],
    start: str | None = None,
    end: str | None = None,
    ends: dict[str, int] | None = None,
) -> TopicRange:
    ends = ends or end_offsets(config(bootstrap), topics)
    spec = ReplaySpec(f"kafka:{','.join(topics)}", start=start, end=end, ends=ends)
    return TopicRange(config(bootstrap), spec)


def places(records: Iterator[Raw]) -> list[tuple[int, str]]:
    return [(r.received - START, r.origin) for r in records]


def test_the_ends_are_those_of_all_partitions(broker: str, topics: list[str]) -> None:
    first, second = topics
    send(broker, first, numbered(9_000), 0)
    send(broker, first, numbered(1), 2)
    send(broker, second, numbered(3), 1)
    assert end_offsets(config(broker), topics) == {
        f"{first}/0": 9_000,
        f"{first}/1": 0,
        f"{first}/2": 1,
        f"{second}/0": 0,
        f"{second}/1": 3,
        f"{second}/2": 0,
    }


def test_partitions_are_merged_by_arrival_then_name_then_offset(
    broker: str, topics: list[str]
) -> None:
    expected = []
    draw = random.Random(7)
    for topic in topics:
        for partition in range(3):
            at = [draw.randrange(200) for _ in range(40)]
            for offset, ms in enumerate(sorted(at)):
                send_one(broker, topic, partition, START + ms)
                expected.append((ms, f"{topic}/{partition}/{offset}", topic, partition, offset))
    expected.sort(key=lambda each: (each[0], *each[2:]))
    found = places(range_of(broker, topics).records())
    assert found == [(ms, origin) for ms, origin, *_ in expected]


_producers: dict[str, Producer] = {}


def send_one(bootstrap: str, topic: str, partition: int, at: int) -> None:
    producer = _producers.setdefault(bootstrap, Producer({**config(bootstrap), "linger.ms": 0}))
    producer.produce(topic, b"{}", partition=partition, timestamp=at)
    assert producer.flush(10) == 0


def test_partitions_of_very_different_length_are_read_whole(broker: str, topics: list[str]) -> None:
    first, second = topics
    # Each is later than the one before, so that the others have to wait for it, and in bulk.
    count = 2 * ENOUGH + 500
    send(broker, first, numbered(count), 0, at=START + count)
    send(broker, first, numbered(count), 1, at=START)
    send(broker, second, numbered(10), 2, at=START + 3 * count)
    records = list(range_of(broker, topics).records())
    assert [r.received for r in records] == sorted(r.received for r in records)
    assert [r.value for r in records] == numbered(count) + numbered(count) + numbered(10)


def test_times_that_fall_back_do_not_change_the_order_between_two_readings(
    broker: str, topics: list[str]
) -> None:
    draw = random.Random(3)
    for partition in range(3):
        for _ in range(30):
            send_one(broker, topics[0], partition, START + draw.randrange(1_000))
    ends = end_offsets(config(broker), topics)
    runs = [places(range_of(broker, topics, ends=ends).records()) for _ in range(2)]
    assert runs[0] == runs[1]
    for partition in range(3):
        mine = [o for _, o in runs[0] if o.startswith(f"{topics[0]}/{partition}/")]
        assert mine == [f"{topics[0]}/{partition}/{offset}" for offset in range(30)]


def test_what_comes_after_the_ends_were_fixed_is_not_read(broker: str, topics: list[str]) -> None:
    send(broker, topics[0], numbered(5))
    reading = range_of(broker, topics)
    send(broker, topics[0], numbered(5, 5))
    send(broker, topics[1], numbered(5))
    assert [r.value for r in reading.records()] == numbered(5)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("3", None, numbered(7, 3)),
        (None, "3", numbered(3)),
        ("3", "5", numbered(2, 3)),
        ("20", None, []),
        ("2023-11-14T22:13:20.004+00:00", None, numbered(6, 4)),
        (None, "2023-11-14T22:13:20.004", numbered(4)),
        ("2023-11-14T22:13:20.002Z", "2023-11-14T22:13:20.004Z", numbered(2, 2)),
        ("2030-01-01", None, []),
    ],
)
def test_a_range_is_cut_by_offset_or_time(
    broker: str, topics: list[str], start: str | None, end: str | None, expected: list[bytes]
) -> None:
    send(broker, topics[0], numbered(10), 1)
    reading = range_of(broker, topics[:1], start, end)
    assert [r.value for r in reading.records()] == expected


def test_a_message_without_a_believable_time_arrives_with_the_one_before(
    broker: str, topics: list[str]
) -> None:
    for at in (START + 5, 1, 253_402_300_000_000):
        send_one(broker, topics[0], 0, at)
    assert [ms for ms, _ in places(range_of(broker, topics).records())] == [5, 5, 5]


def test_a_range_is_named_by_its_log_and_its_ends(broker: str, topics: list[str]) -> None:
    name = range_of(broker, topics).name()
    assert range_of(broker, topics).name() == name
    send(broker, topics[0], numbered(1))
    assert range_of(broker, topics).name() != name
    assert range_of(broker, topics, start="1").name() != range_of(broker, topics).name()


def test_a_topic_that_does_not_exist_is_named(broker: str, prefix: str) -> None:
    with pytest.raises(UnknownTopic, match=f"{prefix}none"):
        end_offsets(config(broker), [f"{prefix}none"])


def test_reading_ends_when_asked(broker: str, topics: list[str]) -> None:
    spec = ReplaySpec(f"kafka:{topics[0]}", ends={f"{topics[0]}/0": 5})
    drain = Drain()
    drain.ask()
    with pytest.raises(KafkaAway):
        next(TopicRange(config(broker), spec, drain).records())


def test_waiting_for_a_broker_that_hangs_ends_when_asked(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    send(bootstrap, "events.click", numbered(5))
    spec = ReplaySpec("kafka:events.click", ends={"events.click/0": 5, "events.click/1": 5})
    drain = Drain()
    reading = TopicRange(config(bootstrap), spec, drain)
    timer = threading.Timer(0.5, drain.ask)
    own_broker.child.signal(signal.SIGSTOP)
    timer.start()
    with pytest.raises(KafkaAway):
        list(reading.records())
    timer.join()


def test_a_log_that_is_replaced_meanwhile_is_noticed(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    create_topics(bootstrap, 2, topics=("t",))
    send(bootstrap, "t", numbered(20_000), 0)
    send(bootstrap, "t", numbered(20_000), 1)
    reading = range_of(bootstrap, ["t"]).records()
    next(reading)
    own_broker.child.kill()
    own_broker.start()
    create_topics(bootstrap, 2, topics=("t",))
    send(bootstrap, "t", numbered(20_000, 50_000), 0)
    send(bootstrap, "t", numbered(20_000, 50_000), 1)
    seen: list[Raw] = []
    with pytest.raises(LogMismatch, match="another log"):
        seen.extend(reading)
    assert all(int(record.value) < 50_000 for record in seen)


def test_the_catalogue_is_read_from_its_topic(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    items = [Item(id="cup", time=5, price=2.0), Item(id="kettle", time=6)]
    send(bootstrap, "catalog", [encode_json(items[0]), b"{", encode_json(items[1])])
    assert catalog_items(config(bootstrap)) == items
