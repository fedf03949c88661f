"""A contextual bandit: which of a few things to offer whom, learnt from what came of it.

Each arm has a ridge regression of its rewards on the context (the "disjoint" model of Li et al., A
Contextual-Bandit Approach to Personalized News Article Recommendation, WWW 2010), which begins at
the mean of all arms. One example updates the inverse by Sherman and Morrison's formula, so that
nothing is ever solved. Three ways to choose:

* `thompson`: each arm's reward is drawn from its posterior, and the highest is taken (Agrawal and
  Goyal, Thompson Sampling for Contextual Bandits with Linear Payoffs, ICML 2013);
* `linucb`: the highest upper bound is taken;
* `greedy`: the highest mean.

Chances are exact, which off-policy evaluation needs: Thompson's draws are counted, mixed with a
floor, and the arm is then drawn from the counts.
"""

import math
import random
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from online_models.arrays import pack_arrays, unpack_arrays
from online_models.context import WIDTH, Vector

How = Literal["thompson", "linucb", "greedy"]

RIDGE: Final = 50.0
"""Rewards that the mean of all arms is worth against an arm's own."""

DRAWS: Final = 200
FLOOR: Final = 0.05
"""Share of the choices that is left to chance, so that no arm's chance is ever 0."""

CONFIDENT: Final = 1.0
"""Posterior deviations of `linucb`'s bound."""

MEMORY: Final = 50_000.0
"""Examples of an arm after which older ones fade, so that it follows a drift."""

MAX_ARMS: Final = 256
LARGEST: Final = 1e6
"""Of rewards; beyond it they are cut."""

_PRIOR_VARIANCE: Final = 0.05
_KIND: Final = "bandit"

Chances = NDArray[np.float64]


