"""Because of whom does a campaign pay? The gain of each arm over getting nothing, person by person.

Two ways to learn it, both one example at a time (surveyed by Gutierrez and Gérardy, Causal
Inference and Uplift Modelling, PMLR 67, 2017):

* `t-learner`: a model of the outcome for each arm and for the control group; the gain is their
  difference.
* `transformed`: one model of the gain itself, learnt from a transformed outcome whose mean *is* the
  gain. The plain one, y / p for the treated and -y / (1 - p) for the others (Jaskowski and
  Jaroszewicz, 2012), is very noisy; taking off what the models of the outcome foretell leaves its
  mean and little of the noise (Kennedy, Towards Optimal Doubly Robust Estimation of Heterogeneous
  Causal Effects, EJS 17(2), 2023; equation 3).

The models are ridge regressions on hashed facts, held back until there is evidence. Gains mean
something only where chance decided who got what; p is the arm's share so far.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from contracts.codec import pack
from online_models.bandit import LinearBandit
from online_models.context import context_vector
from online_models.response import NOBODY

Way = Literal["t-learner", "transformed"]

WIDTH: Final = 64
HELD_BACK: Final = 200.0
"""Examples that the mean gain is worth against a person's own facts."""

MAX_ARMS: Final = 16
"""Beside the control; further ones are not learnt."""

LEAST_SHARE: Final = 0.01
MOST: Final = 1e6


class UpliftModel:
    """Gains in an outcome (0 or 1, or an amount), by arm; 0 before anything was learnt.

    About 25 us to foretell a gain and 60 to learn; 8 * 64 * 66 bytes an arm, twice.

    >>> model = UpliftModel()
    >>> for n in range(4_000):
    ...     arm = ("mail", "none")[n // 2 % 2]
    ...     model.learn_one({"loyal": n % 2}, arm == "mail" and n % 2 == 1, arm)
    >>> model.uplift_one({"loyal": 1}, "mail") > 0.6 > 0.3 > model.uplift_one({"loyal": 0}, "mail")
    True
    """

    def __init__(self, way: Way = "transformed") -> None:
        self.way: Way = way
        self.counts: dict[str, int] = {}
        self._outcomes = LinearBandit(WIDTH, ridge=HELD_BACK, max_arms=MAX_ARMS + 1)
        self._gains = LinearBandit(WIDTH, ridge=HELD_BACK, max_arms=MAX_ARMS)

    def arms(self) -> list[str]:
        """Return the arms that a gain is known of, by name."""
        return sorted(arm for arm in self.counts if arm != NOBODY)

    def uplift_one(self, x: Mapping[str, Any], arm: str) -> float:
        """Return what the arm adds; below 0 it puts the person off."""
        if arm == NOBODY or arm not in self.counts or NOBODY not in self.counts:
            return 0.0
        vector = context_vector(x, WIDTH)
        if self.way == "transformed":
            return float(self._gains.score(vector, (arm,))[0][0])
        treated, control = self._outcomes.score(vector, (arm, NOBODY))[0]
        return float(treated - control)

    def learn_one(self, x: Mapping[str, Any], y: float, arm: str) -> None:
        """Learn what became of somebody who got `arm` (`NOBODY`: the control group)."""
        known = self.arms()
        if not math.isfinite(y) or (arm not in (NOBODY, *known) and len(known) >= MAX_ARMS):
            return
        y = min(max(float(y), -MOST), MOST)
        self.counts[arm] = self.counts.get(arm, 0) + 1
        vector = context_vector(x, WIDTH)
        for each in known if arm == NOBODY else [arm]:
            treated, control = self._outcomes.score(vector, (each, NOBODY))[0]
            gain = float(treated - control)
            if arm == NOBODY:
                gain -= (y - float(control)) / (1.0 - self._share(each))
            else:
                gain += (y - float(treated)) / self._share(each)
            self._gains.learn_one(vector, each, gain)
        self._outcomes.learn_one(vector, arm, y)

    def dump(self, *, full: bool) -> bytes:
        """Return all that was learnt."""
        return pack((self.way, self.counts, self._outcomes.pack(), self._gains.pack()))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what was learnt."""
        if parts:
            self.way, self.counts, outcomes, gains = _saved(parts[-1])
            self._outcomes = LinearBandit.unpack(outcomes)
            self._gains = LinearBandit.unpack(gains)

    def _share(self, arm: str) -> float:
        """Return the arm's share of those who got it or nothing; even at first."""
        ours, others = self.counts.get(arm, 0) + 10.0, self.counts.get(NOBODY, 0) + 10.0
        return min(max(ours / (ours + others), LEAST_SHARE), 1.0 - LEAST_SHARE)


_saved = msgspec.msgpack.Decoder(tuple[Way, dict[str, int], bytes, bytes]).decode
