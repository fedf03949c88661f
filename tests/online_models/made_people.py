"""Made-up people for the conformance suite: ordinary ones, and such as broken clients send."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

STRANGE = (math.nan, math.inf, -math.inf, 1e300, -1e300, 1e-320, 0.0, -0.0, 1e15)

Labelled = tuple[dict[str, float], bool]


def people(names: Sequence[str]) -> Any:
    """Return a maker of labelled examples: two kinds of people, one of whom buys."""

    def examples(seed: int, count: int) -> list[Labelled]:
        rng = random.Random(seed)
        made = []
        for _ in range(count):
            buys = rng.random() < 0.3
            x = {name: rng.gauss(2.0 + buys * (at % 3), 0.7) for at, name in enumerate(names)}
            made.append((x, buys))
        return made

    return examples


def broken_people(names: Sequence[str]) -> Any:
    """Return a maker of examples with values that are no measurements, missing and new names."""

    def hostile(seed: int, count: int) -> Iterator[Labelled]:
        rng = random.Random(seed)
        for number in range(count):
            x = {name: rng.gauss(0.0, 3.0) for name in rng.sample(names, rng.randrange(len(names)))}
            for name in rng.sample(names, 2):
                x[name] = rng.choice(STRANGE) if rng.random() < 0.7 else rng.gauss(0.0, 1e6)
            x[f"new_{number}"] = rng.random()
            yield x, rng.random() < 0.5

    return hostile