class LinearBandit:
    """Arms by name over contexts (width,). 12 us to learn; chances of 10: 65, of `linucb` 20.

    Holds `max_arms`, 8 * width * (width + 2) bytes each; the one that was learnt from least gives
    its place to a new one. Rewards may be of any scale; their spread is learnt.

    >>> bandit = LinearBandit(2)
    >>> for n in range(600):
    ...     x = np.array([1.0, float(n % 2)])
    ...     bandit.learn_one(x, ("rebate", "points")[n // 2 % 2], float(n % 2 == n // 2 % 2))
    >>> chances = bandit.chances(np.array([1.0, 1.0]), ("rebate", "points"))
    >>> bool(chances[1] > 0.9)
    True
    """

    def __init__(
        self, width: int = WIDTH, *, ridge: float = RIDGE, max_arms: int = MAX_ARMS, seed: int = 1
    ) -> None:
        self.width, self.ridge, self.max_arms, self.seed = width, ridge, max_arms, seed
        self.learned = 0
        self.mean = 0.0
        self.variance = _PRIOR_VARIANCE
        self._names: dict[str, int] = {}
        self._inverse = np.zeros((0, width, width))
        self._total = np.zeros((0, width))
        self._theta = np.zeros((0, width))
        self._counts = np.zeros(0)

    def learn_one(self, x: Vector, arm: str, reward: float) -> None:
        """Learn what came of an arm; what is not finite, or of another width, teaches nothing."""
        if len(x) != self.width or not math.isfinite(reward) or not np.isfinite(x).all():
            return
        reward = min(max(reward, -LARGEST), LARGEST)
        at = self._open(arm)
        self.learned += 1
        pace = max(1.0 / (self.learned + 1.0), 1.0 / MEMORY)
        error = reward - self.mean - float(self._theta[at] @ x)
        self.variance += pace * (error * error - self.variance)
        off = reward - self.mean
        self.mean += pace * off
        if self._counts[at] >= MEMORY:
            self._fade(at)
        inverse = self._inverse[at]
        side = inverse @ x
        inverse -= np.outer(side, side) / (1.0 + float(x @ side))
        self._total[at] += off * x
        self._theta[at] = inverse @ self._total[at]
        self._counts[at] += 1.0

    def score(self, x: Vector, arms: Sequence[str]) -> tuple[Chances, Chances]:
        """Return each arm's expected reward (k,), and the deviation of its posterior (k,)."""
        means = np.full(len(arms), self.mean)
        spreads = np.full(len(arms), float(x @ x) / self.ridge)
        if self._names:
            rows = np.array([self._names.get(arm, -1) for arm in arms])
            known = rows >= 0
            means[known] += (self._theta @ x)[rows[known]]
            spreads[known] = np.maximum(self._inverse @ x @ x, 0.0)[rows[known]]
        return means, np.sqrt(spreads * self.variance)

    def chances(
        self,
        x: Vector,
        arms: Sequence[str],
        how: How = "thompson",
        *,
        floor: float = FLOOR,
        rng: np.random.Generator | None = None,
        costs: NDArray[np.float64] | None = None,
    ) -> Chances:
        """Return the chance (k,) that each arm should be taken with; none is below floor / k.

        `costs` (k,) are taken off the rewards. Without `rng`, draws are seeded by `seed` and how
        much was learnt, so that the same question has the same answer.
        """
        means, spreads = self.score(x, arms)
        if costs is not None:
            means = means - costs
        if how == "thompson":
            if rng is None:
                rng = np.random.default_rng((self.seed, self.learned))
            noise = rng.standard_normal((DRAWS, len(arms)), np.float32)
            drawn = means + spreads * noise
            won = np.bincount(drawn.argmax(axis=1), minlength=len(arms)) / DRAWS
        else:
            bound = means + (CONFIDENT * spreads if how == "linucb" else 0.0)
            best = bound >= bound.max()
            won = best / best.sum()
        chances: Chances = (1.0 - floor) * won + floor / len(arms)
        return chances

    def count(self, arm: str) -> int:
        """Return how many rewards of an arm are remembered."""
        at = self._names.get(arm)
        return 0 if at is None else int(self._counts[at])

    def arms(self) -> list[str]:
        """Return the arms that are known, by name."""
        return sorted(self._names)

    def pack(self) -> bytes:
        """Return the state as bytes."""
        meta = {
            "width": self.width,
            "ridge": self.ridge,
            "max_arms": self.max_arms,
            "seed": self.seed,
            "learned": self.learned,
            "mean": self.mean,
            "variance": self.variance,
            "names": list(self._names),
        }
        # `theta` follows from the others, but not to the last bit.
        arrays = {
            "inverse": self._inverse,
            "total": self._total,
            "theta": self._theta,
            "counts": self._counts,
        }
        return pack_arrays(_KIND, meta, arrays)

    @classmethod
    def unpack(cls, raw: bytes) -> "LinearBandit":
        """Return a packed bandit; raise `ValueError` for other bytes."""
        meta, arrays = unpack_arrays(_KIND, raw)
        bandit = cls(
            meta["width"], ridge=meta["ridge"], max_arms=meta["max_arms"], seed=meta["seed"]
        )
        names, width = meta["names"], meta["width"]
        flat = (len(names), width)
        shapes = {"inverse": (*flat, width), "total": flat, "theta": flat, "counts": flat[:1]}
        if any(arrays[name].shape != shape for name, shape in shapes.items()):
            raise ValueError(f"saved {_KIND}: the arrays are of other arms; begin anew")
        bandit.learned, bandit.mean = meta["learned"], meta["mean"]
        bandit.variance = meta["variance"]
        bandit._names = {name: at for at, name in enumerate(names)}
        bandit._inverse, bandit._total = arrays["inverse"].copy(), arrays["total"].copy()
        bandit._theta, bandit._counts = arrays["theta"].copy(), arrays["counts"].copy()
        return bandit

    def _open(self, arm: str) -> int:
        at = self._names.get(arm)
        if at is not None:
            return at
        if len(self._names) < self.max_arms:
            at = len(self._names)
            self._inverse = np.concatenate([self._inverse, self._fresh()])
            self._total = np.concatenate([self._total, np.zeros((1, self.width))])
            self._theta = np.concatenate([self._theta, np.zeros((1, self.width))])
            self._counts = np.concatenate([self._counts, np.zeros(1)])
        else:
            gone, at = min(self._names.items(), key=lambda pair: (self._counts[pair[1]], pair[0]))
            # The new arm takes the name's place in the order too, which is that of the rows.
            names = {row: name for name, row in self._names.items() if name != gone}
            names[at] = arm
            self._names = {names[row]: row for row in sorted(names)}
            self._inverse[at] = self._fresh()[0]
            self._total[at] = self._theta[at] = self._counts[at] = 0.0
            return at
        self._names[arm] = at
        return at

    def _fresh(self) -> NDArray[np.float64]:
        fresh: NDArray[np.float64] = (np.eye(self.width) / self.ridge)[None]
        return fresh

    def _fade(self, at: int) -> None:
        """Let one example's worth go, unless that would leave less known than at the beginning."""
        keep = 1.0 - 1.0 / MEMORY
        if float(np.diagonal(self._inverse[at]).max()) / keep < 1.0 / self.ridge:
            self._inverse[at] /= keep
            self._total[at] *= keep
        self._counts[at] *= keep


def draw(chances: Chances, rng: random.Random) -> int:
    """Return a place, drawn with these chances.

    >>> draw(np.array([0.0, 1.0]), random.Random(1))
    1
    """
    at = int(np.searchsorted(np.cumsum(chances), rng.random() * float(chances.sum()), "right"))
    return min(at, len(chances) - 1)
