"""Every trigger at every kind of subscriber, while what makes and delivers them is killed."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from confluent_kafka import Producer

from contracts.codec import encode_json, load_json
from contracts.events import Item
from contracts.keys import CATALOG_TOPIC, TRIGGERS_TOPIC, triggers_key
from tests.api.running import TopicReader
from tests.api.triggers.firing import Stream
from tests.api.webhooks.receiver import receiving
from tests.cli.running import Up, until

REAL = ("-m", "cli.main")
CAMPAIGN = {
    "id": "cart",
    "name": "Something in the cart",
    "condition": "profile.cart_items >= 1",
    "consent": [],
}
PEOPLE = 60
ITEMS = ("cup", "teapot")


class Follower(threading.Thread):
    """Does something again and again, whatever breaks meanwhile."""

    def __init__(self, action: Callable[["Follower"], None]) -> None:
        super().__init__(daemon=True)
        self.users: list[str] = []
        self.said: dict[str, Any] = {}
        self.stopped = False
        self._action = action

    def take(self, event: Any) -> None:
        self.users.append(event["subject"])
        self.said[event["id"]] = event

    def run(self) -> None:
        while not self.stopped:
            try:
                self._action(self)
            except (httpx.HTTPError, AssertionError):
                time.sleep(0.1)


def stream(url: str) -> Follower:
    client = Stream(url, "0")

    def follow(follower: Follower) -> None:
        with client.open() as events:
            for event in events:
                follower.take(event.data)

    return Follower(follow)


def poll(url: str) -> Follower:
    cursor = "0"

    def ask(follower: Follower) -> None:
        nonlocal cursor
        params = {"cursor": cursor, "wait": "1", "limit": "7"}
        answer = httpx.get(f"{url}/v1/triggers", params=params, timeout=10)
        answer.raise_for_status()
        for one in answer.json()["triggers"]:
            follower.take(one)
        cursor = answer.json()["cursor"]

    return Follower(ask)


def offer(bootstrap: str) -> None:
    """Put the items into the catalogue: what is not there is recommended to nobody."""
    producer = Producer({"bootstrap.servers": bootstrap})
    for item in ITEMS:
        producer.produce(CATALOG_TOPIC, encode_json(Item(id=item, price=5.0)), item.encode())
    assert producer.flush(20) == 0


def post(url: str, user: str) -> None:
    item = ITEMS[len(user) % 2]
    event: dict[str, Any] = {"id": user, "type": "add_to_cart", "user": user, "item": item}
    event |= {"time": int(time.time() * 1000), "price": 5.0}

    def taken() -> bool:
        try:
            return httpx.post(f"{url}/v1/events", json=event, timeout=30).status_code == 200
        except httpx.HTTPError:
            return False

    until(taken)


@pytest.mark.timeout(600)  # the whole engine, killed part by part, on a machine that may be busy
def test_no_trigger_is_lost_and_none_comes_twice(tmp_path: Path) -> None:
    people = {f"user-{number}" for number in range(PEOPLE)}  # of two lengths: of two items
    environ = {
        "HEADRACE_FLOW__EPOCH_SECONDS": "0.5",
        "HEADRACE_FLOW__FAMILIES": '["intent"]',
        "HEADRACE_WEBHOOKS__ALLOW": '["127.0.0.0/8"]',
    }
    with receiving() as receiver, Up(tmp_path, program=REAL, **environ) as up:
        url = up.ready()
        body = {"delivery": "webhook", "url": receiver.url, "filter": {"campaigns": ["cart"]}}
        made = httpx.post(f"{url}/v1/subscriptions", json=body, timeout=30).json()
        receiver.secrets = [made["secret"]]
        offer(up.settings["kafka"]["bootstrap_servers"])
        httpx.post(f"{url}/v1/campaigns", json=CAMPAIGN, timeout=30).raise_for_status()
        followers = [stream(url), poll(url)]
        for follower in followers:
            follower.start()
        # In force within two seconds; whoever came before it fires nothing.
        until(lambda: _fires(url, followers[0]))
        for number, user in enumerate(sorted(people)):
            post(url, user)
            if number % 20 == 10:
                up.child(("flows.main", "api.main", "api.webhooks")[number // 20]).kill()
        for follower in followers:
            until(lambda follower=follower: people <= set(follower.users))
        until(lambda: len(set(receiver.ids)) >= len(set(followers[0].users)))
        reader = TopicReader(up.settings["kafka"]["bootstrap_servers"], [TRIGGERS_TOPIC], 8)
        reader.until(lambda found: len({m.key() for m in found}) >= len(set(followers[0].users)))
        found = [load_json(up.revealed(m.value() or b"")) for m in reader.messages]
        reader.close()
        with redis.Redis.from_url(up.settings["redis"]["url"]) as store:
            entries = store.xrange(triggers_key("default"))
        on_stream = [load_json(up.revealed(entry[b"event"])) for _, entry in entries]
        # The same at every kind of subscriber, whatever was done again.
        said = {one["id"]: one for one in on_stream}
        assert len(said) == len(on_stream), "none twice"
        assert any(one["data"].get("recommendations") for one in on_stream)
        assert followers[0].said == followers[1].said == said
        assert all(one == said[one["id"]] for one in found)
        assert {
            id_: [load_json(body) for body in bodies] for id_, bodies in receiver.bodies.items()
        } == {id_: [one] for id_, one in said.items()}
        for follower in followers:
            follower.stopped = True
            assert len(follower.users) == len(set(follower.users)), "none twice"
        assert set(followers[0].users) == set(followers[1].users)
        assert receiver.unverified == 0
        shown = httpx.get(f"{url}/v1/subscriptions/{made['id']}", timeout=30).json()
        assert (shown["lost"], shown["dead"]) == (0, 0)
        assert up.end() == 0
    for follower in followers:
        follower.join(30)


def _fires(url: str, follower: Follower) -> bool:
    post(url, f"early-{time.monotonic_ns()}")
    time.sleep(0.2)
    return bool(follower.users)
