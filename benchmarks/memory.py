"""What does a user cost: bytes in the store, and in the worker?

    python -m benchmarks.memory
    python -m benchmarks.memory --steps 10000,20000

Feeds one worker, step by step, with seven events of each user until there are 25,000, 50,000 and
100,000 users and as many items. The events are of the types and tastes of `benchmarks/_traffic.py`;
the users are signed in, on no device. After each step: the store's `used_memory`, its share by kind
of view (`MEMORY USAGE` of sampled keys, with all overhead, times their number), and the worker's
resident memory. At the end the profiles and standings are deleted: what that gives back is the
store's own account of them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any

import redis

from benchmarks._flow import fill, settings_for, workers
from benchmarks._traffic import CATEGORIES, START_MS, Sent, Shoppers, event_json
from cli.embedded.stack import EmbeddedStack
from contracts.keys import parse
from contracts.settings import FlowSettings

TARGET_BYTES = 800
LINEAR_WITHIN = 0.15
EVENTS = 7
PAUSE_MS = 20_000
SAMPLES = 400
USER_KINDS = ("profile", "standing")


def events(first: int, last: int) -> Iterator[Sent]:
    """Yield the events of users `first` to `last`, who touch the items of the same numbers."""
    draws, ranks = Shoppers(seed=first).draws(), random.Random(first)
    for step in range(EVENTS):
        for user in range(first, last):
            type_, category, _ = next(draws)
            # Their tastes are the shoppers', but within a category all items come up alike.
            block = ranks.randrange(first, last) // CATEGORIES * CATEGORIES
            item = block + (user + category) % CATEGORIES
            time_ms = START_MS + step * PAUSE_MS + (user - first) % PAUSE_MS
            name = f"user-{user:07d}"
            yield Sent(
                time_ms,
                name,
                None,
                type_,
                event_json(f"{user}-{step}", type_, time_ms, name, None, item),
            )


class Accounts:
    """The store's memory by kind of view."""

    def __init__(self, client: redis.Redis) -> None:
        self._client: Any = client

    def used(self) -> int:
        return int(self._client.info("memory")["used_memory"])

    def by_kind(self) -> dict[str, tuple[int, float]]:
        """Return, by kind, how many keys there are and what one takes on average."""
        keys: dict[str, list[bytes]] = defaultdict(list)
        for key in self._client.scan_iter(match="v:*", count=5000):
            keys[parse(key.decode()).kind].append(key)
        rng = random.Random(1)
        return {
            kind: (len(found), mean(self._usage(rng.sample(found, min(SAMPLES, len(found))))))
            for kind, found in sorted(keys.items())
        }

    def delete(self, kinds: tuple[str, ...]) -> int:
        """Delete all views of some kinds; return how much memory came back."""
        before = self.used()
        doomed = [
            key
            for key in self._client.scan_iter(match="v:*", count=5000)
            if parse(key.decode()).kind in kinds
        ]
        for first in range(0, len(doomed), 1000):
            self._client.delete(*doomed[first : first + 1000])
        return before - self.used()

    def _usage(self, keys: list[bytes]) -> list[int]:
        return [self._client.memory_usage(key, samples=0) for key in keys]


def measure(steps: list[int]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    with (
        tempfile.TemporaryDirectory(prefix="memory-") as folder,
        EmbeddedStack(Path(folder)) as stack,
        redis.Redis.from_url(stack.redis_url) as client,
    ):
        accounts = Accounts(client)
        fill(stack, [])
        with workers(settings_for(stack, Path(folder) / "run", FlowSettings()), client) as running:
            time.sleep(1.0)
            empty, rss, total, first = accounts.used(), running.rss(), 0, 0
            for last in steps:
                total += fill(stack, events(first, last))
                running.measure(total, first=0.0)
                time.sleep(3.0)  # until item rows are published, and an epoch is over
                rows.append(
                    {
                        "users": last,
                        "redis": (accounts.used() - empty) / last,
                        "rss": (running.rss() - rss) / last,
                        "kinds": accounts.by_kind(),
                    }
                )
                first = last
        freed = accounts.delete(USER_KINDS) / steps[-1]
    return {"steps": rows, "user_bytes": freed, "worker_empty": rss}


def report(result: dict[str, Any]) -> None:
    print(f"{'users, items':>12}{'store B/user':>14}{'worker B/user':>15}   by kind, B/user")
    for row in result["steps"]:
        kinds = {
            kind: count * size / row["users"]
            for kind, (count, size) in row["kinds"].items()
            if count * size / row["users"] >= 1
        }
        words = ", ".join(f"{kind} {size:,.0f}" for kind, size in kinds.items())
        print(f"{row['users']:>12,}{row['redis']:>14,.0f}{row['rss']:>15,.0f}   {words}")
    print(f"\nan empty worker has {result['worker_empty'] / 1e6:.0f} MB")
    own = result["user_bytes"]
    word = "reached" if own < TARGET_BYTES else "MISSED"
    print(
        f"profile and standing: {own:,.0f} B/user, as deleting them gives back   "
        f"target under {TARGET_BYTES}   {word}"
    )
    rows = result["steps"]
    for name, what in (("redis", "store"), ("rss", "worker")):
        # Between the first and the last step, so that what an empty one has does not count.
        growth = [
            (b[name] * b["users"] - a[name] * a["users"]) / (b["users"] - a["users"])
            for a, b in pairwise(rows)
        ]
        if len(growth) > 1:
            ratio = growth[-1] / growth[0]
            word = "no faster than linear" if ratio <= 1 + LINEAR_WITHIN else "FASTER THAN LINEAR"
            print(f"{what}: each further user {', '.join(f'{g:,.0f} B' for g in growth)}   {word}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", default="25000,50000,100000", help="users, and items, at each")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    args = parser.parse_args()
    result = measure([int(step) for step in args.steps.split(",")])
    print(json.dumps(result, indent=1)) if args.json else report(result)


if __name__ == "__main__":
    main()
