"""The ranker as the conformance suite meets it."""

import math
import random
from collections.abc import Iterator

from online_models.ranker import Ranker

DAY_MS = 86_400_000
STRANGE = (math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-320, 0.0, -0.0, 1e15)


class ListRanker:
    """The ranker, a list and a click at a time."""

    def __init__(self) -> None:
        self.model = Ranker(max_items=100, max_shown=200)

    def learn(self, example: "Shown") -> None:
        request, items, own, time, clicked = example
        self.model.show(request, items, list(range(len(items))), own, len(items), time)
        self.model.click(request, clicked, time)

    def answer(self, example: "Shown") -> list[float]:
        _, items, own, time, _ = example
        scores: list[float] = self.model.score(items, own, len(items), time).tolist()
        return scores

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


Shown = tuple[str, list[int], list[tuple[float, ...]], int, int]


def shown_lists(seed: int, count: int) -> list[Shown]:
    rng = random.Random(seed)
    made = []
    for at in range(count):
        items = rng.sample(range(60), 8)
        own = [(rng.random(), float(rng.randrange(3)), rng.random(), 9.0) for _ in items]
        made.append((f"r{at}", items, own, at * 60_000, min(items)))
    return made


def hostile_lists(seed: int, count: int) -> Iterator[Shown]:
    rng = random.Random(seed)
    for request, items, own, time, clicked in shown_lists(seed, count):
        own[rng.randrange(8)] = (rng.choice(STRANGE), rng.choice(STRANGE), 0.1, rng.choice(STRANGE))
        items[rng.randrange(8)] = rng.choice((clicked, rng.getrandbits(64)))
        when = rng.choice((time, -1, 1 << 60, 0, time + DAY_MS))
        yield rng.choice((request, "again", "")), items, own, when, rng.choice((clicked, -7))
