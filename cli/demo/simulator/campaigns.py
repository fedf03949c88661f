"""The shop's campaigns: banners that some visitors meet, as chance will have it, and answer."""

from random import Random
from typing import Final, NamedTuple

from cli.demo.simulator.people import Shopper

REACH: Final = 0.4
"""Of visits: with a campaign at their beginning."""

VARIANTS: Final = ("control", "a", "b")
"""Who is in the control group would have met the campaign, and does not."""

ODDS: Final = (0.2, 0.4, 0.4)
APPEAL: Final = {"control": 0.0, "a": 0.7, "b": 1.3}


class Campaign(NamedTuple):
    """A campaign that shoppers answer as far as one of their traits goes: `bargain` or `curiosity`.

    `most` is how likely it is answered by who has all of it.
    """

    name: str
    trait: str
    most: float

    def appeal(self, shopper: Shopper, variant: str) -> float:
        """Return how likely the shopper answers."""
        held = shopper.curiosity if self.trait == "curiosity" else 0.5 + shopper.bargain
        return min(1.0, self.most * APPEAL[variant] * min(max(held, 0.0), 1.0) ** 2)


CAMPAIGNS: Final = (
    Campaign("bargain-week", "bargain", 0.6),
    Campaign("new-arrivals", "curiosity", 0.5),
)


def variant_of(rng: Random) -> str:
    """Draw the variant that a visitor gets."""
    return rng.choices(VARIANTS, ODDS)[0]
