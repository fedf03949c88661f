"""One broker with all topics and one service on it, for all tests of a process."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from cli.embedded import EmbeddedBroker
from contracts.codec import decode_event, decode_json
from contracts.events import Event
from contracts.keys import EVENT_TOPICS, REJECTED_TOPIC
from contracts.rejects import Rejected
from flows.topics import create_topics
from tests.api.running import TopicReader, serving

PARTITIONS = 4


@pytest.fixture(scope="session")
def topics_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("collect")
    with EmbeddedBroker(folder / "broker", folder / "broker.log") as broker:
        create_topics(broker.bootstrap_servers, PARTITIONS)
        yield broker.bootstrap_servers


@pytest.fixture(scope="session")
def url(topics_broker: str) -> Iterator[str]:
    """A service that takes any write key."""
    with serving(topics_broker) as url:
        yield url


@pytest.fixture(scope="session")
def client(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=30) as client:
        yield client


Events = Callable[..., list[Event]]
Rejects = Callable[..., list[Rejected]]


@pytest.fixture(scope="session")
def event_reader(topics_broker: str) -> Iterator[TopicReader]:
    reader = TopicReader(topics_broker, EVENT_TOPICS, PARTITIONS)
    yield reader
    reader.close()


@pytest.fixture(scope="session")
def reject_reader(topics_broker: str) -> Iterator[TopicReader]:
    reader = TopicReader(topics_broker, [REJECTED_TOPIC], PARTITIONS)
    yield reader
    reader.close()


@pytest.fixture
def events_of(event_reader: TopicReader) -> Events:
    """Return the events on the topics for which `wanted` holds, once there are `count`."""

    def find(wanted: Callable[[Event], bool], count: int = 1) -> list[Event]:
        def chosen(messages: list[Any]) -> list[Event]:
            return [e for m in messages if wanted(e := decode_event(m.value()))]

        return chosen(event_reader.until(lambda messages: len(chosen(messages)) >= count))

    return find


@pytest.fixture
def rejects_of(reject_reader: TopicReader) -> Rejects:
    """Return the rejected records for which `wanted` holds, once there are `count`."""

    def find(wanted: Callable[[Rejected], bool], count: int = 1) -> list[Rejected]:
        def chosen(messages: list[Any]) -> list[Rejected]:
            return [r for m in messages if wanted(r := decode_json(m.value(), Rejected))]

        return chosen(reject_reader.until(lambda messages: len(chosen(messages)) >= count))

    return find
