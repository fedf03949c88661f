"""How long from a collected event to the trigger that it fires, as a subscriber receives it?

    python -m benchmarks.triggers
    python -m benchmarks.triggers --seconds 60 --events-rate 500

Runs `headrace up` (embedded store and broker, one worker, API) with one campaign: something lies in
the cart that was empty. Then shoppers post events one a request, in an open loop, and their carts
fire triggers as they come. Among them ten times a second is a probe: a new visitor who puts an item
into the cart. From the collector's 2xx for the probe to its trigger in a stream of server-sent
events is the latency. It is split at the moment when the store took the trigger (the id of its
entry, to the millisecond): `flow` is before, `delivery` after.

Then, with the load gone, `delivery alone`: triggers put on the stream one by one, 500 a second, to
the stream of one subscriber.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import psutil
import uvloop

from benchmarks._http import Pool
from benchmarks._load import at_rate
from benchmarks._traffic import Shoppers
from benchmarks.freshness import cpu_seconds, headrace
from contracts.cloudevents import encode_trigger
from contracts.decisions import Trigger
from contracts.keys import run_key
from contracts.settings import Settings
from storage.connection import connect
from storage.triggers import Offered, TriggerStore

P50_TARGET_MS = 60.0
P99_TARGET_MS = 300.0
PROBES_RATE = 10.0
GIVE_UP_S = 10.0
CAMPAIGN = {
    "id": "cart",
    "name": "Something in the cart",
    "condition": "profile.cart_items >= 1",
    "cooldown": "1d",
    "consent": [],
}


class Subscriber(threading.Thread):
    """One client of the stream: when each trigger came, and when the store took it, by person."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.came: dict[str, tuple[float, int]] = {}
        self.repeated = 0
        self.ready = threading.Event()
        self._url = url

    def run(self) -> None:
        entry = 0
        with (
            suppress(httpx.RemoteProtocolError),  # the engine ended, and the stream with it
            httpx.stream("GET", f"{self._url}/v1/triggers/stream", timeout=None) as answer,
        ):
            self.ready.set()
            for line in answer.iter_lines():
                if line.startswith("id: "):
                    entry = int(line[4:].partition("-")[0])
                elif line.startswith("data: "):
                    now = time.time()
                    user = orjson.loads(line[6:])["subject"]
                    self.repeated += user in self.came
                    self.came[user] = now, entry


class Load:
    """Shoppers and probes, and what came of them."""

    def __init__(self, url: str, subscriber: Subscriber, args: argparse.Namespace) -> None:
        self._url = url
        self._args = args
        self._subscriber = subscriber
        self.accepted: dict[str, float] = {}
        self.statuses: Counter[str] = Counter()

    async def run(self) -> None:
        args = self._args
        now = int(time.time() * 1000)
        shoppers = iter(Shoppers(args.users, args.items, args.events_rate, 1, now))
        async with Pool(self._url) as pool:
            await asyncio.gather(
                self._at_rate(args.events_rate, lambda n: self._post(pool, next(shoppers).raw)),
                self._at_rate(PROBES_RATE, lambda n: self._probe(pool, n)),
            )
        deadline = time.monotonic() + GIVE_UP_S
        while time.monotonic() < deadline and self.accepted.keys() - self._subscriber.came.keys():
            await asyncio.sleep(0.1)

    def _at_rate(self, rate: float, action: Callable[[int], Awaitable[None]]) -> Awaitable[None]:
        return at_rate(rate, self._args.seconds, action, self.statuses)

    async def _post(self, pool: Pool, raw: bytes) -> None:
        try:
            event = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return  # one of those that are broken on purpose
        event["time"] = int(time.time() * 1000)
        async with pool.connection() as connection:
            status, _ = await connection.post("/v1/events", orjson.dumps(event))
        self.statuses[f"events {status}"] += 1

    async def _probe(self, pool: Pool, number: int) -> None:
        user = f"probe-{number}"
        event = {"id": user, "type": "add_to_cart", "user": user, "item": f"item-{number:06d}"}
        event |= {"time": int(time.time() * 1000), "price": 9.9, "quantity": 1}
        async with pool.connection() as connection:
            status, _ = await connection.post("/v1/events", orjson.dumps(event))
        if status < 300:
            self.accepted[user] = time.time()


def begin(url: str) -> None:
    """Make the campaign, and wait until it fires."""
    httpx.post(f"{url}/v1/campaigns", json=CAMPAIGN, timeout=30).raise_for_status()
    cursor, deadline = "0", time.monotonic() + 60
    for number in range(1_000):
        user = f"warm-{number}"
        event = {"id": user, "type": "add_to_cart", "user": user, "item": "item-000001"}
        body = event | {"time": int(time.time() * 1000), "price": 1.0}
        httpx.post(f"{url}/v1/events", json=body, timeout=30)
        asked = {"cursor": cursor, "wait": 1}
        answer = httpx.get(f"{url}/v1/triggers", params=asked, timeout=30).json()
        if answer["triggers"]:
            return
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the campaign does not fire")


