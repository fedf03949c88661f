"""A live engine fed with events of a seed, and what may not differ however often it is killed."""

import json
import os
import random
import time
from contextlib import suppress
from typing import Any

import httpx
import psutil
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from contracts.campaigns import CampaignVersion, encode_version
from contracts.cloudevents import decode_trigger
from contracts.codec import decode_event
from contracts.events import FEEDBACK_TYPES
from contracts.keys import (
    CLICK_TOPIC,
    CONTROL_TOPIC,
    FEEDBACK_TOPIC,
    TRIGGERS_TOPIC,
    Keys,
    message_key,
    partition_of,
    triggers_key,
)
from contracts.settings import Settings
from storage.redis_views import RedisViews
from tests.builders import SECOND, raw
from tests.cli.running import Up, until

CAMPAIGNS: list[dict[str, Any]] = [
    {"id": "first", "name": "F", "template": "first_purchase", "consent": []},
    {
        "id": "cart",
        "name": "C",
        "template": "cart_abandoned",
        "with": {"after": "5m"},
        "cooldown": "20m",
        "consent": [],
    },
    {
        "id": "views",
        "name": "V",
        "condition": ["count('view', '1h') >= 3", "event.type == 'share'"],
        "cooldown": "10m",
        "caps": [{"count": 20, "per": "1d"}],
        "consent": [],
    },
]
"""What watches the people of the live run: what they do, and what they leave undone."""
SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261"))
QUIET_SECONDS = 4.0
REAL = ("-m", "cli.main")


def traffic(count: int, last_kind: str = "rating") -> list[bytes]:
    """Return events of 300 people: anonymous visits, repeats, rubbish, all kinds."""
    kinds = ["view", "view", "view", "add_to_cart", "purchase", "search", last_kind]
    dice = random.Random(SEED)
    records = []
    for number in range(count):
        person = dice.randrange(300)
        known = person % 3 or dice.random() < 0.3
        records.append(
            raw(
                dice.choice(kinds),
                user=f"u{person}" if known else None,
                device=f"d{person}" if person % 2 or not known else None,
                item=f"i{int(dice.paretovariate(0.6)) % 900}",
                price=float(dice.randrange(90)),
                value=float(dice.randrange(1, 6)),
                id=f"e{number}",
                order=f"o{number // 3}",
                at=number * 9 * SECOND,
                props={"category": f"c{dice.randrange(20)}"},
            )
        )
        if dice.random() < 0.03:
            records.append(dice.choice(records[-20:]))
        if dice.random() < 0.01:
            records.append(dice.choice([b"{", b'{"id": 7}', b"\xff", b"[]"]))
    return records


class Live:
    """A real `headrace up`, fed by a producer of our own with the arrival times it is told."""

    def __init__(self, up: Up) -> None:
        self.up = up
        self.url = up.ready()
        settings = json.loads((up.data / "run" / "settings.json").read_text())
        self.partitions = settings["kafka"]["partitions"]
        self.producer = Producer({"bootstrap.servers": settings["kafka"]["bootstrap_servers"]})

    def send(self, records: list[bytes]) -> None:
        for value in records:
            event = decode_event(value)
            key = message_key(event.site, event.user, event.device)
            self.producer.produce(
                FEEDBACK_TOPIC if event.type in FEEDBACK_TYPES else CLICK_TOPIC,
                value=value,
                key=key,
                partition=partition_of(key, self.partitions),
                timestamp=event.time,
            )
        assert self.producer.flush(30) == 0

    def await_ends(self, count: int) -> None:
        until(lambda: self.stats()["events"]["ended"] >= count)

    def workers(self) -> set[int]:
        found = set()
        for child in self.up.children():
            with suppress(psutil.NoSuchProcess):
                found |= {child.pid} if "flows.main" in " ".join(child.cmdline()) else set()
        return found

    def stats(self) -> Any:
        return httpx.get(f"{self.url}/v1/stats", timeout=30).json()

    def watch_carts(self) -> None:
        """Let campaigns be in force from the first event on."""
        for given in CAMPAIGNS:
            version = CampaignVersion(
                site="default", id=given["id"], version=1, time=0, campaign=given
            )
            self.producer.produce(CONTROL_TOPIC, encode_version(version), version.key)
        assert self.producer.flush(30) == 0
        self.up.await_control(len(CAMPAIGNS))

    def triggers(self) -> list[str]:
        """Return the ids on the stream of triggers, in order, once no more come.

        An event has ended before what fires on it was delivered, which follows within an epoch.
        """
        count, since = -1, time.monotonic()

        def settled() -> bool:
            nonlocal count, since
            before, count = count, store.xlen(key)
            since = since if count == before else time.monotonic()
            return time.monotonic() > since + QUIET_SECONDS

        key = triggers_key("default")
        with redis.Redis.from_url(self.up.settings["redis"]["url"]) as store:
            until(settled)
            entries: Any = store.xrange(key)
        return [decode_trigger(fields[b"event"]).id for _, fields in entries]

    def triggers_on_kafka(self, count: int) -> set[str]:
        """Return the ids on the topic of triggers, once there are so many; some come again."""
        consumer = Consumer(
            {"bootstrap.servers": self.up.settings["kafka"]["bootstrap_servers"], "group.id": "t"}
        )
        consumer.assign(
            [TopicPartition(TRIGGERS_TOPIC, n, OFFSET_BEGINNING) for n in range(self.partitions)]
        )
        found: set[str] = set()

        def enough() -> bool:
            for message in consumer.consume(1_000, 0.2):
                found.add(decode_trigger(message.value() or b"").id)
            return len(found) >= count

        until(enough)
        consumer.close()
        return found

    def state(self) -> dict[str, bytes]:
        """Return what has to be the same however often workers died: people and ends."""
        file = self.up.data / "run" / "settings.json"
        views = RedisViews.open(Settings.load(file).redis)
        prefix = Keys().pattern.removesuffix("*")
        found = {
            key.removeprefix(prefix): value
            for key, value in views.iterate("live")
            if isinstance(value, bytes) and (":profile:" in key or ":ends:" in key)
        }
        views.close()
        return found
