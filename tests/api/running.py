"""The real service on a real port, and what lies on the broker's topics."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from confluent_kafka import Consumer, Message, TopicPartition

from api.app import create_app
from api.main import Server
from cli.embedded.ports import LOOPBACK, free_port
from contracts.settings import Settings

START_SECONDS = 20.0
NOWHERE = "redis://127.0.0.1:9/0"
"""A store that is away: the collector does not need one."""
PLAIN: Final = {"api.pseudonyms": False}
"""Most tests write views, and read topics, by ids."""


@contextmanager
def serving(bootstrap: str, **given: Any) -> Iterator[str]:
    """Serve on a free port in a thread of this process; yield the URL. `given`: dotted settings."""
    overrides = {
        "api.port": free_port(),
        "kafka.bootstrap_servers": bootstrap,
        "redis.url": NOWHERE,
        **PLAIN,
        **given,
    }
    settings = Settings.load(overrides=overrides)
    config = uvicorn.Config(
        create_app(settings),
        host=LOOPBACK,
        port=settings.api.port,
        http="httptools",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=30,
    )
    server = Server(config)
    thread = threading.Thread(target=server.run, name="service")
    thread.start()
    try:
        await_true(lambda: server.started or not thread.is_alive())
        assert server.started
        yield f"http://{LOOPBACK}:{settings.api.port}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        assert not thread.is_alive()


class TopicReader:
    """Reads topics from their beginning. Not for several threads."""

    def __init__(self, bootstrap: str, topics: Iterable[str], partitions: int) -> None:
        config = {
            "bootstrap.servers": bootstrap,
            "group.id": "unused",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 10,
        }
        self._consumer = Consumer(config)
        self._consumer.assign([TopicPartition(t, p, 0) for t in topics for p in range(partitions)])
        self.messages: list[Message] = []

    def until(self, enough: Callable[[list[Message]], bool], seconds: float = 20) -> list[Message]:
        """Return all messages, once they are enough; fail when they do not become so."""
        deadline = time.monotonic() + seconds
        while not enough(self.messages):
            assert time.monotonic() < deadline, f"{len(self.messages)} messages are not enough"
            self._take(0.2)
        self._take(0)
        return self.messages

    def _take(self, seconds: float) -> None:
        message = self._consumer.poll(seconds)
        while message is not None:
            assert message.error() is None, message.error()
            self.messages.append(message)
            message = self._consumer.poll(0)

    def close(self) -> None:
        self._consumer.close()


def await_true(condition: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.01)


def headers(key: str = "any") -> Mapping[str, str]:
    """Return the header of a write key."""
    from base64 import b64encode

    return {"Authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}
