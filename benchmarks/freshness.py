"""How long from a collected event to the recommendation that it changes?

    python -m benchmarks.freshness
    python -m benchmarks.freshness --seconds 60 --events-rate 500 --reads-rate 200

Runs `headrace up` (embedded store and broker, one worker, API), fills it with some minutes of
shopping, and then posts events one a request and asks for recommendations, both in an open loop:
each at its scheduled time, whatever became of those before.

Five times a second a probe is among the events: a visitor views an item that they have not touched
before. From the collector's 2xx on, the probe asks for that visitor's recommendations, again and
again with 5 ms between, until the answer counts the event (`as_of`) and differs from the one before
the event. That is the freshness; the probe's own requests come on top of the load. An answer that
counts the event and is the same (an item without neighbours can change nothing) is `unchanged`; one
that never counts it is `lost`.

With `--steps`, where it goes is observed beside it: when a Kafka consumer with the settings of the
flow's own sees the event (source), when the profile's view is in the store (graph and view write),
and what is left until the changed answer (read, with up to 5 ms of waiting between two requests).
Observing is a load of its own, so quote the figure from a run without.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil
import redis.asyncio
import uvloop
from confluent_kafka import OFFSET_END, Consumer, TopicPartition

from benchmarks._http import Connection, Pool
from benchmarks._load import at_rate
from benchmarks._traffic import Shoppers
from cli.embedded.ports import free_port
from contracts.codec import load_json, unpack_profile
from contracts.keys import CLICK_TOPIC, Keys
from contracts.settings import Settings
from flows.kafka_client import consumer_config

P50_TARGET_MS = 30.0
P99_TARGET_MS = 120.0
PROBE_EVERY_S = 0.2
POLL_S = 0.005
GIVE_UP_S = 5.0
HISTORY_S = 240
BATCH = 500
STEPS = ("collect", "source", "graph and view write", "read", "freshness")


@contextmanager
def headrace(data_dir: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run `headrace up` on a free port; yield its URL, and its process."""
    log = (data_dir.parent / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "up", f"--port={free_port()}", f"--data-dir={data_dir}"],
        stdout=subprocess.PIPE,
        stderr=log,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        if not line.startswith("ready http"):
            raise RuntimeError(f"headrace up said {line!r}: {(data_dir.parent / 'up.log')}")
        yield line.split()[1], psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)
        log.close()


PROGRAMS = {
    "flows.main": "worker",
    "api.main": "API",
    "api.webhooks": "webhooks",
    "valkey": "store",
    "tansu": "broker",
}


def cpu_seconds(parent: psutil.Process) -> dict[str, float]:
    """Return what each of the programs took, and this one, which makes the load."""
    found = {"load": time.process_time()}
    for child in parent.children(recursive=True):
        words = " ".join(child.cmdline()).lower()
        for word, name in PROGRAMS.items():
            if word in words:
                found[name] = sum(child.cpu_times()[:2])
    return found


class Watch(threading.Thread):
    """Sees each event of the click topic when a consumer like the flow's own does."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.seen: dict[str, float] = {}
        self.stopped = False
        config = {"bootstrap.servers": settings.kafka.bootstrap_servers}
        self._consumer: Any = Consumer(consumer_config(config, "freshness", lambda error: None))
        partitions = range(settings.kafka.partitions)
        self._consumer.assign([TopicPartition(CLICK_TOPIC, p, OFFSET_END) for p in partitions])

    def run(self) -> None:
        while not self.stopped:
            for message in self._consumer.consume(500, 0.002):
                if message.error() is None and b'"probe-' in message.value():
                    self.seen[orjson.loads(message.value())["id"]] = time.perf_counter()
        self._consumer.close()


@dataclass
class Measured:
    """What came of the load: milliseconds by step of each probe, and of the load's requests."""

    steps: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in STEPS})
    posts: list[float] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    cpu: dict[str, float] = field(default_factory=dict)
    lost: int = 0
    unchanged: int = 0


