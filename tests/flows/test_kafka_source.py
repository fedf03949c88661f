"""The Kafka source against a real broker, through the real engine."""

import logging
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import RecoveryConfig
from confluent_kafka import Consumer, TopicPartition

from cli.embedded import EmbeddedBroker
from contracts.settings import KafkaSettings
from flows.drain import Drain
from flows.kafka_client import KafkaAway, KafkaRefused, LogMismatch, UnknownTopic
from flows.kafka_part import Reading
from flows.kafka_source import KafkaSource
from flows.progress import Progress
from flows.records import RawBatch
from flows.recovery import prepare
from flows.topics import create_topics
from tests.flows.kafka import START, at_least, failing, numbered, run, send, values


@pytest.fixture
def topic(broker: str, prefix: str) -> str:
    name = f"{prefix}events"
    create_topics(broker, 2, topics=(name,))
    return name


@pytest.fixture
def recovery(tmp_path: Path) -> RecoveryConfig:
    prepare(tmp_path / "recovery", 2)
    return RecoveryConfig(tmp_path / "recovery")


def source_of(
    bootstrap: str, topic: str, reading: Reading, settings: KafkaSettings | None = None
) -> KafkaSource:
    config = {"bootstrap.servers": bootstrap}
    return KafkaSource([topic], config, settings or KafkaSettings(), reading)


def test_every_message_comes_once_in_order_with_its_arrival_and_origin(
    broker: str, topic: str
) -> None:
    send(broker, topic, numbered(3_000), 0)
    send(broker, topic, numbered(500, 5_000), 1)
    drain, progress = Drain(), Progress()
    batches = run(source_of(broker, topic, Reading(drain, progress)), drain, at_least(3_500))
    assert values(batches, f"{topic}/0") == numbered(3_000)
    assert values(batches, f"{topic}/1") == numbered(500, 5_000)
    assert {(b.round, b.watermark, b.last) for b in batches} == {(None, None, False)}
    record = batches[0].records[2]
    place = batches[0].part
    assert (record.received, record.origin, record.seq) == (START + 2, f"{place}/2", 0)
    assert progress.lag == 0
    assert progress.parts()[f"{topic}/0"] == (3_000, 3_000, START + 2_999)


def test_a_poll_is_one_batch_of_bounded_size(broker: str, topic: str) -> None:
    send(broker, topic, numbered(1_000))
    drain = Drain()
    settings = KafkaSettings(poll_batch=100)
    batches = run(source_of(broker, topic, Reading(drain), settings), drain, at_least(1_000))
    assert max(len(batch.records) for batch in batches) <= 100


def test_only_what_has_gone_through_the_graph_is_vouched_for(broker: str, topic: str) -> None:
    send(broker, topic, numbered(1_000))
    drain, progress, part = Drain(), Progress(), f"{topic}/0"
    looked = START + 1_000_000
    vouched = []

    def enough(batches: list[RawBatch]) -> bool:
        """Look while a batch is in the graph."""
        vouched.append(progress.vouched(part))
        if len(values(batches)) == 1_000:
            send(broker, topic, numbered(1, 1_000))
        return len(values(batches)) == 1_001

    reading = Reading(drain, progress, now=lambda: looked / 1000)
    settings = KafkaSettings(poll_batch=100)
    batches = run(source_of(broker, topic, reading, settings), drain, enough)
    ends = [batch.records[-1].received for batch in batches]
    assert ends[-2] == START + 999
    assert vouched == [0, *ends[:-2], looked]


def test_whoever_traces_is_told_of_each_message_once(broker: str, topic: str) -> None:
    send(broker, topic, numbered(200))
    drain, told = Drain(), list[Any]()
    run(source_of(broker, topic, Reading(drain, traced=told.extend)), drain, at_least(200))
    assert sorted(message.offset() for message in told) == list(range(200))


def test_a_drained_source_resumes_exactly_and_tells_its_group(
    broker: str, topic: str, prefix: str, recovery: RecoveryConfig
) -> None:
    send(broker, topic, numbered(1_000))
    settings = KafkaSettings(group=f"{prefix}group", poll_batch=100)
    seen: list[bytes] = []
    for target in (250, 600, 1_000):
        drain = Drain()
        source = source_of(broker, topic, Reading(drain), settings)
        wanted = target - len(seen)
        seen += values(run(source, drain, at_least(wanted), recovery))
    assert seen == numbered(1_000)
    consumer = Consumer({"bootstrap.servers": broker, "group.id": settings.group})
    (committed,) = consumer.committed([TopicPartition(topic, 0)], timeout=10)
    consumer.close()
    assert committed.offset >= 250


