"""The broker goes away and returns: 503 meanwhile, and whatever was answered 200 is on the log."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psutil

from cli.embedded import EmbeddedBroker
from contracts.codec import decode_event
from contracts.keys import EVENT_TOPICS
from flows.topics import create_topics
from tests.api.running import TopicReader, await_true, serving
from tests.conftest import PARTITIONS

TIMEOUT_MS = 1_200
RETURN_SECONDS = 20


def an_event() -> dict[str, Any]:
    """Return an event of a device of its own, so that all partitions get some."""
    id_ = uuid.uuid4().hex
    return {"id": id_, "type": "view", "device": id_, "time": 1_700_000_000_000}


class Poster:
    """Posts single events, each of another device, and remembers which were taken."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=30)
        self.taken: set[str] = set()

    def post(self, count: int = 1) -> httpx.Response:
        events = [an_event() for _ in range(count)]
        answer = self.client.post("/v1/events", json=events)
        if answer.status_code == 200:
            assert answer.json()["accepted"] == count
            self.taken.update(event["id"] for event in events)
        return answer

    def post_until_taken(self) -> None:
        deadline = time.monotonic() + RETURN_SECONDS
        while self.post().status_code != 200:
            assert time.monotonic() < deadline, "it did not recover"
            time.sleep(0.1)


@contextmanager
def posting(broker: EmbeddedBroker, **given: Any) -> Iterator[Poster]:
    settings = {"kafka.delivery_timeout_ms": TIMEOUT_MS, **given}
    with serving(broker.bootstrap_servers, **settings) as url:
        poster = Poster(url)
        with poster.client:
            yield poster


@contextmanager
def stopped(broker: EmbeddedBroker) -> Iterator[None]:
    assert broker.child.pid is not None
    os.kill(broker.child.pid, signal.SIGSTOP)
    # The signal is delivered in its own time, to each thread.
    threads = psutil.Process(broker.child.pid).threads()
    for thread in threads:
        await_true(lambda: psutil.Process(thread.id).status() == psutil.STATUS_STOPPED)  # noqa: B023
    try:
        yield
    finally:
        os.kill(broker.child.pid, signal.SIGCONT)


def assert_on_log(broker: EmbeddedBroker, taken: set[str]) -> None:
    reader = TopicReader(broker.bootstrap_servers, EVENT_TOPICS, PARTITIONS)
    try:
        reader.until(lambda messages: taken <= {decode_event(m.value()).id for m in messages})
    finally:
        reader.close()


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:headrace:problem:log-unavailable"


def test_a_broker_that_hangs(own_broker: EmbeddedBroker) -> None:
    with posting(own_broker) as poster:
        assert poster.post(20).status_code == 200
        with stopped(own_broker), ThreadPoolExecutor() as threads:
            for answer in threads.map(lambda _: poster.post(3), range(4)):
                assert_unavailable(answer)
        poster.post_until_taken()
        assert poster.post(20).status_code == 200
        assert_on_log(own_broker, poster.taken)


def test_a_broker_that_dies_and_forgets(own_broker: EmbeddedBroker) -> None:
    with posting(own_broker) as poster:
        assert poster.post(20).status_code == 200
        own_broker.child.kill()
        assert_unavailable(poster.post(3))
        assert_unavailable(poster.post(3))
        assert poster.client.get("/healthz").status_code == 200
        poster.taken.clear()  # its log is in memory, and gone
        own_broker.start()
        create_topics(own_broker.bootstrap_servers, PARTITIONS)
        poster.post_until_taken()
        assert poster.post(20).status_code == 200
        assert_on_log(own_broker, poster.taken)


def test_a_pause_shorter_than_the_timeout_is_only_a_wait(own_broker: EmbeddedBroker) -> None:
    with posting(own_broker, **{"kafka.delivery_timeout_ms": 10_000}) as poster:
        poster.post_until_taken()
        with ThreadPoolExecutor() as threads:
            with stopped(own_broker):
                waiting: Future[httpx.Response] = threads.submit(poster.post, 3)
                time.sleep(0.5)
                assert not waiting.done(), waiting.result().text
            assert waiting.result(RETURN_SECONDS).status_code == 200
        assert_on_log(own_broker, poster.taken)


def test_a_full_queue_is_said_at_once(own_broker: EmbeddedBroker) -> None:
    limits = {"kafka.delivery_timeout_ms": 10_000, "api.max_in_flight": 5}
    with posting(own_broker, **limits) as poster, ThreadPoolExecutor() as threads:
        poster.post_until_taken()
        with stopped(own_broker):
            first = threads.submit(poster.post, 5)
            await_true(lambda: "collect_in_flight 5.0" in poster.client.get("/metrics").text)
            begun = time.monotonic()
            answer = poster.post()
            assert time.monotonic() - begun < 5
            assert_unavailable(answer)
            assert "5 events wait for the broker" in answer.json()["detail"]
        assert first.result(RETURN_SECONDS).status_code == 200
        assert poster.post().status_code == 200
        assert_on_log(own_broker, poster.taken)


def test_a_broker_that_is_not_there_yet(own_broker: EmbeddedBroker) -> None:
    own_broker.stop()
    with posting(own_broker) as poster:
        assert poster.client.get("/healthz").status_code == 200
        answer = poster.post()
        assert_unavailable(answer)
        assert "does not answer, or has no topic" in answer.json()["detail"]
        own_broker.start()
        assert_unavailable(poster.post())
        create_topics(own_broker.bootstrap_servers, PARTITIONS)
        poster.post_until_taken()
        assert_on_log(own_broker, poster.taken)


def test_a_queue_that_fills_inside_a_batch_takes_nothing_for_certain(
    own_broker: EmbeddedBroker,
) -> None:
    limits = {"kafka.options": {"queue.buffering.max.messages": 10}}
    with posting(own_broker, **limits) as poster:
        assert poster.post(5).status_code == 200
        with stopped(own_broker):
            begun = time.monotonic()
            answer = poster.post(30)
            assert time.monotonic() - begun < TIMEOUT_MS / 1000
            assert_unavailable(answer)
            assert "queue to the broker is full" in answer.json()["detail"]
        poster.post_until_taken()
        assert_on_log(own_broker, poster.taken)


def test_it_stops_in_time_while_the_broker_hangs(own_broker: EmbeddedBroker) -> None:
    with ThreadPoolExecutor() as threads, ExitStack() as afterwards:
        with posting(own_broker) as poster:
            afterwards.enter_context(stopped(own_broker))
            url = poster.client.base_url.join("/v1/events")
            waiting = threads.submit(httpx.post, url, json=[an_event()], timeout=30)
            await_true(lambda: "in_flight 1.0" in poster.client.get("/metrics").text)
            begun = time.monotonic()
        assert time.monotonic() - begun < RETURN_SECONDS
        assert_unavailable(waiting.result(RETURN_SECONDS))