class Load:
    """The events, the readers and the probes."""

    def __init__(
        self, url: str, process: psutil.Process, settings: Settings, args: argparse.Namespace
    ) -> None:
        self._url = url
        self._process = process
        self._args = args
        self._keys = Keys(settings.namespace)
        self._store: Any = redis.asyncio.Redis.from_url(settings.redis.url.get_secret_value())
        self._watch = Watch(settings) if args.steps else None
        self.measured = Measured()

    async def run(self) -> Measured:
        args = self._args
        now = int(time.time() * 1000)
        shoppers = iter(
            Shoppers(args.users, args.items, args.events_rate, 1, now - HISTORY_S * 1000)
        )
        await self._fill([event.raw for event in islice(shoppers, args.history)])
        if self._watch is not None:
            self._watch.start()
        before, began = cpu_seconds(self._process), time.perf_counter()
        async with Pool(self._url) as pool:
            await asyncio.gather(
                self._at_rate(args.events_rate, lambda n: self._post(pool, next(shoppers).raw)),
                self._at_rate(args.reads_rate, lambda n: self._read(pool, n)),
                self._at_rate(1 / PROBE_EVERY_S, self._probe),
            )
        spent = time.perf_counter() - began
        after = cpu_seconds(self._process)
        self.measured.cpu = {k: (after[k] - before.get(k, 0.0)) / spent for k in sorted(after)}
        if self._watch is not None:
            self._watch.stopped = True
            self._watch.join()
        await self._store.aclose()
        return self.measured

    async def _fill(self, raws: list[bytes]) -> None:
        connection = Connection(self._url)
        for first in range(0, len(raws), BATCH):
            events = [_loaded(raw) for raw in raws[first : first + BATCH]]
            status, body = await connection.post(
                "/v1/events", orjson.dumps([e for e in events if e])
            )
            if status >= 300:
                raise RuntimeError(f"the collector answered {status}: {body[:500]!r}")
        # Everything is in the views once the last event's visitor is.
        last = next(e for e in reversed(events) if e)
        user = last.get("user") or f"device:{last['device']}"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            _, body = await connection.get(f"/v1/users/{user}/recommendations?n=1")
            if (load_json(body)["as_of"] or 0) >= last["time"]:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(2.0)
        connection.close()

    def _at_rate(self, rate: float, action: Callable[[int], Awaitable[None]]) -> Awaitable[None]:
        return at_rate(rate, self._args.seconds, action, self.measured.statuses)

    async def _post(self, pool: Pool, raw: bytes) -> None:
        event = _loaded(raw)
        if event is None:
            return
        event["time"] = int(time.time() * 1000)
        began = time.perf_counter()
        async with pool.connection() as connection:
            status, _ = await connection.post("/v1/events", orjson.dumps(event))
        self.measured.posts.append(_ms(began))
        self.measured.statuses[f"events {status}"] += 1

    async def _read(self, pool: Pool, number: int) -> None:
        user = f"user-{number * 7919 % self._args.users // 2 * 2:07d}"
        began = time.perf_counter()
        async with pool.connection() as connection:
            status, _ = await connection.get(f"/v1/users/{user}/recommendations?n=20")
        self.measured.reads.append(_ms(began))
        self.measured.statuses[f"reads {status}"] += 1

    async def _probe(self, number: int) -> None:
        connection = Connection(self._url)
        user, id_ = f"probe-{number % 20}", f"probe-{number}"
        path = f"/v1/users/{user}/recommendations?n=20"
        _, before = await connection.get(path)
        event = {"id": id_, "type": "view", "user": user, "item": f"item-{number:06d}"}
        event["time"] = moment = int(time.time() * 1000)
        began = time.perf_counter()
        status, _ = await connection.post("/v1/events", orjson.dumps(event))
        acked = time.perf_counter()
        if status >= 300:
            self.measured.statuses[f"probes {status}"] += 1
            return
        watching = self._written(user, moment, acked) if self._watch is not None else _nothing()
        written, changed = await asyncio.gather(
            watching, self._changed(connection, path, before, moment)
        )
        connection.close()
        if changed is None:
            return
        self._add("collect", acked - began)
        self._add("freshness", changed - acked)
        source = self._watch.seen.get(id_) if self._watch is not None else None
        if written is not None and source is not None:
            self._add("source", source - acked)
            self._add("graph and view write", written - source)
            self._add("read", changed - written)

    def _add(self, step: str, seconds: float) -> None:
        self.measured.steps[step].append(seconds * 1000)

    async def _written(self, user: str, moment: int, since: float) -> float | None:
        key = self._keys.profile("default", user)
        while time.perf_counter() - since < GIVE_UP_S:
            raw = await self._store.get(key)
            if raw is not None and unpack_profile(raw).as_of >= moment:
                return time.perf_counter()
            await asyncio.sleep(POLL_S)
        return None

    async def _changed(
        self, connection: Connection, path: str, before: bytes, moment: int
    ) -> float | None:
        old, since, counted = load_json(before)["items"], time.perf_counter(), False
        while time.perf_counter() - since < GIVE_UP_S:
            _, body = await connection.get(path)
            answer = load_json(body)
            counted = (answer["as_of"] or 0) >= moment
            if counted and answer["items"] != old:
                return time.perf_counter()
            await asyncio.sleep(POLL_S)
        self.measured.unchanged += counted
        self.measured.lost += not counted
        return None


