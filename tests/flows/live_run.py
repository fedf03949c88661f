"""The live dataflow in this process, on a real broker and store, until it has ended so much."""

import json
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.codec import DecodeError, decode_event
from contracts.events import FEEDBACK_TYPES
from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC, Keys, message_key, partition_of
from contracts.launch import Launch
from contracts.settings import Settings
from flows.main import live, run
from flows.process import Process
from flows.recovery import prepare
from storage.connection import connect
from storage.redis_views import RedisViews
from tests.builders import NOON
from tests.conftest import PARTITIONS

WAIT_S = 60.0


class LiveRun:
    """A flow over `records`, started as often as wanted; its folder is `data_dir`."""

    def __init__(
        self, data_dir: Path, broker: EmbeddedBroker, store: EmbeddedStore, **flow: Any
    ) -> None:
        self.broker, self.store = broker, store
        wanted = {"families": ["intent"], "buckets": 8, "shards": 2, "recovery_parts": 2}
        self.settings = Settings.load(
            overrides={
                "data_dir": data_dir,
                "kafka.bootstrap_servers": broker.bootstrap_servers,
                "redis.url": store.url,
                **{f"flow.{name}": value for name, value in (wanted | flow).items()},
            }
        )

    def send(self, records: Iterable[bytes], at: int | None = None) -> None:
        """Write records as the collector would; what is no event goes to partition 0."""
        producer = Producer({"bootstrap.servers": self.broker.bootstrap_servers})
        for value in records:
            topic, partition, time_ms = CLICK_TOPIC, 0, at or NOON
            try:
                event = decode_event(value)
            except DecodeError:
                pass
            else:
                key = message_key(event.site, event.user, event.device)
                topic = FEEDBACK_TOPIC if event.type in FEEDBACK_TYPES else CLICK_TOPIC
                partition, time_ms = partition_of(key, PARTITIONS), at or event.time
            producer.produce(topic, value, partition=partition, timestamp=time_ms)
        assert producer.flush(30) == 0

    def until_ended(self, count: int) -> None:
        """Run the flow until so many events have ended; then drain it."""
        prepare(self.settings.data_dir / "recovery", self.settings.flow.recovery_parts)
        views = RedisViews.open(self.settings.redis)
        process = Process(Launch(self.settings, run=views.issue_run("live")))
        views.close()
        watcher = threading.Thread(target=self._drain_at, args=(process, count))
        watcher.start()
        try:
            run(live(process), process)
        finally:
            process.drain.ask()
            watcher.join()
        assert self.ended() >= count

    def _drain_at(self, process: Process, count: int) -> None:
        deadline = time.monotonic() + WAIT_S
        while not process.drain.asked and time.monotonic() < deadline and self.ended() < count:
            time.sleep(0.05)
        process.drain.ask()

    def ended(self) -> int:
        """How many events the views say have ended."""
        total = 0
        with connect(self.settings.redis) as client:
            keys = list(client.scan_iter(match=Keys().ends("*", "*").replace("%2A", "*")))
            for raw in client.mget(keys) if keys else []:
                told = json.loads(raw or b"{}")
                total += told.get("applied", 0) + told.get("duplicate", 0)
                total += sum((told.get("rejected", {}) | told.get("withheld", {})).values())
        return total