def deliver_alone(
    settings: Settings, subscriber: Subscriber, count: int, rate: float
) -> list[float]:
    """Return the milliseconds from accepting a trigger to receiving it."""
    run = _run_of(settings)
    store = TriggerStore(settings.redis, settings.namespace, run, settings.namespace)
    accepted, began = {}, time.perf_counter()
    for number in range(count):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        now = int(time.time() * 1000)
        user = f"alone-{number}"
        one = Trigger(
            id=user, site="default", campaign="cart", version=1, user=user, time=now, event=user
        )
        store.accept([Offered(one.site, one.id, encode_trigger(one))])
        accepted[user] = time.time()
    time.sleep(1.0)
    store.close()
    came = subscriber.came
    return [(came[user][0] - at) * 1000 for user, at in accepted.items() if user in came]


def _run_of(settings: Settings) -> int:
    with connect(settings.redis) as client:
        return int(client.get(run_key(settings.namespace)) or 0)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="triggers-") as folder,
        headrace(Path(folder) / "data") as (url, process),
    ):
        settings = Settings.load(Path(folder) / "data" / "run" / "settings.json")
        begin(url)
        subscriber = Subscriber(url)
        subscriber.start()
        subscriber.ready.wait(30)
        load = Load(url, subscriber, args)
        before, began = cpu_seconds(process), time.perf_counter()
        uvloop.run(load.run())
        spent = time.perf_counter() - began
        after = cpu_seconds(process)
        triggers, began = len(subscriber.came), time.perf_counter()
        alone = deliver_alone(settings, subscriber, int(args.alone * 500), 500.0)
        spent_alone, last = time.perf_counter() - began, cpu_seconds(process)
        return {
            **summary(load, subscriber, alone),
            "triggers": triggers,
            "cores": {k: (after[k] - before.get(k, 0.0)) / spent for k in sorted(after)},
            "cores alone": {k: (last[k] - after[k]) / spent_alone for k in sorted(after)},
            "webhooks_mb": _memory(process),
        }


def _memory(process: psutil.Process) -> float:
    for child in process.children(recursive=True):
        if "api.webhooks" in child.cmdline():
            return float(child.memory_info().rss) / 1e6
    return 0.0


def summary(load: Load, subscriber: Subscriber, alone: list[float]) -> dict[str, Any]:
    came = {user: subscriber.came[user] for user in load.accepted if user in subscriber.came}
    found = {
        "latency": [(at - load.accepted[user]) * 1000 for user, (at, _) in came.items()],
        "flow": [entry - load.accepted[user] * 1000 for user, (_, entry) in came.items()],
        "delivery": [at * 1000 - entry for at, entry in came.values()],
        "delivery alone": alone,
    }
    return {
        "ms": {
            name: dict(zip(("p50", "p95", "p99"), np.percentile(values, (50, 95, 99)), strict=True))
            for name, values in found.items()
            if values
        },
        "probes": len(load.accepted),
        "lost": len(load.accepted) - len(came),
        "repeated": subscriber.repeated,
        "statuses": dict(load.statuses),
    }


def report(result: dict[str, Any]) -> None:
    print(f"{'ms':<20}{'p50':>8}{'p95':>8}{'p99':>8}")
    for name, row in result["ms"].items():
        print(f"{name:<20}{row['p50']:>8.1f}{row['p95']:>8.1f}{row['p99']:>8.1f}")
    print(
        f"\n{result['probes']} probes among {result['triggers']} triggers, {result['lost']} lost, "
        f"{result['repeated']} repeated; {result['statuses']}"
    )
    for kind in ("cores", "cores alone"):
        cores = ", ".join(f"{name} {share:.2f}" for name, share in result[kind].items())
        print(f"{kind + ' in use':<20}{cores}")
    print(
        f"webhooks {result['webhooks_mb']:.0f} MB; "
        f"load average of the machine {os.getloadavg()[0]:.1f}\n"
    )
    for name, target in (("p50", P50_TARGET_MS), ("p99", P99_TARGET_MS)):
        found = result["ms"]["latency"][name]
        word = "reached" if found < target else "MISSED"
        print(f"latency {name}: {found:.1f} ms   target under {target:.0f} ms   {word}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--events-rate", type=float, default=500.0)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=12_000)
    parser.add_argument("--alone", type=float, default=5.0, help="seconds of delivery alone")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    result = measure(args)
    print(json.dumps(result, indent=1)) if args.json else report(result)


if __name__ == "__main__":
    main()