async def _nothing() -> None:
    """Observe nothing."""


def _loaded(raw: bytes) -> dict[str, Any] | None:
    """Return the event, or None for one of those that are broken on purpose."""
    try:
        event: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return event


def _ms(since: float) -> float:
    return (time.perf_counter() - since) * 1000


def measure(args: argparse.Namespace) -> Measured:
    with (
        tempfile.TemporaryDirectory(prefix="freshness-") as folder,
        headrace(Path(folder) / "data") as (url, process),
    ):
        settings = Settings.load(Path(folder) / "data" / "run" / "settings.json")
        return uvloop.run(Load(url, process, settings, args).run())


def summary(measured: Measured) -> dict[str, Any]:
    found = {**measured.steps, "event requests": measured.posts, "reads": measured.reads}
    return {
        "ms": {
            name: dict(zip(("p50", "p95", "p99"), np.percentile(values, (50, 95, 99)), strict=True))
            for name, values in found.items()
            if values
        },
        "probes": len(measured.steps["freshness"]),
        "lost": measured.lost,
        "unchanged": measured.unchanged,
        "cores": measured.cpu,
        "statuses": dict(measured.statuses),
    }


def report(result: dict[str, Any]) -> None:
    print(f"{'ms':<28}{'p50':>8}{'p95':>8}{'p99':>8}")
    for name, row in result["ms"].items():
        print(f"{name:<28}{row['p50']:>8.1f}{row['p95']:>8.1f}{row['p99']:>8.1f}")
    print(
        f"\n{result['probes']} probes, {result['lost']} lost, {result['unchanged']} unchanged; "
        f"{result['statuses']}\n"
    )
    cores = ", ".join(f"{name} {share:.2f}" for name, share in result["cores"].items())
    print(f"cores in use: {cores}; load average of the machine {os.getloadavg()[0]:.1f}\n")
    found = result["ms"]["freshness"]
    for name, target in (("p50", P50_TARGET_MS), ("p99", P99_TARGET_MS)):
        word = "reached" if found[name] < target else "MISSED"
        print(f"freshness {name}: {found[name]:.1f} ms   target under {target:.0f} ms   {word}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--events-rate", type=float, default=500.0)
    parser.add_argument("--reads-rate", type=float, default=200.0)
    parser.add_argument("--history", type=int, default=60_000, help="events before the measurement")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--steps", action="store_true", help="also observe where the time goes")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    result = summary(measure(args))
    print(json.dumps(result, indent=1)) if args.json else report(result)


if __name__ == "__main__":
    main()
