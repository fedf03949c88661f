"""The Kafka sink against a real broker, through the real engine."""

import pickle
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSource, cluster_main, run_main
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from cli.embedded import EmbeddedBroker
from contracts.settings import KafkaSettings
from flows.kafka_client import KafkaRefused
from flows.kafka_sink import KafkaSink, NotDelivered, Outgoing
from flows.recovery import prepare
from flows.topics import create_topics
from tests.flows.kafka import START, failing

SETTINGS = KafkaSettings(delivery_timeout_ms=20_000)
IMPATIENT = KafkaSettings(delivery_timeout_ms=1_000)


@pytest.fixture
def topic(broker: str, prefix: str) -> str:
    name = f"{prefix}out"
    create_topics(broker, 1, topics=(name,))
    return name


def one(message: Outgoing) -> Iterable[Outgoing]:
    return [message]


def sink_of(bootstrap: str, settings: KafkaSettings = SETTINGS, **options: Any) -> KafkaSink:
    return KafkaSink({"bootstrap.servers": bootstrap, **options}, settings, one)


def flow_of(
    messages: Iterable[tuple[str, Outgoing]],
    sink: KafkaSink,
    look: Callable[[Any], Any] = lambda message: message,
) -> Dataflow:
    flow = Dataflow("sink")
    stream = op.input("in", flow, TestingSource(messages, batch_size=10))
    op.output("out", op.map("look", stream, look), sink)
    return flow


def received(bootstrap: str, topic: str, count: int) -> list[Any]:
    """Read until `count` messages came, and a little longer for those that should not."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "t", "fetch.wait.max.ms": 20})
    # A producer may have had the topic created before the test did, with more partitions.
    partitions = len(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(partitions)])
    found: list[Any] = []
    for _ in range(100):
        found += consumer.consume(1_000, 0.1)
        if len(found) >= count:
            break
    found += consumer.consume(1_000, 0.2)
    consumer.close()
    return found


def numbered(topic: str, count: int) -> list[tuple[str, Outgoing]]:
    return [(f"u{n % 7}", Outgoing(topic, b"k%d" % n, b"%d" % n, START + n)) for n in range(count)]


def test_a_message_keeps_its_key_time_and_headers(broker: str, topic: str) -> None:
    headers = (("id", b"1"), ("id", b""), ("kind", b"\x00\xff"))
    messages = [
        ("a", Outgoing(topic, b"key", b"value", START, headers)),
        ("a", Outgoing(topic, None, None, START + 1)),
        ("a", Outgoing(topic, b"now", b"")),
    ]
    run_main(flow_of(messages, sink_of(broker)))
    first, second, third = received(broker, topic, 3)
    assert (first.key(), first.value(), first.timestamp()[1]) == (b"key", b"value", START)
    assert first.headers() == list(headers)
    assert (second.key(), second.value(), second.headers()) == (None, None, None)
    assert third.timestamp()[1] > START


def test_one_item_may_make_many_messages_or_none(broker: str, topic: str) -> None:
    def twice(items: list[bytes]) -> Iterable[Outgoing]:
        return [Outgoing(topic, None, item) for item in items]

    sink = KafkaSink({"bootstrap.servers": broker}, SETTINGS, twice)
    flow = Dataflow("sink")
    stream = op.input("in", flow, TestingSource([("a", [b"1", b"2"]), ("a", []), ("b", [b"3"])]))
    op.output("out", stream, sink)
    run_main(flow)
    assert sorted(m.value() for m in received(broker, topic, 3)) == [b"1", b"2", b"3"]


def test_messages_of_one_owner_stay_in_order_with_several_workers(broker: str, topic: str) -> None:
    cluster_main(flow_of(numbered(topic, 700), sink_of(broker)), [], 0, worker_count_per_proc=2)
    found = [int(message.value()) for message in received(broker, topic, 700)]
    assert sorted(found) == list(range(700))
    for owner in range(7):
        of_owner = [n for n in found if n % 7 == owner]
        assert of_owner == sorted(of_owner)


def test_everything_is_there_when_an_epoch_ends(broker: str, topic: str, tmp_path: Path) -> None:
    prepare(tmp_path / "recovery", 1)
    recovery = RecoveryConfig(tmp_path / "recovery")
    messages: list[Any] = numbered(topic, 100)
    messages.insert(50, TestingSource.ABORT())
    sink = sink_of(broker, **{"linger.ms": 500})
    epoch = timedelta(0)
    run_main(flow_of(messages, sink), epoch_interval=epoch, recovery_config=recovery)
    before = len(received(broker, topic, 40))
    flow = flow_of(messages, sink_of(broker))
    run_main(flow, epoch_interval=epoch, recovery_config=recovery)
    found = {int(message.value()) for message in received(broker, topic, 100)}
    assert before >= 40
    assert found == set(range(100))


def test_a_broker_that_stays_away_ends_the_run(own_broker: EmbeddedBroker, tmp_path: Path) -> None:
    bootstrap = own_broker.bootstrap_servers
    prepare(tmp_path / "recovery", 1)
    recovery = RecoveryConfig(tmp_path / "recovery")
    messages = numbered("facts", 50)
    own_broker.child.signal(signal.SIGSTOP)
    with failing(NotDelivered, "did not take a record for facts"):
        run_main(flow_of(messages, sink_of(bootstrap, IMPATIENT)), recovery_config=recovery)
    own_broker.child.kill()
    own_broker.start()
    create_topics(bootstrap, 1)
    prepare(tmp_path / "recovery", 1)
    run_main(flow_of(messages, sink_of(bootstrap)), recovery_config=recovery)
    assert {int(m.value()) for m in received(bootstrap, "facts", 50)} == set(range(50))


def test_a_short_outage_is_waited_out(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    create_topics(bootstrap, 1, topics=("out",))
    own_broker.child.signal(signal.SIGSTOP)
    timer = threading.Timer(0.4, own_broker.child.signal, [signal.SIGCONT])
    timer.start()
    run_main(flow_of(numbered("out", 50), sink_of(bootstrap)))
    timer.join()
    assert sorted(int(m.value()) for m in received(bootstrap, "out", 50)) == list(range(50))


def test_more_than_the_producer_holds_is_waited_for(broker: str, topic: str) -> None:
    sink = sink_of(broker, **{"queue.buffering.max.messages": 10})
    run_main(flow_of(numbered(topic, 300), sink))
    assert len(received(broker, topic, 300)) == 300


def test_a_message_that_is_too_large_is_named(broker: str, topic: str) -> None:
    messages = [("a", Outgoing(topic, None, bytes(3_000_000)))]
    with failing(NotDelivered, "MSG_SIZE_TOO_LARGE"):
        run_main(flow_of(messages, sink_of(broker)))


def test_a_wrong_login_is_refused(broker: str, topic: str) -> None:
    sink = sink_of(
        broker,
        **{
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "PLAIN",
            "sasl.username": "somebody",
            "sasl.password": "secret",
        },
    )
    with failing(KafkaRefused, "SASL"):
        run_main(flow_of(numbered(topic, 1), sink))


def test_a_message_crosses_processes_as_one_string() -> None:
    message = Outgoing("facts", b"k", None, 5, (("a", b"b"),))
    assert pickle.loads(pickle.dumps(message)) == message
