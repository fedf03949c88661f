"""What benchmarks of models measure with: medians of calls, means of learning, made-up people."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

NOW = 1_700_000_000_000
KEY = b"signs nothing that leaves this benchmark"


class Cost(NamedTuple):
    model: str
    what: str
    us: float
    bytes: int | None = None


def timed(call: Callable[[], Any], rounds: int = 200, share: int = 1) -> float:
    """Return the median microseconds of a call, divided by the rows it handles."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return round(1e6 * median(seconds) / share, 2)


def learnt(name: str, learn: Callable[[Any, Any], Any], examples: list[tuple[Any, Any]]) -> Cost:
    """Return the mean cost of learning the later half of examples.

    A mean: trees are grown now and then, which a median would leave out.
    """
    half = len(examples) // 2
    for x, y in examples[:half]:
        learn(x, y)
    started = time.process_time()
    for x, y in examples[half:]:
        learn(x, y)
    return Cost(name, "learn", round(1e6 * (time.process_time() - started) / half, 2))


def people(names: tuple[str, ...], count: int) -> list[dict[str, float]]:
    rng = random.Random(3)
    return [{name: max(0.0, rng.gauss(1.0, 1.0)) for name in names} for _ in range(count)]
