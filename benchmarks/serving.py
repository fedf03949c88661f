"""How long an answer takes, where the time goes, and what it costs while the store is away.

    python -m benchmarks.serving
    python -m benchmarks.serving --rate 300 --seconds 30 --users 100000 --items 100000

Fills an embedded store through `storage` as the dataflow would: a catalogue, a neighbour row of 64
for each item, rankings of 500, and for each user a profile with ten recents and a standing. Then it
starts the API as a process of its own (one worker, every answer logged to an embedded broker) and
asks for `n=20` recommendations in an open loop: each at its scheduled time, from which its latency
counts, whatever became of those before. The API's own figures tell what the two round trips and
the computing take; last the store is frozen, and then killed, under the same load.

Where others use the machine too, `chrt -r 5` before it gives it the cores when it needs them: it
takes about one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import psutil
import uvloop

from benchmarks._http import Connection, Pool
from cli.embedded import EmbeddedBroker, EmbeddedStore
from cli.embedded.ports import free_port
from contracts.codec import pack
from contracts.decisions import DECISION_VERSION, Score, Standing
from contracts.events import Item
from contracts.keys import PROFILE_TTL_MS, Keys, catalog_page_of, item_key
from contracts.profile import PROFILE_VERSION, Profile, Recent
from contracts.pseudonyms import Pseudonyms
from contracts.settings import Settings
from flows.topics import create_topics
from online_models.rows import NeighbourRow, TopList, pack_row, pack_top
from storage.redis_views import RedisViews
from storage.writes import AddMembers, SetFields, SetView, Write

P99_TARGET_MS = 10.0
AWAY_TARGET_MS = 50.0
SITE = "default"
CATEGORIES = 200
SLOTS = 64
RECENTS = 10
RANKED = 500
CHUNK = 5_000


def fill(views: RedisViews, users: int, items: int, names: Pseudonyms, seed: int = 7) -> None:
    """Write the views of a site whose items and tastes follow a power law."""
    random = np.random.default_rng(seed)
    keys, now = Keys(), int(time.time() * 1000)
    numbers = np.array([item_key(f"item-{n:06d}") for n in range(items)], np.uint64)
    views.write([AddMembers(keys.sites(), [SITE]), *_rankings(keys, numbers, now)])
    for first in range(0, items, CHUNK):
        batch: list[Write] = []
        for n in range(first, min(first + CHUNK, items)):
            id_ = f"item-{n:06d}"
            item = Item(id=id_, category=f"category-{n % CATEGORIES}", price=float(n % 90 + 1))
            page = keys.catalog_page(SITE, catalog_page_of(id_))
            batch.append(SetFields(page, {id_: pack(item)}))
            near = numbers[(n + 1 + (random.pareto(1.0, SLOTS) * 20).astype(int)) % items]
            weights = random.pareto(2.0, (SLOTS, 2)).astype(np.float32)
            row = pack_row(NeighbourRow(np.unique(near), weights[: len(np.unique(near))], now))
            batch.append(SetView(keys.neighbours_of(SITE, int(numbers[n])), row, PROFILE_TTL_MS))
        views.write(batch)
    for first in range(0, users, CHUNK):
        views.write(
            [
                write
                for n in range(first, min(first + CHUNK, users))
                for write in _person(keys, names.token(SITE, f"user-{n:06d}"), random, items, now)
            ]
        )


def _rankings(keys: Keys, numbers: Any, now: int) -> Iterator[Write]:
    weights = np.arange(RANKED, 0, -1).astype(np.float32)
    for name in ("short", "medium", "long", "popular", "trending"):
        top = TopList(numbers[:RANKED], weights, now, float(weights.sum()) * 2)
        yield SetView(keys.top(SITE, name), pack_top(top))


def _person(keys: Keys, user: str, random: Any, items: int, now: int) -> list[Write]:
    touched = random.integers(0, items, RECENTS)
    recents = [
        Recent.of(f"item-{n:06d}", "view", now - 60_000 * (RECENTS - at))
        for at, n in enumerate(touched.tolist())
    ]
    profile = Profile(
        PROFILE_VERSION,
        SITE,
        user,
        as_of=now,
        events=RECENTS,
        recents=recents,
        owned={f"item-{int(touched[0]):06d}": now},
        categories={f"category-{n % CATEGORIES}": 1.0 for n in touched.tolist()},
    )
    standing = Standing(
        DECISION_VERSION, SITE, user, now, {"intent": Score("intent", 0.3, now)}, "s1"
    )
    return [
        SetView(keys.profile(SITE, user), pack(profile), PROFILE_TTL_MS),
        SetView(keys.standing(SITE, user), pack(standing), PROFILE_TTL_MS),
    ]


@dataclass
class Asked:
    """What came of one stretch of load: latencies (ms) from the scheduled time."""

    latencies: list[float] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    late_starts: int = 0

    def figures(self) -> dict[str, Any]:
        marks = np.percentile(self.latencies, (50, 90, 99, 99.9, 100)).round(2).tolist()
        return {
            **dict(zip(("p50", "p90", "p99", "p99.9", "max"), marks, strict=True)),
            "requests": len(self.latencies),
            "outcomes": dict(self.outcomes),
            "late_starts": self.late_starts,
        }


async def ask(url: str, rate: float, seconds: float, users: int, seed: int) -> Asked:
    """Ask for recommendations in an open loop."""
    asked, random = Asked(), np.random.default_rng(seed)
    chosen = random.integers(0, users, int(rate * seconds)).tolist()
    tasks = set()
    async with Pool(url) as pool:
        began = time.perf_counter() + 0.05
        for number, user in enumerate(chosen):
            scheduled = began + number / rate
            await asyncio.sleep(max(0.0, scheduled - time.perf_counter()))
            # What the generator itself is late by is no fault of the server; it is counted apart.
            asked.late_starts += time.perf_counter() - scheduled > 0.005
            task = asyncio.ensure_future(_ask_one(pool, url, f"user-{user:06d}", scheduled, asked))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
    return asked


async def _ask_one(pool: Pool, url: str, user: str, scheduled: float, asked: Asked) -> None:
    path = f"/v1/users/{user}/recommendations?n=20"
    try:
        async with pool.connection() as connection:
            status, body = await connection.get(path)
    except (asyncio.IncompleteReadError, ConnectionError):
        # The server closes a connection that was idle for 5 s; every client asks again then.
        status, body = await Connection(url).get(path)
    asked.latencies.append((time.perf_counter() - scheduled) * 1000)
    if status != 200:
        asked.outcomes[str(status)] += 1
        return
    answer = orjson.loads(body)
    made = "degraded" if answer["degraded"] else "fallback" if answer["fallback"] else "personal"
    asked.outcomes[made if len(answer["items"]) == 20 else "short"] += 1


@contextmanager
def api(environ: dict[str, str], port: int, log: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Run the API as a process; yield its URL once it is ready."""
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.main"],
            env={**os.environ, **environ},
            stdout=output,
            stderr=output,
        )
        try:
            uvloop.run(_ready(url, process, log))
            yield url, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(30)


