"""Bandits, rewards and uplift as the conformance suite meets them."""

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from online_models.bandit import LinearBandit
from online_models.context import WIDTH, context_vector
from online_models.placement import PlacementModel
from online_models.response import NOBODY
from online_models.rewards import RewardJoin, Sign, Taken
from online_models.uplift import UpliftModel
from tests.online_models.conformance import Case

STRANGE = (float("nan"), float("inf"), -float("inf"), 1e300, -1e300, 1e-320, 0.0, 1e15)
ARMS = ("mail", NOBODY, "call")


class Shown(NamedTuple):
    """Somebody with some facts got an arm, and something came of it."""

    facts: dict[str, Any]
    arm: str
    reward: float


def shown(seed: int, count: int) -> Sequence[Shown]:
    rng = random.Random(seed)
    made = []
    for _ in range(count):
        facts = {"visits": rng.randrange(20), "channel": rng.choice(["web", "shop"])}
        arm = rng.choice(ARMS)
        likes = arm == "mail" and facts["channel"] == "web"
        made.append(Shown(facts, arm, float(rng.random() < (0.7 if likes else 0.2))))
    return made


def hostile_shown(seed: int, count: int) -> Iterator[Shown]:
    rng = random.Random(seed)
    for at in range(count):
        name = rng.choice(["visits", "", "x" * 500, f"new{at}", "\ud800"])
        value = rng.choice([*STRANGE, "web", "y" * 5_000, None, [1], True])
        yield Shown({name: value}, rng.choice([*ARMS, f"arm{at}"]), rng.choice(STRANGE))


class Bandit:
    """A bandit on hashed facts, of a dozen arms at most."""

    def __init__(self) -> None:
        self.model = LinearBandit(max_arms=12, seed=3)

    def learn(self, example: Shown) -> None:
        self.model.learn_one(context_vector(example.facts), example.arm, example.reward)

    def answer(self, example: Shown) -> list[float]:
        x = context_vector(example.facts, WIDTH)
        found = [self.model.chances(x, ARMS, how) for how in ("thompson", "linucb", "greedy")]
        scores, spreads = self.model.score(x, [*ARMS, "unknown"])
        return [float(v) for row in (*found, scores, spreads) for v in row]

    def save(self) -> bytes:
        return self.model.pack()

    def restore(self, saved: bytes) -> None:
        self.model = LinearBandit.unpack(saved)


class Uplift:
    """Gains of two arms."""

    def __init__(self) -> None:
        self.model = UpliftModel()

    def learn(self, example: Shown) -> None:
        self.model.learn_one(example.facts, example.reward, example.arm)

    def answer(self, example: Shown) -> list[float]:
        return [self.model.uplift_one(example.facts, arm) for arm in ARMS]

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Happened(NamedTuple):
    """A decision, or what may be the reward of one."""

    what: Taken | Sign
    now: int


def happened(seed: int, count: int) -> Sequence[Happened]:
    rng = random.Random(seed)
    made: list[Happened] = []
    for at in range(count):
        user, now = f"u{rng.randrange(20)}", at * 10
        if rng.random() < 0.5:
            kind = rng.choice(["click", "purchase", "revenue"])
            facts: dict[str, float | str] = {"visits": 1.0}
            taken = Taken(f"r{at}", user, "home", "mail", "", now, now + 500, kind, 10.0, facts)  # type: ignore[arg-type]
            made.append(Happened(taken, now))
        else:
            kind = rng.choice(["click", "purchase"])
            request = f"r{max(at - rng.randrange(1, 30), 0)}"
            made.append(Happened(Sign(user, now, kind, request, None, 4.0), now))  # type: ignore[arg-type]
    return made


def hostile_happened(seed: int, count: int) -> Iterator[Happened]:
    rng = random.Random(seed)
    for at in range(count):
        time = rng.choice([-(1 << 53), 0, 1 << 53, at])
        sign = Sign(f"u{at % 7}", time, "purchase", None, "mail", rng.choice(STRANGE))
        facts: dict[str, float | str] = {}
        taken = Taken(f"h{at % 50}", "", "", "mail", "", time, time, "revenue", 0.0, facts)
        yield Happened(rng.choice([sign, taken]), at)


class Joining:
    """Decisions under way, and what they earned so far."""

    def __init__(self) -> None:
        self.model = RewardJoin(limit=40)

    def learn(self, example: Happened) -> None:
        if isinstance(example.what, Taken):
            self.model.take(example.what)
        else:
            self.model.see(example.what)
        self.model.due(example.now)

    def answer(self, example: Happened) -> list[float]:
        return [float(len(self.model)), sum(taken.got for taken in self.model.waiting())]

    def save(self) -> bytes:
        return self.model.dump(full=True)

    def restore(self, saved: bytes) -> None:
        self.model.load([saved])


class Placed:
    """What is learnt at one placement, asked with a seed."""

    def __init__(self) -> None:
        self.model = PlacementModel(seed=3)

    def learn(self, example: Shown) -> None:
        kind: Any = "click"
        facts = dict(example.facts)
        taken = Taken(
            "r", "u", "home", example.arm, "uniform", 0, 1, kind, 1.0, facts, example.reward
        )
        self.model.learn_one(taken)

    def answer(self, example: Shown) -> list[Any]:
        rng, costs = np.random.default_rng(1), np.zeros(3)
        chances = self.model.chances("linear-thompson", example.facts, ARMS, costs, rng, 0.05)
        told = self.model.report()
        figures = [
            told["learned"],
            *(told["offers"].get(arm, {}).get("reward", 0.0) for arm in ARMS),
        ]
        return [*map(float, chances), *figures]

    def save(self) -> bytes:
        return self.model.pack()

    def restore(self, saved: bytes) -> None:
        self.model = PlacementModel.unpack(saved)


CASES = (
    Case("placement", Placed, shown, hostile_shown, limit=700_000),
    Case("bandit", Bandit, shown, hostile_shown, limit=40_000),
    Case("uplift", Uplift, shown, hostile_shown, limit=1_300_000, count=300),
    Case("rewards", Joining, happened, hostile_happened, limit=20_000),
)
