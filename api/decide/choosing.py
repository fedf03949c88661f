"""One offer of several, with the exact chance that it was chosen with, and why in words.

A placement's policy decides most of the time, its baselines the share that is theirs. The chance
of an offer is over all of them: what off-policy evaluation needs.
"""

import random
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from api.decide.offers import NOTHING, Offer, Placement
from online_models.bandit import draw
from online_models.placement import POLICIES, PlacementModel

UNIFORM: Final = "uniform"
FIXED: Final = "fixed"

Chances = NDArray[np.float64]
Facts = dict[str, float | str]


class Chosen(NamedTuple):
    """The place of the offer among those that may be made, who chose it, and all chances (k,)."""

    at: int
    policy: str
    chances: Chances
    reason: str


def choose(
    placement: Placement,
    offers: Sequence[Offer],
    model: PlacementModel,
    facts: Facts,
    seed: str,
) -> Chosen:
    """Return one of the offers, of which there is at least one; the same for the same seed.

    Cost: 0.2 ms of CPU for ten offers.
    """
    rng = np.random.default_rng(list(seed.encode()))
    dice = random.Random(seed)
    shares = _shares(placement)
    by_policy = {
        policy: _chances(policy, placement, offers, model, facts, rng) for policy in shares
    }
    mixed: Chances = sum(
        (share * by_policy[policy] for policy, share in shares.items()), np.zeros(len(offers))
    )
    policies = list(shares)
    policy = policies[draw(np.array(list(shares.values())), dice)]
    at = draw(by_policy[policy], dice)
    reason = _reason(policy, at, placement, offers, model, facts)
    return Chosen(at, policy, mixed, reason)


def _shares(placement: Placement) -> dict[str, float]:
    """Return the share of each policy that has any; they add up to 1."""
    baselines = {p: share for p, share in placement.shares.items() if share > 0.0}
    rest = 1.0 - sum(share for p, share in baselines.items() if p != placement.policy)
    shares: dict[str, float] = {placement.policy: rest}
    return shares | {p: share for p, share in baselines.items() if p != placement.policy}


def _chances(
    policy: str,
    placement: Placement,
    offers: Sequence[Offer],
    model: PlacementModel,
    facts: Facts,
    rng: np.random.Generator,
) -> Chances:
    count = len(offers)
    if policy == UNIFORM:
        return np.full(count, 1.0 / count)
    if policy == FIXED:
        return _fixed(placement, offers)
    ids = [offer.id for offer in offers]
    return model.chances(policy, facts, ids, _costs(placement, offers), rng, placement.floor)


def _fixed(placement: Placement, offers: Sequence[Offer]) -> Chances:
    """Return 1 for the fixed offer; where it may not be made, for nothing; else all alike."""
    for wanted in (placement.fixed, NOTHING):
        chances = np.array([float(offer.id == wanted) for offer in offers])
        if chances.any():
            return chances
    return np.full(len(offers), 1.0 / len(offers))


def _costs(placement: Placement, offers: Sequence[Offer]) -> Chances:
    """Return what each offer costs, in rewards."""
    if placement.worth is None:
        return np.zeros(len(offers))
    return np.array([offer.cost for offer in offers]) / placement.worth


def _reason(
    policy: str,
    at: int,
    placement: Placement,
    offers: Sequence[Offer],
    model: PlacementModel,
    facts: Facts,
) -> str:
    if len(offers) == 1:
        return "nothing else may be offered now"
    if policy == UNIFORM:
        return "drawn by chance, so that the others can be compared with it"
    if policy == FIXED:
        return "what is always offered here, so that the others can be compared with it"
    ids = [offer.id for offer in offers]
    means = model.expected(policy, facts, ids) - _costs(placement, offers)
    by_person = POLICIES[policy][1]
    whom = "somebody like this" if by_person else "anybody"
    if model.people.learned == 0:
        return "nothing is known yet: drawn by chance"
    told = f"{means[at]:.1%} expected"
    if int(means.argmax()) == at:
        return f"the best for {whom}: {told}, against {float(means.mean()):.1%} on average"
    return f"to learn what it is worth to {whom}: {told}, the best has {means.max():.1%}"
