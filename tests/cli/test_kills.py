"""Workers killed with -9, again and again: nothing lost, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
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
from tests.cli.running import ROOT, Up, until

KILLS = 10
QUIET_SECONDS = 4.0
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


class Replaying:
    """A `headrace replay` in a process of its own."""

    def __init__(self, folder: Path, source: Path, namespace: str, *options: str) -> None:
        self.folder = folder / "namespaces" / namespace
        self.json = folder / f"{namespace}.json"
        clean = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "replay", str(source)),
                *("--data-dir", str(folder), "--namespace", namespace, "--json", str(self.json)),
                *options,
            ],
            env=clean
            | {
                "PYTHONPATH": str(ROOT),
                "HEADRACE_FLOW__EPOCH_SECONDS": "0.2",
                "HEADRACE_FLOW__ROUND_EVENTS": "200",
                "HEADRACE_FLOW__BUCKETS": "16",
                "HEADRACE_FLOW__SHARDS": "16",
                "HEADRACE_CAMPAIGNS__FOLDER": str(folder / "campaigns"),
            },
        )

    def pids(self) -> set[int]:
        found = set()
        for file in (self.folder / "run").glob("worker-*.ready"):
            with suppress(FileNotFoundError):  # it goes when its worker is to start again
                text = file.read_text().strip()
                found |= {int(text)} if text else set()
        return found

    def await_restart(self, seen: set[int]) -> None:
        until(lambda: len(self.pids()) == 2 and not self.pids() & seen)

    def summary(self) -> dict[str, Any]:
        assert self.process.wait(300) == 0
        found: dict[str, Any] = json.loads(self.json.read_text())
        del found["events_per_second"]
        return found


@pytest.mark.timeout(600)  # eleven starts of two workers, on a machine that may be busy
def test_a_replay_killed_ten_times_ends_in_the_state_of_the_unbroken_one(tmp_path: Path) -> None:
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(traffic(6_000)))
    write_campaigns(tmp_path / "campaigns")
    unbroken = Replaying(tmp_path, source, "unbroken").summary()
    assert unbroken["rejected"]
    assert unbroken["duplicate"] > 50
    assert all(unbroken["triggers"][campaign["id"]] > 20 for campaign in CAMPAIGNS)

    dice = random.Random(SEED)
    # 6,000 events of nine seconds each, so fast that the run outlives the kills.
    speed = f"{6_000 * 9 / 25:.0f}x"
    broken = Replaying(tmp_path, source, "broken", "--workers", "2", "--speed", speed)
    seen: set[int] = set()
    for _ in range(KILLS):
        broken.await_restart(seen)
        time.sleep(dice.uniform(0.3, 1.5))
        assert broken.process.poll() is None, "it ended before all kills: replay more events"
        seen |= broken.pids()
        kill_one(broken.pids(), dice)
    assert broken.summary() == unbroken, f"seed {SEED}"


def write_campaigns(folder: Path) -> None:
    """Write the campaigns as files, in the subset of TOML that is JSON's."""
    folder.mkdir()
    for campaign in CAMPAIGNS:
        lines = []
        for name, value in campaign.items():
            if name == "with":
                value = "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + "}"
            elif name == "caps":
                value = '[{count = 20, per = "1d"}]'
            else:
                value = json.dumps(value)
            lines.append(f"{name} = {value}")
        (folder / f"{campaign['id']}.toml").write_text("\n".join(lines) + "\n")


def kill_one(pids: set[int], dice: random.Random) -> None:
    # When one dies the other may be gone already: a cluster dies as one.
    with suppress(ProcessLookupError):
        os.kill(dice.choice(sorted(pids)), signal.SIGKILL)


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
            return time.monotonic() - since > QUIET_SECONDS

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


@pytest.mark.timeout(600)  # two starts of the whole engine and ten of its workers
def test_live_workers_killed_ten_times_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    # Nobody has two devices, and all is on one topic: what one person does on several devices,
    # or in clicks and in feedback, arrives as it arrives.
    records = [value for value in traffic(3_000, "share") if value.startswith(b'{"id":"')]
    settings = {
        "HEADRACE_FLOW__EPOCH_SECONDS": "0.3",
        "HEADRACE_FLOW__BUCKETS": "16",
        "HEADRACE_CAMPAIGNS__CLOCK_SECONDS": "0",  # the events are of another year
    }
    states: list[dict[str, bytes]] = []
    fired: list[set[str]] = []
    for kills in (0, KILLS):
        folder = tmp_path / str(kills)
        folder.mkdir()
        with Up(folder, "--workers", "2", program=REAL, **settings) as up:
            live = Live(up)
            live.watch_carts()
            dice = random.Random(SEED)
            step = len(records) // (kills + 1) + 1
            for number, at in enumerate(range(0, len(records), step)):
                live.send(records[at : at + step])
                if number == kills:
                    break
                # A worker that dies sooner after its start counts as one that cannot start.
                time.sleep(dice.uniform(4.0, 5.0))
                until(lambda: len(live.workers()) == 2)  # noqa: B023
                kill_one(live.workers(), dice)
                until(lambda run=number + 2: f"run {run} of namespace live" in up.errors)
            live.await_ends(len(records))
            states.append(live.state())
            ids = live.triggers()
            assert len(set(ids)) == len(ids)
            assert live.triggers_on_kafka(len(ids)) == set(ids)
            fired.append(set(ids))
            assert up.end() == 0
    assert states[1] == states[0], f"seed {SEED}"
    assert len([key for key in states[0] if ":profile:" in key]) > 50
    # No trigger was lost, and none was accepted twice.
    assert fired[1] == fired[0], f"seed {SEED}"
    assert len(fired[0]) > 100
