"""Which log a broker serves, before and after an outage."""

import logging
import time
from collections.abc import Callable

import pytest

from cli.embedded import EmbeddedBroker
from flows.drain import Drain
from flows.kafka_client import UnknownTopic
from flows.kafka_log import Log, LogWatch, Topic
from flows.topics import create_topics

TOPIC = "events.click"


class Clock:
    """Real time, and a jump ahead at will."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def watch_of(broker: EmbeddedBroker, clock: Callable[[], float] = time.monotonic) -> LogWatch:
    config = {"bootstrap.servers": broker.bootstrap_servers}
    watch = LogWatch(config, [TOPIC], clock=clock)
    watch.wait(Drain())
    return watch


def settle(watch: LogWatch) -> None:
    until = time.monotonic() + 20
    while not watch.settled():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_a_log_has_the_clusters_name_and_the_topics(own_broker: EmbeddedBroker) -> None:
    watch = watch_of(own_broker)
    assert watch.log.cluster == own_broker.cluster_id
    assert watch.log.topics[TOPIC].partitions == 4
    assert watch.log.name_of(TOPIC).startswith(f"{own_broker.cluster_id}/")
    assert watch.settled()


def test_after_a_broken_connection_the_same_log_is_known_again(own_broker: EmbeddedBroker) -> None:
    watch = watch_of(own_broker)
    before = watch.log
    watch.disturb()
    assert not watch.settled()
    settle(watch)
    assert watch.log.same_as(before)


def test_after_an_outage_a_new_log_is_seen_once_its_topics_are_there(
    own_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watch_of(own_broker)
    before = watch.log
    own_broker.child.kill()
    watch.disturb()
    until = time.monotonic() + 1.2
    with caplog.at_level(logging.WARNING):
        while time.monotonic() < until:
            assert not watch.settled()
        own_broker.start()
        create_topics(own_broker.bootstrap_servers, 2, topics=(TOPIC,))
        settle(watch)
    assert not watch.log.same_as(before)
    assert [r.message.split(" (")[0].split(" ", 3)[3] for r in caplog.records] == [
        "is away",
        "is back",
    ]


def test_a_topic_that_stays_away_is_refused(own_broker: EmbeddedBroker) -> None:
    clock = Clock()
    watch = watch_of(own_broker, clock)
    own_broker.child.kill()
    own_broker.start()
    watch.disturb()
    clock.ahead = 100
    with pytest.raises(UnknownTopic, match=r"events\.click does not exist"):
        settle(watch)


def test_a_look_from_time_to_time_holds_nothing_back(own_broker: EmbeddedBroker) -> None:
    clock = Clock()
    watch = watch_of(own_broker, clock)
    clock.ahead = 100
    assert watch.settled()
    own_broker.child.kill()
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        assert watch.settled()


def test_new_partitions_are_logged_and_not_read(
    own_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watch_of(own_broker)
    seen = watch.log.topics[TOPIC]
    grown = Log(watch.log.cluster, {TOPIC: Topic(seen.id, seen.partitions + 2)})
    # The embedded broker cannot add partitions, so the answer of one that can is given.
    with caplog.at_level(logging.WARNING):
        watch._tell_growth(grown)
    assert [record.message for record in caplog.records] == [
        f"topic {TOPIC} has 6 partitions now, of which 4 are read: restart to read all"
    ]
    assert grown.same_as(watch.log)
