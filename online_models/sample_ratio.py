"""Did chance really decide who got what? A check of the groups' sizes that may be looked at daily.

Lindon and Malek, Anytime-Valid Inference for Multinomial Count Data (NeurIPS 2022): the evidence
is the likelihood of the counts under any shares (mixed by Dirichlet's distribution) over that
under the shares that were meant. If those are true, it exceeds 1/alpha at *any* time with a chance
of at most alpha. Where it does, something is wrong with how people were assigned or counted, and
no difference between the groups can be believed.
"""

import math
from collections.abc import Sequence
from typing import Final

ALARM: Final = 0.001
"""Chance of a false alarm, ever."""

TRUST: Final = 100.0
"""People that the mixture is worth: it looks for shares near those that were meant."""


def log_evidence(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the natural logarithm of the evidence against the shares. About 2 us.

    `shares` add up to 1; groups meant to have none must have none.

    >>> log_evidence([5_000, 5_050], [0.5, 0.5]) < 0 < log_evidence([5_000, 5_600], [0.5, 0.5])
    True
    """
    if len(counts) != len(shares) or abs(sum(shares) - 1.0) > 1e-6 or min(shares) < 0.0:
        raise ValueError("as many shares as counts, from 0 up, that add up to 1")
    if any(count and not share for count, share in zip(counts, shares, strict=True)):
        return math.inf
    total = sum(counts)
    found = math.lgamma(TRUST) - math.lgamma(TRUST + total)
    for count, share in zip(counts, shares, strict=True):
        if share:
            prior = TRUST * share
            found += math.lgamma(prior + count) - math.lgamma(prior) - count * math.log(share)
    return found


def mismatch(counts: Sequence[int], shares: Sequence[float], alarm: float = ALARM) -> bool:
    """Say whether the counts cannot have come of the shares.

    >>> mismatch([900, 100], [0.9, 0.1]), mismatch([900, 300], [0.9, 0.1])
    (False, True)
    """
    return log_evidence(counts, shares) > -math.log(alarm)
