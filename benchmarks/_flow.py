"""Servers, topics and worker processes for the benchmarks: the real ones, in a folder of theirs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import redis
from confluent_kafka import Producer
from pydantic import SecretStr

from benchmarks._traffic import Sent
from cli.cluster import Cluster, child_environ
from cli.embedded.stack import EmbeddedStack
from contracts.codec import load_json
from contracts.events import FEEDBACK_TYPES
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC, Keys, message_key, partition_of
from contracts.settings import FlowSettings, KafkaSettings, RedisSettings, Settings
from flows.recovery import prepare
from flows.topics import create_topics

SITE = "default"
LOOK_S = 0.02


@dataclass(frozen=True)
class Cost:
    """What some events took: wall and CPU seconds of the workers."""

    events: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds

    @property
    def cpu_us(self) -> float:
        """CPU microseconds an event."""
        return self.cpu / self.events * 1e6


def settings_for(stack: EmbeddedStack, data_dir: Path, flow: FlowSettings) -> Settings:
    return Settings(
        data_dir=data_dir,
        kafka=KafkaSettings(bootstrap_servers=stack.bootstrap_servers, on_new_log="restart"),
        redis=RedisSettings(url=SecretStr(stack.redis_url)),
        flow=flow,
    )


def fill(stack: EmbeddedStack, events: Iterable[Sent], partitions: int = 8) -> int:
    """Put events into the topics, as the collector would; return how many."""
    create_topics(stack.bootstrap_servers, partitions)
    producer = Producer({"bootstrap.servers": stack.bootstrap_servers, "linger.ms": 20})
    count = 0
    for event in events:
        key = message_key(SITE, event.user, event.device)
        topic = FEEDBACK_TOPIC if event.type in FEEDBACK_TYPES else CLICK_TOPIC
        while True:
            try:
                producer.produce(
                    topic,
                    event.raw,
                    key,
                    partition=partition_of(key, partitions),
                    timestamp=event.time,
                )
                break
            except BufferError:
                producer.poll(0.05)
        count += 1
    if producer.flush(60):
        raise RuntimeError("the broker did not take all events")
    return count


class Workers:
    """The processes of one dataflow, seen from outside."""

    def __init__(self, settings: Settings, client: redis.Redis) -> None:
        self._client: Any = client
        self._logs = settings.data_dir / "logs"
        self._pattern = Keys(settings.namespace).progress("*").replace("%2A", "*")
        self.processes: list[psutil.Process] = []

    def _last_words(self) -> str:
        logs = sorted(self._logs.glob("worker-*.log"))
        return "\n".join(log.read_text()[-2_000:] for log in logs)

    def cpu(self) -> float:
        """CPU seconds that all of them took since they began."""
        return sum(sum(process.cpu_times()[:2]) for process in self.processes)

    def rss(self) -> int:
        return sum(process.memory_info().rss for process in self.processes)

    def read(self) -> int:
        """How many records the sources have read, as of the last heartbeat."""
        keys = list(self._client.scan_iter(match=self._pattern, count=1000))
        values = self._client.mget(keys) if keys else []
        return sum(load_json(raw)["offset"] for raw in values if raw)

    def measure(self, total: int, first: float = 0.1, timeout: float = 300.0) -> Cost:
        """Return what the events took, from the first tenth on to the last."""
        began: tuple[int, float, float] | None = None
        deadline = time.monotonic() + timeout
        last = -1
        while time.monotonic() < deadline:
            time.sleep(LOOK_S)
            if any(process.status() == psutil.STATUS_ZOMBIE for process in self.processes):
                raise RuntimeError(f"a worker ended: {self._last_words()}")
            read = self.read()
            if read == last:
                continue
            last, now, cpu = read, time.monotonic(), self.cpu()
            if began is None and read >= first * total:
                began = read, now, cpu
            if read >= total and began is not None:
                return Cost(read - began[0], now - began[1], cpu - began[2])
        raise RuntimeError(f"only {last} of {total} events were read in {timeout:.0f} s")


@contextmanager
def workers(settings: Settings, client: redis.Redis) -> Iterator[Workers]:
    """Run the dataflow's processes on a new folder; stop them at the end."""
    data_dir = settings.data_dir
    file = data_dir / "run" / "settings.json"
    file.parent.mkdir(parents=True)
    settings.save(file)
    parts = settings.flow.recovery_parts
    cluster = Cluster(
        data_dir,
        settings.flow.workers,
        child_environ(file, data_dir),
        prepare=lambda: prepare(data_dir / "recovery", parts),
        issue_run=lambda: 1,
    )
    children = cluster.start()
    try:
        seen = Workers(settings, client)
        while not cluster.ready():
            if not all(child.running for child in children):
                raise RuntimeError("\n".join(child.log_tail(20) for child in children))
            time.sleep(LOOK_S)
        seen.processes = [psutil.Process(child.pid) for child in children]
        yield seen
    finally:
        for child in children:
            child.kill()


def run_child(module: str, *arguments: str, timeout: float = 600.0) -> str:
    """Run a module in a process of its own; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} ended with {done.returncode}")
    return done.stdout.decode()
