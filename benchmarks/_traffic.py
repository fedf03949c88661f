"""A stream of shoppers, made by a seeded generator: what the benchmarks are fed with.

Visitors come in visits of eight events on average, ten seconds apart. Half of them are known from
the start, the others are devices, of which one visit in twenty signs in. Seven picks in ten are of
the visitor's own two categories; within one, items are drawn by Zipf's law.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

START_MS = 1_767_600_000_000
MIX = {
    "view": 0.64,
    "impression": 0.12,
    "search": 0.08,
    "add_to_cart": 0.07,
    "click": 0.03,
    "purchase": 0.02,
    "remove_from_cart": 0.01,
    "like": 0.015,
    "rating": 0.005,
    "share": 0.01,
}
CATEGORIES = 40
BRANDS = 200
VISIT_EVENTS = 8
PAUSE_S = 10.0
OWN_CATEGORIES = 0.7
REPEATED = 0.005
BROKEN = 0.001
CHUNK = 20_000


@dataclass(frozen=True)
class Sent:
    """An event: when it is sent (ms), the Kafka key's parts, and its JSON."""

    time: int
    user: str | None
    device: str | None
    type: str
    raw: bytes


@dataclass
class Shoppers:
    """An endless stream in time order, the same for the same arguments; `rate` is events/s."""

    users: int = 20_000
    items: int = 12_000
    rate: float = 500.0
    seed: int = 1
    start_ms: int = START_MS

    def __iter__(self) -> Iterator[Sent]:
        rng = random.Random(self.seed)
        signed_in = [number % 2 == 0 for number in range(self.users)]
        under_way = [
            (rng.uniform(0, PAUSE_S), number, user, 1 + int(rng.expovariate(1 / VISIT_EVENTS)))
            for number, user in enumerate(
                rng.choices(range(self.users), k=max(2, int(self.rate * PAUSE_S)))
            )
        ]
        heapq.heapify(under_way)
        draw = self.draws()
        count = len(under_way)
        previous = b""
        while True:
            second, order, user, left = heapq.heappop(under_way)
            time = self.start_ms + int(second * 1000)
            signs_in = not signed_in[user] and left == VISIT_EVENTS and rng.random() < 0.05
            signed_in[user] |= signs_in
            name = f"user-{user:07d}" if signed_in[user] else None
            device = f"device-{user:07d}"
            type_, category, rank = ("identify", 0, 0) if signs_in else next(draw)
            item = (user + category) % CATEGORIES + CATEGORIES * rank
            raw = event_json(f"e{count:09d}", type_, time, name, device, item)
            dice = rng.random()
            if dice < REPEATED and previous:
                raw = previous
            elif dice < REPEATED + BROKEN:
                raw = raw[:-5]
            previous = raw
            yield Sent(time, name, device, type_, raw)
            count += 1
            if left <= 1:
                user = rng.randrange(self.users)
                left = 1 + int(rng.expovariate(1 / VISIT_EVENTS))
            pause = rng.expovariate(1 / PAUSE_S)
            heapq.heappush(under_way, (second + pause, order, user, left - 1))

    def draws(self) -> Iterator[tuple[str, int, int]]:
        """Yield types, categories counted from the visitor's first one, and ranks in these."""
        rng = np.random.default_rng(self.seed)
        ranks = np.arange(1, self.items // CATEGORIES + 1)
        odds = (1.0 / ranks) / (1.0 / ranks).sum()
        weights = np.array(list(MIX.values()))
        while True:
            types = rng.choice(list(MIX), CHUNK, p=weights / weights.sum())
            own = rng.random(CHUNK) < OWN_CATEGORIES
            categories = rng.integers(0, np.where(own, 2, CATEGORIES))
            picks = rng.choice(len(ranks), CHUNK, p=odds)
            yield from zip(types.tolist(), categories.tolist(), picks.tolist(), strict=True)


def event_json(
    id_: str, type_: str, time: int, user: str | None, device: str | None, item: int
) -> bytes:
    event: dict[str, Any] = {"id": id_, "type": type_, "time": time}
    if device is not None:
        event["device"] = device
    if user is not None:
        event["user"] = user
    if type_ == "identify":
        event["props"] = {"plan": "free"}
    elif type_ == "search":
        event["query"] = "a red kettle"
    else:
        event |= {"item": f"item-{item:06d}", "price": 5.0 + item % 97, "currency": "EUR"}
        category, brand = f"category-{item % CATEGORIES}", f"brand-{item % BRANDS}"
        event["props"] = {"category": category, "brand": brand}
        if type_ == "purchase":
            event |= {"order": f"o{id_}", "quantity": 1}
        elif type_ == "rating":
            event["value"] = 4
    return orjson.dumps(event)


def mix_words() -> str:
    """Return the mix in words."""
    return ", ".join(f"{share:.1%} {name}" for name, share in MIX.items())