async def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        connection = Connection(url)
        try:
            if (await connection.get("/readyz"))[0] == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        await asyncio.sleep(0.1)
    raise RuntimeError(f"the API did not become ready:\n{log.read_text()[-2_000:]}")


async def figures(url: str) -> dict[str, float]:
    """Return the API's own sums and counts, by name and label."""
    connection = Connection(url)
    _, body = await connection.get("/metrics")
    connection.close()
    lines = (line.rsplit(" ", 1) for line in body.decode().splitlines() if line[0] != "#")
    return {name: float(value) for name, value in lines}


def costs(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Return the mean milliseconds of an answer's steps, as the API saw them."""

    def mean(name: str, label: str) -> float:
        total, count = (
            after[f"{name}_{part}{{{label}}}"] - before.get(f"{name}_{part}{{{label}}}", 0.0)
            for part in ("sum", "count")
        )
        return total / count * 1000

    whole = mean("headrace_serve_seconds", 'kind="recommendations"')
    people = mean("headrace_serve_store_seconds", 'trip="people"')
    rows = mean("headrace_serve_store_seconds", 'trip="rows"')
    return {
        "trip 1, person": people,
        "trip 2, neighbour rows": rows,
        "compute": whole - people - rows,
        "in the handler": whole,
    }


def measure(args: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="serving-") as name:
        folder = Path(name)
        with (
            EmbeddedStore(folder / "store", folder / "store.log") as store,
            EmbeddedBroker(folder / "broker", folder / "broker.log") as broker,
        ):
            port = free_port()
            environ = {
                "HEADRACE_DATA_DIR": str(folder / "data"),
                "HEADRACE_API__PORT": str(port),
                "HEADRACE_REDIS__URL": store.url,
                "HEADRACE_KAFKA__BOOTSTRAP_SERVERS": broker.bootstrap_servers,
                "HEADRACE_API__PSEUDONYM_KEYS__1": "the secret of the pseudonyms of a benchmark",
            }
            settings = Settings.load(environ=environ)
            create_topics(broker.bootstrap_servers, settings.kafka.partitions)
            began = time.perf_counter()
            views = RedisViews.open(settings.redis)
            fill(views, args.users, args.items, Pseudonyms.of(settings.api))
            views.close()
            filled = time.perf_counter() - began
            with api(environ, port, folder / "api.log") as (url, process):
                return {"filled_seconds": round(filled, 1), **load(args, url, process, store)}


def load(
    args: argparse.Namespace, url: str, process: psutil.Process, store: EmbeddedStore
) -> dict[str, Any]:
    def stretch(seconds: float, seed: int) -> Asked:
        return uvloop.run(ask(url, args.rate, seconds, args.users, seed))

    stretch(min(5.0, args.seconds), 1)
    before, cpu = uvloop.run(figures(url)), process.cpu_times()
    asked = stretch(args.seconds, 2)
    after, cpu_after = uvloop.run(figures(url)), process.cpu_times()
    spent = cpu_after.user + cpu_after.system - cpu.user - cpu.system
    result: dict[str, Any] = {
        "answers": asked.figures(),
        "cost_ms": {name: round(ms, 3) for name, ms in costs(before, after).items()},
        "cpu_ms_a_request": round(spent / len(asked.latencies) * 1000, 3),
        "rss_mb": round(process.memory_info().rss / 1e6, 1),
    }
    pid = store.child.pid
    os.kill(pid, signal.SIGSTOP)
    result["store frozen"] = stretch(args.away_seconds, 3).figures()
    os.kill(pid, signal.SIGCONT)
    time.sleep(1.0)
    store.child.kill()
    result["store killed"] = stretch(args.away_seconds, 4).figures()
    return result


def report(result: dict[str, Any]) -> None:
    print(f"{'ms from the scheduled time':<28}{'p50':>8}{'p90':>8}{'p99':>8}{'p99.9':>8}{'max':>8}")
    for name in ("answers", "store frozen", "store killed"):
        row = result[name]
        marks = "".join(f"{row[mark]:>8.1f}" for mark in ("p50", "p90", "p99", "p99.9", "max"))
        print(f"{name:<28}{marks}   {row['outcomes']}")
    print("\nmean ms of an answer, seen from inside")
    for name, ms in result["cost_ms"].items():
        print(f"  {name:<26}{ms:>8.3f}")
    print(f"  CPU of the process        {result['cpu_ms_a_request']:>8.3f}")
    print(f"\nmemory of the API: {result['rss_mb']} MB\n")
    for name, target in (
        ("answers", P99_TARGET_MS),
        ("store frozen", AWAY_TARGET_MS),
        ("store killed", AWAY_TARGET_MS),
    ):
        p99 = result[name]["p99"]
        word = "reached" if p99 < target else "MISSED"
        print(f"{name}: p99 {p99:.1f} ms   target under {target:.0f} ms   {word}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=300.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--away-seconds", type=float, default=10.0)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    result = measure(args)
    print(json.dumps(result, indent=1)) if args.json else report(result)


if __name__ == "__main__":
    main()
