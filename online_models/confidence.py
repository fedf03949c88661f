"""What did a campaign add, with bounds that hold at whatever moment one looks?

An asymptotic confidence sequence for the difference of two means: Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas, Time-uniform central limit theory and asymptotic confidence sequences (Annals
of Statistics 52(6), 2024; arXiv 2103.06476, theorem 2.2). With t people, s the deviation of one
person's part in the difference, and rho a constant, the bounds are

    difference +- s sqrt(2 (t rho^2 + 1) / (t rho)^2 * log(sqrt(t rho^2 + 1) / alpha))

for all t at once with a chance of 1 - alpha, so one may look daily and stop when one likes. An
interval of 1.96 errors looked at daily goes wrong sooner or later for sure. "Asymptotic" is that
the first look has to wait until a few have answered in each group; till then there are no bounds.
"""

import math
from typing import Final, NamedTuple

from msgspec import Struct

ALPHA: Final = 0.05
AIM: Final = 5_000.0
"""People for whom the bounds are narrowest, compared with what they could be."""

LEAST_PEOPLE: Final = 100
LEAST_HITS: Final = 20
"""Of each group, before a difference of rates has bounds: checked by simulation in the tests."""

LEAST_AMOUNTS: Final = 50
"""The same for amounts, whose tails are long."""


class Sums(Struct, array_like=True):
    """What is kept of a group: people, those with an outcome above 0, outcomes, their squares.

    Sums of shards add up, and the order in which people come does not matter.

    >>> group = Sums()
    >>> group.add(1.0)
    >>> group.add(0.0)
    >>> group.people, group.mean
    (2, 0.5)
    """

    people: int = 0
    hits: int = 0
    total: float = 0.0
    squares: float = 0.0

    @property
    def mean(self) -> float:
        """The mean outcome of a person; 0 of nobody."""
        return self.total / self.people if self.people else 0.0

    @property
    def error(self) -> float:
        """The variance of the mean."""
        if not self.people:
            return 0.0
        return max(self.squares / self.people - self.mean**2, 0.0) / self.people

    def add(self, outcome: float) -> None:
        """Count a person."""
        self.people += 1
        self.change(0.0, outcome)

    def merge(self, other: "Sums") -> None:
        """Add another part's people."""
        self.people += other.people
        self.hits += other.hits
        self.total += other.total
        self.squares += other.squares

    def change(self, before: float, now: float) -> None:
        """Correct the outcome of a person who is counted already."""
        self.hits += (now > 0.0) - (before > 0.0)
        self.total += now - before
        self.squares += now * now - before * before


class Uplift(NamedTuple):
    """A difference, and its bounds; None before enough is known."""

    difference: float
    low: float | None
    high: float | None

    @property
    def sure(self) -> bool:
        """Whether the bounds leave out 0."""
        return self.low is not None and self.high is not None and not self.low <= 0.0 <= self.high


def uplift(treated: Sums, control: Sums, *, alpha: float = ALPHA, amounts: bool = False) -> Uplift:
    """Return by how much the treated's mean is above that of the control group. About 2 us.

    >>> mail, nobody = Sums(2_000, 360, 360.0, 360.0), Sums(2_000, 210, 210.0, 210.0)
    >>> found = uplift(mail, nobody)
    >>> round(found.difference, 3), found.low < 0.075 < found.high, found.sure
    (0.075, True, True)
    >>> uplift(Sums(), nobody)
    Uplift(difference=0.0, low=None, high=None)
    """
    if not treated.people or not control.people:
        return Uplift(0.0, None, None)
    difference = treated.mean - control.mean
    least = LEAST_AMOUNTS if amounts else LEAST_HITS
    if min(treated.people, control.people) < LEAST_PEOPLE:
        return Uplift(difference, None, None)
    if min(treated.hits, control.hits) < least:
        return Uplift(difference, None, None)
    off = math.sqrt(treated.error + control.error) * _times(treated.people + control.people, alpha)
    return Uplift(difference, difference - off, difference + off)


def _times(people: int, alpha: float) -> float:
    """Return how many standard errors the bounds lie off."""
    rho2 = _rho2(alpha)
    grown = people * rho2 + 1.0
    return math.sqrt(2.0 * grown / (people * rho2) * math.log(math.sqrt(grown) / alpha))


def _rho2(alpha: float) -> float:
    """Return the constant that makes the bounds narrowest at `AIM` (their equation 54)."""
    level = -2.0 * math.log(alpha)
    return (level + math.log(level) + 1.0) / AIM