def test_an_idle_source_ends_when_asked(broker: str, topic: str) -> None:
    drain = Drain()
    timer = threading.Timer(0.3, drain.ask)
    timer.start()
    assert run(source_of(broker, topic, Reading(drain)), drain, at_least(1)) == []
    timer.join()


def test_nothing_is_read_while_the_gate_is_closed(broker: str, topic: str) -> None:
    send(broker, topic, numbered(10))
    drain, opened = Drain(), threading.Event()
    timer = threading.Timer(0.5, opened.set)
    timer.start()
    before = time.monotonic()
    batches = run(source_of(broker, topic, Reading(drain, gate=opened.is_set)), drain, at_least(10))
    timer.join()
    assert values(batches) == numbered(10)
    assert time.monotonic() - before >= 0.5


def test_a_message_without_a_believable_time_arrives_with_the_one_before(
    broker: str, topic: str
) -> None:
    send(broker, topic, [b"a"], at=START)
    send(broker, topic, [b"b"], at=1)
    send(broker, topic, [b"c"], at=253_402_300_000_000)
    drain = Drain()
    batches = run(source_of(broker, topic, Reading(drain)), drain, at_least(3))
    assert [r.received for b in batches for r in b.records] == [START, START, START]


def test_a_partition_begins_where_it_is_told_to(broker: str, topic: str) -> None:
    send(broker, topic, numbered(10))
    drain = Drain()
    reading = Reading(drain, start={f"{topic}/0": 7})
    assert values(run(source_of(broker, topic, reading), drain, at_least(3))) == numbered(3, 7)


def test_a_topic_that_does_not_exist_is_refused(broker: str, prefix: str) -> None:
    drain = Drain()
    with failing(KafkaRefused, f"{prefix}none does not exist"):
        run(source_of(broker, f"{prefix}none", Reading(drain)), drain, at_least(1))


def test_a_wrong_login_is_refused(broker: str, topic: str) -> None:
    drain = Drain()
    config = {
        "bootstrap.servers": broker,
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "somebody",
        "sasl.password": "secret",
    }
    with failing(KafkaRefused, r"SASL(?!.*secret)"):
        run(KafkaSource([topic], config, KafkaSettings(), Reading(drain)), drain, at_least(1))


def test_an_option_that_does_not_exist_is_refused(broker: str, topic: str) -> None:
    config = {"bootstrap.servers": broker, "no.such.option": 1}
    with pytest.raises(KafkaRefused, match=r"kafka\.options: .*no\.such\.option"):
        KafkaSource([topic], config, KafkaSettings(), Reading(Drain())).list_parts()


