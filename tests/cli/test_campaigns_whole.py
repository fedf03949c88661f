"""Every template on the whole stack: broker, store, workers and API, as a shop would use them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from confluent_kafka import OFFSET_BEGINNING, Consumer, Producer, TopicPartition

from contracts.clock_records import clock_record
from contracts.cloudevents import decode_trigger
from contracts.codec import encode_json
from contracts.decisions import Trigger
from contracts.events import FEEDBACK_TYPES, Event, Item
from contracts.keys import (
    CATALOG_TOPIC,
    CLICK_TOPIC,
    EVENT_TOPICS,
    FEEDBACK_TOPIC,
    HELD_TOPIC,
    TRIGGERS_TOPIC,
    message_key,
    partition_of,
    triggers_key,
)
from contracts.templates import TEMPLATES
from tests.builders import DAY, HOUR, MINUTE, SECOND
from tests.cli.running import Up, until

REAL = ("-m", "cli.main")
SETTINGS = {
    "HEADRACE_API__PSEUDONYMS": "0",  # a producer of ours writes events with ids to Kafka
    "HEADRACE_CAMPAIGNS__CLOCK_SECONDS": "0",  # the test says how late it is
    "HEADRACE_KAFKA__AHEAD_SECONDS": str(400 * DAY // SECOND),
    "HEADRACE_FLOW__BUCKETS": "8",
    "HEADRACE_FLOW__INTENT_EVERY": "1",
    "HEADRACE_FLOW__OUTCOME_EVERY": "1",
    "HEADRACE_FLOW__OUTCOME_DAYS": "0.02",
    "HEADRACE_FLOW__SESSION_GAP_SECONDS": "60",
    "HEADRACE_FLOW__SEGMENT_EVERY": "1",
    "HEADRACE_FLOW__EPOCH_SECONDS": "1",
}
WITH: dict[str, dict[str, Any]] = {
    "churn_rising": {"level": 0.001},
    "high_intent": {"level": 0.001},
    "vip": {"value": 100},
}
NEVER: dict[str, dict[str, Any]] = {
    "churn_rising": {"level": 1.0, "by": 1.0},
    "high_intent": {"level": 1.0},
}


class Shop:
    """A running stack, a producer that says when what it sends arrived, and what was triggered."""

    def __init__(self, up: Up) -> None:
        self.url = up.ready()
        settings = up.settings
        self.partitions = settings["kafka"]["partitions"]
        self.bootstrap = settings["kafka"]["bootstrap_servers"]
        self.producer = Producer({"bootstrap.servers": self.bootstrap})
        self.store = redis.Redis.from_url(settings["redis"]["url"])
        self.start = time.time_ns() // 1_000_000 + MINUTE
        self.sent = 0

    def event(self, type_: str, user: str, at: int = 0, **fields: Any) -> None:
        self.sent += 1
        now = self.start + at
        event = Event(id=f"e{self.sent}", type=type_, user=user, time=now, **fields)  # type: ignore[arg-type]
        key = message_key(event.site, user, None)
        topic = FEEDBACK_TOPIC if type_ in FEEDBACK_TYPES else CLICK_TOPIC
        partition = partition_of(key, self.partitions)
        self.producer.produce(topic, encode_json(event), key, partition, timestamp=now)

    def item(self, id_: str, at: int, **fields: Any) -> None:
        record = encode_json(Item(id=id_, time=self.start + at, **fields))
        now = self.start + max(at, 0)
        self.producer.produce(CATALOG_TOPIC, record, id_.encode(), timestamp=now)

    def arrive(self) -> None:
        """Wait until all that was sent was applied."""
        assert self.producer.flush(20) == 0
        until(lambda: self.stats()["ended"] >= self.sent)

    def stats(self) -> Any:
        return httpx.get(f"{self.url}/v1/stats", timeout=30).json()["events"]

    def pass_time(self, at: int, fired: str, times: int = 1) -> None:
        """Let the clock go on from `at`, by a record in every partition, until a campaign fired."""
        self.arrive()
        later = at

        def has_fired() -> bool:
            nonlocal later
            later += SECOND
            now = self.start + later
            for topic in EVENT_TOPICS:
                for partition in range(self.partitions):
                    record = clock_record(now)
                    self.producer.produce(topic, record, partition=partition, timestamp=now)
            assert self.producer.flush(20) == 0
            time.sleep(0.2)
            return len(self.who(fired)) >= times

        until(has_fired)

    def triggers(self) -> list[Trigger]:
        entries: Any = self.store.xrange(triggers_key("default"))
        return [decode_trigger(fields[b"event"]) for _, fields in entries]

    def who(self, campaign: str) -> list[str]:
        return [one.user for one in self.triggers() if one.campaign == campaign]

    def on_kafka(self, topic: str, count: int) -> list[Trigger]:
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "t"})
        parts = [TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(self.partitions)]
        consumer.assign(parts)
        found: dict[str, Trigger] = {}

        def enough() -> bool:
            for message in consumer.consume(500, 0.2):
                trigger = decode_trigger(message.value() or b"")
                found[trigger.id] = trigger
            return len(found) >= count

        until(enough)
        consumer.close()
        return list(found.values())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Up(tmp_path, program=REAL, **SETTINGS) as up:
        yield Shop(up)
        assert up.end() == 0


def people(shop: Shop) -> None:
    """Let people do what a template is for, and others nearly so."""
    shop.item("scarce", -DAY, in_stock=False, price=9.0)
    shop.item("dear", -DAY, price=100.0)
    assert shop.producer.flush(20) == 0
    for user in ("cart", "cart-bought"):
        shop.event("add_to_cart", user, item="cup", price=30.0)
    shop.event("purchase", "cart-bought", at=MINUTE, item="cup", price=30.0, order="o1")
    for number in range(3):
        shop.event("view", "browser", at=number * SECOND, item=f"i{number}")
    shop.event("view", "glancer", item="i1")
    shop.event("view", "wants-scarce", item="scarce")
    shop.event("view", "wants-dear", item="dear")
    shop.event("purchase", "rich", item="ring", price=150.0, order="o2")
    shop.event("nps", "detractor", value=2.0)
    shop.event("nps", "promoter", value=10.0)
    shop.event("complaint", "cross", text="it broke")
    shop.event("suggestion", "kind", text="more colours")
    month_later = time.gmtime((shop.start + 40 * DAY) / 1000)
    shop.event("identify", "born", props={"birthday": time.strftime("1990-%m-%d", month_later)})
    shop.event("identify", "unborn", props={"birthday": "never"})


@pytest.mark.timeout(600)  # the whole stack, and a year of it
def test_every_template_fires_for_whom_it_is_and_for_nobody_else(shop: Shop) -> None:
    with httpx.Client(base_url=shop.url, timeout=30) as http:
        for name in TEMPLATES:
            body = {"name": name, "template": name, "consent": [], "with": WITH.get(name, {})}
            assert http.put(f"/v1/campaigns/{name}", json=body).status_code == 201
        for name, parameters in NEVER.items():
            body = {"name": "N", "template": name, "consent": [], "with": parameters}
            assert http.put(f"/v1/campaigns/never-{name}", json=body).status_code == 201
        body = {"name": "No", "template": "complaint", "consent": ["marketing"]}
        assert http.put("/v1/campaigns/unconsented", json=body).status_code == 201
        body = {"name": "H", "condition": "event.type == 'view'", "consent": [], "holdout": 0.9}
        assert http.put("/v1/campaigns/held", json=body).status_code == 201
    time.sleep(2.0)  # in force within that

    people(shop)
    shop.arrive()
    until(lambda: bool(shop.who("complaint")) and bool(shop.who("vip")))
    shop.item("scarce", 2 * MINUTE, in_stock=True, price=9.0)
    shop.item("dear", 2 * MINUTE, price=60.0)
    assert shop.producer.flush(20) == 0
    shop.pass_time(3 * MINUTE, "price_drop")
    shop.pass_time(4 * MINUTE, "back_in_stock")
    shop.pass_time(2 * HOUR, "cart_abandoned")
    shop.pass_time(3 * HOUR, "browse_abandoned")
    shop.pass_time(2 * DAY, "answer_overdue", times=2)
    shop.pass_time(15 * DAY, "win_back", times=2)
    shop.pass_time(41 * DAY, "birthday")
    shop.pass_time(45 * DAY, "replenishment", times=2)
    assert not shop.who("high_intent"), "of so few visits nobody knows how they end"
    # Visitors of many kinds: the groups form, and people come from one into another.
    for number in range(600):
        kind = ("view", "search", "add_to_cart", "purchase")[number * number % 11 % 4]
        at = 46 * DAY + number * MINUTE
        shop.event(kind, f"v{number % 23}", at=at, item=f"i{number % 9}", price=float(number % 50))
    # Now and then somebody complains of the delivery, and suddenly many of lids.
    for number in range(4):
        at = 47 * DAY + number * 12 * HOUR
        shop.event("complaint", f"v-late{number}", at=at, props={"topic": "delivery"})
    for number in range(12):
        at = 60 * DAY + number * MINUTE
        shop.event("complaint", f"v-lid{number}", at=at, props={"topic": "lids"})
    shop.arrive()
    until(lambda: bool(shop.who("topic_emerging")))
    until(lambda: all(map(shop.who, ("high_intent", "segment_change", "churn_rising"))))
    shop.pass_time(367 * DAY, "anniversary", times=2)

    triggers = shop.triggers()
    assert {one.campaign for one in triggers} >= set(TEMPLATES)
    assert not [one for one in triggers if one.campaign.startswith("never-")]
    assert not shop.who("unconsented")
    first = {name: shop.who(name) for name in TEMPLATES}
    expected = {
        "cart_abandoned": {"cart"},
        "browse_abandoned": {"browser"},
        "back_in_stock": {"wants-scarce"},
        "price_drop": {"wants-dear"},
        "vip": {"rich"},
        "detractor": {"detractor"},
        "complaint": {"cross"},
        "answer_overdue": {"cross", "kind"},
        "birthday": {"born"},
    }
    for name, users in expected.items():
        assert {user for user in first[name] if not user.startswith("v")} == users, name
    buyers = {"cart-bought", "rich"}
    assert {user[:5] for user in first["topic_emerging"]} == {"v-lid"}
    for name in ("first_purchase", "replenishment", "win_back", "anniversary"):
        assert {user for user in first[name] if not user.startswith("v")} == buyers, name
    assert len({one.id for one in triggers}) == len(triggers)
    # On Kafka the same, and those who were held out apart from them.
    assert {one.id for one in shop.on_kafka(TRIGGERS_TOPIC, len(triggers))} == {
        one.id for one in triggers
    }
    held = shop.on_kafka(HELD_TOPIC, 1)
    assert {one.campaign for one in held} == {"held"}
    assert not {one.id for one in held} & {one.id for one in triggers}
    counted = httpx.get(f"{shop.url}/v1/campaigns/complaint", timeout=30).json()["counts"]
    assert counted == {"fired": len(shop.who("complaint"))}


@pytest.mark.timeout(300)  # a start of the whole stack
def test_a_change_is_in_force_within_two_seconds_without_a_restart(shop: Shop) -> None:
    body = {"name": "C", "condition": "event.type == 'complaint'", "consent": []}
    with httpx.Client(base_url=shop.url, timeout=30) as http:
        assert http.put("/v1/campaigns/c", json=body).status_code == 201
        time.sleep(2.0)
        now = time.time_ns() // 1_000_000
        for number, changed in enumerate(("a", "b")):
            event = {"id": changed, "type": "complaint", "user": changed, "time": now + number}
            assert http.post("/v1/events", json=event).is_success
            until(lambda user=changed: shop.who("c") == ["a", "b"][: "ab".index(user) + 1])
        assert http.delete("/v1/campaigns/c").status_code == 200
        time.sleep(2.0)
        event = {"id": "z", "type": "complaint", "user": "z", "time": now + 9}
        assert http.post("/v1/events", json=event).is_success
        until(lambda: shop.stats()["ended"] >= 3)
        assert shop.who("c") == ["a", "b"]
