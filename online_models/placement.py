"""What is learnt at one placement: which offer for whom, which for anybody, and how policies fare.

One reward teaches both bandits, whoever chose; the policies' figures are of what each chose itself.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.codec import pack
from online_models.bandit import How, LinearBandit
from online_models.confidence import Sums, uplift
from online_models.context import Vector, context_vector
from online_models.rewards import Taken

POLICIES: Final[dict[str, tuple[How, bool]]] = {
    "linear-thompson": ("thompson", True),
    "linucb": ("linucb", True),
    "thompson": ("thompson", False),
}
"""Those that learn, and whether they tell people apart."""

MOST_NAMES: Final = 64
"""Policies or offers whose figures are kept; further ones are counted as `other`."""

OTHER: Final = "other"
PLAIN: Final[Vector] = np.ones(1)


class PlacementModel:
    """Two bandits and their figures; `seed` makes their draws. About 50 us to learn.

    >>> model = PlacementModel()
    >>> model.learn_one(Taken("r", "ada", "home", "rebate", "uniform", 0, 9, "click", 1.0, {}, 1.0))
    >>> model.report()["policies"]["uniform"]["reward"]
    1.0
    """

    def __init__(self, seed: int = 1) -> None:
        self.people = LinearBandit(seed=seed)
        self.anybody = LinearBandit(1, seed=seed)
        self.policies: dict[str, Sums] = {}
        self.offers: dict[str, Sums] = {}
        self.amounts = False

    def learn_one(self, taken: Taken) -> None:
        """Learn what a decision earned, from 0 to 1, once its horizon is over."""
        if not 0.0 <= taken.got <= 1.0:
            return
        self.people.learn_one(context_vector(taken.context), taken.offer, taken.got)
        self.anybody.learn_one(PLAIN, taken.offer, taken.got)
        self.amounts = self.amounts or taken.kind == "revenue"
        for sums, name in ((self.policies, taken.policy), (self.offers, taken.offer)):
            known = name if name in sums or len(sums) < MOST_NAMES else OTHER
            sums.setdefault(known, Sums()).add(taken.got)

    def chances(
        self,
        policy: str,
        facts: dict[str, float | str],
        offers: Sequence[str],
        costs: NDArray[np.float64],
        rng: np.random.Generator,
        floor: float,
    ) -> NDArray[np.float64]:
        """Return the chances (k,) of a policy that learns; see `LinearBandit.chances`."""
        how, by_person = POLICIES[policy]
        model, x = (self.people, context_vector(facts)) if by_person else (self.anybody, PLAIN)
        return model.chances(x, offers, how, floor=floor, rng=rng, costs=costs)

    def expected(
        self, policy: str, facts: dict[str, float | str], offers: Sequence[str]
    ) -> NDArray[np.float64]:
        """Return the reward (k,) that a policy that learns expects of each offer."""
        if POLICIES[policy][1]:
            return self.people.score(context_vector(facts), offers)[0]
        return self.anybody.score(PLAIN, offers)[0]

    def report(self) -> dict[str, Any]:
        """Return the mean reward of each policy and offer, and what policies gain over chance."""
        chance = self.policies.get("uniform", Sums())
        return {
            "learned": self.people.learned,
            "policies": {
                name: {**_figures(sums), **self._gain(name, sums, chance)}
                for name, sums in sorted(self.policies.items())
            },
            "offers": {name: _figures(sums) for name, sums in sorted(self.offers.items())},
        }

    def pack(self) -> bytes:
        """Return the state as bytes."""
        learnt = (self.people.pack(), self.anybody.pack())
        return pack((*learnt, self.policies, self.offers, self.amounts))

    @classmethod
    def unpack(cls, raw: bytes) -> "PlacementModel":
        """Return packed state; raise `ValueError` for other bytes."""
        try:
            people, anybody, policies, offers, amounts = _saved(raw)
        except msgspec.MsgspecError as error:
            raise ValueError(f"saved placement: not readable: {error}") from None
        model = cls()
        model.people, model.anybody = LinearBandit.unpack(people), LinearBandit.unpack(anybody)
        model.policies, model.offers, model.amounts = policies, offers, amounts
        return model

    def _gain(self, name: str, sums: Sums, chance: Sums) -> dict[str, Any]:
        """Return what a policy gains over choosing by chance, with bounds that hold at any look."""
        if name == "uniform" or not chance.people:
            return {}
        found = uplift(sums, chance, amounts=self.amounts)
        return {"gain": found.difference, "gain_low": found.low, "gain_high": found.high}


def _figures(sums: Sums) -> dict[str, Any]:
    return {"decisions": sums.people, "rewarded": sums.hits, "reward": sums.mean}


_saved = msgspec.msgpack.Decoder(tuple[bytes, bytes, dict[str, Sums], dict[str, Sums], bool]).decode
