"""Who orders an answer's candidates: the champion, or for a share of people a challenger."""

from collections.abc import Mapping
from typing import Any

from contracts.keys import SCOREBOARD
from contracts.sampling import draw
from online_models.contenders import BLEND


class Arms:
    """Assigns people to arms, each for good: by a hash of the person, the site and the seed.

    `shares` says which part of the people each challenger answers; the champion has the rest. Where
    a challenger was promoted, the champion of before answers its share.

    >>> arms = Arms({"trending": 0.5}, seed=7)
    >>> sorted({arms.of("shop", f"u{number}", "blend") for number in range(20)})
    ['blend', 'trending']
    >>> {arms.of("shop", "ada", "blend") for number in range(20)} == {arms.of("shop", "ada", "")}
    True
    """

    def __init__(self, shares: Mapping[str, float], seed: int) -> None:
        self._shares = dict(sorted(shares.items()))
        self._purpose = f"arm {seed}"

    def of(self, site: str, user: str, champion: str) -> str:
        """Return who answers a person; `champion` is who was promoted last, if anybody was."""
        first = champion if champion in self._shares else BLEND
        if not self._shares:
            return first
        at = draw(self._purpose, site, user)
        for name, share in self._shares.items():
            at -= share
            if at < 0.0:
                return BLEND if name == first else name
        return first


def champion_of(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Return who is the champion by a site's views; empty if nobody was ever promoted."""
    champion = models.get(SCOREBOARD, {}).get("contest", {}).get("champion", "")
    return str(champion)