def test_a_broker_that_is_away_at_the_start_is_waited_for(
    own_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    own_broker.stop()
    source = source_of(own_broker.bootstrap_servers, "events.click", Reading(Drain()))

    def listed() -> list[str]:
        while True:
            # A supervisor starts anew where the broker is back before its topics are.
            with suppress(UnknownTopic):
                return source.list_parts()

    with ThreadPoolExecutor() as pool, caplog.at_level(logging.WARNING):
        parts = pool.submit(listed)
        time.sleep(0.5)
        own_broker.start()
        create_topics(own_broker.bootstrap_servers, 2, topics=("events.click",))
        assert parts.result(30) == ["events.click/0", "events.click/1"]


def test_waiting_for_a_broker_ends_when_asked() -> None:
    drain = Drain()
    timer = threading.Timer(0.3, drain.ask)
    timer.start()
    with pytest.raises(KafkaAway, match="has not answered yet"):
        source_of("127.0.0.1:9", "t", Reading(drain)).list_parts()
    timer.join()


class TestAnotherLog:
    """The embedded broker's log is gone with its process: each start is a log of its own."""

    def first_run(self, broker: EmbeddedBroker, recovery: RecoveryConfig) -> None:
        create_topics(broker.bootstrap_servers, 1, topics=("t",))
        send(broker.bootstrap_servers, "t", numbered(10))
        drain = Drain()
        source = source_of(broker.bootstrap_servers, "t", Reading(drain))
        assert len(values(run(source, drain, at_least(10), recovery))) == 10

    def restart(self, broker: EmbeddedBroker, count: int) -> None:
        broker.child.kill()
        broker.start()
        create_topics(broker.bootstrap_servers, 1, topics=("t",))
        send(broker.bootstrap_servers, "t", numbered(count, 100))

    def test_is_refused_on_resume(
        self, own_broker: EmbeddedBroker, recovery: RecoveryConfig
    ) -> None:
        self.first_run(own_broker, recovery)
        self.restart(own_broker, 50)
        drain = Drain()
        source = source_of(own_broker.bootstrap_servers, "t", Reading(drain))
        with failing(LogMismatch, r"is another log.*stands at offset 10.*kafka\.on_new_log"):
            run(source, drain, at_least(1), recovery)

    def test_is_read_from_its_beginning_where_that_is_set(
        self, own_broker: EmbeddedBroker, recovery: RecoveryConfig
    ) -> None:
        self.first_run(own_broker, recovery)
        self.restart(own_broker, 50)
        drain = Drain()
        source = source_of(own_broker.bootstrap_servers, "t", Reading(drain, restarts=True))
        assert values(run(source, drain, at_least(50), recovery)) == numbered(50, 100)
        drain = Drain()
        send(own_broker.bootstrap_servers, "t", [b"next"])
        source = source_of(own_broker.bootstrap_servers, "t", Reading(drain))
        assert values(run(source, drain, at_least(1), recovery)) == [b"next"]

    def swap_while_reading(self, broker: EmbeddedBroker, restarts: bool, count: int) -> list[bytes]:
        """Read ten messages, then let another log take their place, already longer than that."""
        create_topics(broker.bootstrap_servers, 1, topics=("t",))
        send(broker.bootstrap_servers, "t", numbered(10))
        swapped = threading.Event()
        drain = Drain()

        def swap() -> None:
            self.restart(broker, count)
            swapped.set()

        source = source_of(broker.bootstrap_servers, "t", Reading(drain, restarts=restarts))
        batches = run(
            source,
            drain,
            lambda seen: (
                swap() if len(values(seen)) == 10 and not swapped.is_set() else None,
                len(values(seen)) >= 10 + count,
            )[1],
        )
        return values(batches)

    def test_is_not_read_from_its_middle_after_an_outage(self, own_broker: EmbeddedBroker) -> None:
        with failing(LogMismatch, "is another log"):
            self.swap_while_reading(own_broker, restarts=False, count=50)

    def test_is_read_whole_after_an_outage_where_that_is_set(
        self, own_broker: EmbeddedBroker
    ) -> None:
        seen = self.swap_while_reading(own_broker, restarts=True, count=50)
        assert seen == numbered(10) + numbered(50, 100)

    def test_an_offset_beyond_the_end_is_refused(self, broker: str, topic: str) -> None:
        send(broker, topic, numbered(10))
        drain = Drain()
        reading = Reading(drain, start={f"{topic}/0": 11}, patience_s=0.2)
        with failing(LogMismatch, "ends at offset 10"):
            run(source_of(broker, topic, reading), drain, at_least(1))


def test_a_broker_that_hangs_is_waited_for(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    send(bootstrap, "events.click", numbered(10))
    drain = Drain()
    hung = threading.Event()

    def enough(seen: list[RawBatch]) -> bool:
        if len(values(seen)) == 10 and not hung.is_set():
            hung.set()
            own_broker.child.signal(signal.SIGSTOP)
            threading.Timer(0.7, own_broker.child.signal, [signal.SIGCONT]).start()
            threading.Timer(0.9, send, [bootstrap, "events.click", numbered(5, 10)]).start()
        return len(values(seen)) >= 15

    source = source_of(bootstrap, "events.click", Reading(drain))
    assert values(run(source, drain, enough)) == numbered(15)


def test_a_partition_that_is_gone_ends_and_keeps_its_state(
    broker: str, prefix: str, recovery: RecoveryConfig
) -> None:
    topics = (f"{prefix}a", f"{prefix}b")
    create_topics(broker, 1, topics=topics)
    for topic in topics:
        send(broker, topic, numbered(3))
    config, settings = {"bootstrap.servers": broker}, KafkaSettings()
    drain = Drain()
    run(KafkaSource(topics, config, settings, Reading(drain)), drain, at_least(6), recovery)
    send(broker, topics[0], [b"more"])
    drain = Drain()
    reading = Reading(drain, retired=[f"{topic}/0" for topic in topics])
    fewer = KafkaSource(topics[:1], config, settings, reading)
    assert values(run(fewer, drain, at_least(1), recovery)) == [b"more"]
    send(broker, topics[1], [b"back"])
    drain = Drain()
    source = KafkaSource(topics, config, settings, Reading(drain))
    assert values(run(source, drain, at_least(1), recovery)) == [b"back"]
