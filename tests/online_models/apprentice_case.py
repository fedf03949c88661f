"""The apprentice of the blend, as the conformance suite meets it."""

import random
from collections.abc import Iterator

from online_models.apprentice import Apprentice
from online_models.touches import WEIGHTS, Touch


class Learner:
    """The apprentice, whose examples are a touch and those before it."""

    def __init__(self) -> None:
        self.model = Apprentice(slots=8, max_items=100)

    def learn(self, example: tuple[list[Touch], Touch]) -> None:
        before, touch = example
        self.model.learn(before, touch, [f"c {touch.item % 4}", f"w {touch.item % 9}"])

    def answer(self, example: tuple[list[Touch], Touch]) -> list[float]:
        weights: list[float] = self.model.weights.of(len(example[0]), 1_000).tolist()
        return weights

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


def trails(seed: int, count: int) -> list[tuple[list[Touch], Touch]]:
    rng = random.Random(seed)
    made = []
    for at in range(count):
        shelf = 10 * rng.randrange(4)
        kinds = rng.choices(sorted(WEIGHTS), k=5)
        walk = [Touch(shelf + n, kinds[n], at * 60_000 + n) for n in range(rng.randrange(1, 6))]
        made.append((walk[:-1], walk[-1]))
    return made


def hostile_trails(seed: int, count: int) -> Iterator[tuple[list[Touch], Touch]]:
    rng = random.Random(seed)
    for before, touch in trails(seed, count):
        times = (0, -5, 1 << 52, touch.time)
        yield (
            [each._replace(time=rng.choice(times)) for each in reversed(before)] * 20,
            touch._replace(item=rng.randrange(1 << 64), time=rng.choice(times[2:])),
        )
