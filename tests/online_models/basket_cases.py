"""Rules and concepts as the conformance suite meets them."""

import random
from collections.abc import Iterator
from typing import Any

from online_models.concepts import ConceptGraph, Thing
from online_models.rules import RuleMiner
from tests.online_models.conformance import Case

HOUR_MS = 3_600_000
ODD_TEXTS = ("", "\x00", "ß" * 300, "a > > b", "///", "\u202eabc", "🙂", "é" * 5_000, "1", "the")
ODD_TIMES = (0, -(1 << 53), 1 << 53, 1)

Basket = tuple[list[str], int]
Look = tuple[list[Thing], list[str], int]


class Rules:
    """The miner, a basket at a time."""

    def __init__(self) -> None:
        self.model = RuleMiner(half_life_ms=24 * HOUR_MS, items=60, pairs=200, triples=100)

    def learn(self, example: Basket) -> None:
        self.model.learn_one(*example)

    def answer(self, example: Basket) -> list[Any]:
        return [tuple(rule) for item in example[0][:2] for rule in self.model.rules(item)]

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Concepts:
    """The graph, a window at a time."""

    def __init__(self) -> None:
        self.model = ConceptGraph(concepts=60, pairs=300, items=100)

    def learn(self, example: Look) -> None:
        self.model.learn_one(*example)

    def answer(self, example: Look) -> list[Any]:
        told = [self.model.describe(name) for name in ("shelf 1", "maker 2", "bright")]
        linked = [one for view in told if view for one in (*view.related, *view.items)]
        trends = [view.trend for view in told if view]
        return [*trends, *[(one.name, one.strength) for one in linked]]

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


def baskets(seed: int, count: int) -> list[Basket]:
    rng = random.Random(seed)
    made = []
    for at in range(count):
        shelf = rng.randrange(4)
        items = {f"i{shelf}-{rng.randrange(6)}" for _ in range(rng.randrange(1, 6))}
        made.append((sorted(items), at * HOUR_MS // 10))
    return made


def hostile_baskets(seed: int, count: int) -> Iterator[Basket]:
    rng = random.Random(seed)
    for at in range(count):
        items = [rng.choice((*ODD_TEXTS, f"x{rng.randrange(10_000)}")) for _ in range(6)]
        size = 300 if at % 50 == 0 else 0
        more = [f"bulk{rng.randrange(400)}" for _ in range(size)]
        yield items + more, rng.choice((*ODD_TIMES, at * HOUR_MS))


def looks(seed: int, count: int) -> list[Look]:
    rng = random.Random(seed)
    made = []
    for at in range(count):
        shelf = rng.randrange(4)
        things = [
            Thing(
                f"i{shelf}-{number}",
                f"Home > Shelf {shelf}",
                f"maker {number % 3}",
                ("bright",) if shelf % 2 else (),
                f"Thing {number} of shelf {shelf}",
            )
            for number in rng.sample(range(6), rng.randrange(1, 5))
        ]
        queries = [f"shelf {shelf}"] if rng.random() < 0.3 else []
        made.append((things, queries, at * HOUR_MS // 10))
    return made


def hostile_looks(seed: int, count: int) -> Iterator[Look]:
    rng = random.Random(seed)

    def text() -> str:
        return rng.choice((*ODD_TEXTS, f"word{rng.randrange(10_000)}"))

    for at in range(count):
        things = [Thing(text(), text(), text(), (text(), text()), text()) for _ in range(3)]
        yield things, [text()], rng.choice((*ODD_TIMES, at * HOUR_MS))


CASES = (
    Case("rules", Rules, baskets, hostile_baskets, limit=60_000),
    Case("concepts", Concepts, looks, hostile_looks, limit=150_000),
)
