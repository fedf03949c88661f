"""Counts that models rest on, as the conformance suite meets them: event rates, and campaigns."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec

from contracts.codec import pack
from online_models.campaigns import CampaignTally
from online_models.digest import digest
from online_models.rates import EventRates
from tests.online_models.conformance import Case

TYPES = ("view", "click", "purchase")
ODD_MINUTES = (0, -5, 1 << 40, 27_000_000)

Count = tuple[int, str, int]
Sent = tuple[str, str, int, bool]


class Rates:
    """Event rates, a count at a time; they answer with what the minutes that ended were like."""

    def __init__(self) -> None:
        self.rates = EventRates()
        self.last: list[float] = []

    @property
    def model(self) -> bytes:
        return self.rates.dump()

    def learn(self, example: Count) -> None:
        minute, type_, count = example
        for row in self.rates.learn({(minute, type_): count}):
            self.last = [row[name] for name in sorted(row)]

    def answer(self, example: Count) -> list[Any]:
        return [self.rates.closed, *self.last]

    def save(self) -> bytes:
        return pack((self.rates.dump(), self.last))

    def restore(self, saved: bytes) -> None:
        state, self.last = msgspec.msgpack.decode(saved)
        self.rates.load(state)


class Campaigns:
    """Counts of campaigns: an approach, and at once what came of it."""

    def __init__(self) -> None:
        self.model = CampaignTally()

    def learn(self, example: Sent) -> None:
        campaign, variant, time, answered = example
        self.model.approach(campaign, variant, time)
        self.model.settle(campaign, variant, answered=answered)

    def answer(self, example: Sent) -> list[Any]:
        return [digest(self.model.report()), self.model.running(example[2])[:3]]

    def save(self) -> bytes:
        return self.model.dump()

    def restore(self, saved: bytes) -> None:
        self.model.load(saved)


def counts(seed: int, count: int) -> list[Count]:
    rng = random.Random(seed)
    return [(28_000_000 + at // 3, rng.choice(TYPES), rng.randrange(1, 50)) for at in range(count)]


def hostile_counts(seed: int, count: int) -> Iterator[Count]:
    rng = random.Random(seed)
    for minute, _, number in counts(seed, count):
        yield (
            rng.choice((*ODD_MINUTES, minute)),
            rng.choice(TYPES),
            rng.choice((0, number, 1 << 50)),
        )


def sent(seed: int, count: int) -> list[Sent]:
    rng = random.Random(seed)
    return [
        (f"c{rng.randrange(5)}", rng.choice(("a", "control")), at, rng.random() < 0.3)
        for at in range(count)
    ]


def hostile_sent(seed: int, count: int) -> Iterator[Sent]:
    rng = random.Random(seed)
    for at in range(count):
        name = rng.choice(("", "é" * 256, "/", f"c{at}"))
        yield name, rng.choice((f"v{at}", "CONTROL", "")), rng.choice((0, -(1 << 53), at)), True


CASES = (
    Case("event rates", Rates, counts, hostile_counts, limit=3_000),
    Case("campaigns", Campaigns, sent, hostile_sent, limit=20_000),
)
