"""A small share of places given to items that the ranking would not show, by known chances.

With probability `share` one open place of an answer is drawn, evenly, and its item gives way to
one of the pool: the candidates that are not shown, and what is new in the catalogue. Half of the
chance goes evenly to all of the pool, half by their scores. All else of the answer stays. So, with
S open places,

* the item that the ranking puts at a place stands there with probability 1 - share / S,
* item j of the pool with share / S x (0.5 / M + 0.5 x score_j / sum of the M scores),
* and any other item never: the propensities are exact, place by place.

Why not draw whole lists (Plackett-Luce by Gumbel noise): only the first place would have a
propensity in closed form, and nobody could say what a visitor pays. Here it is one place in `share`
of the answers. The draw is a function of the seed and the answer's id: it can be checked again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from api.serve.shape import Pick

EVEN: Final = 0.5
"""Part of the chance that all of the pool have alike."""

STRATEGY: Final = "explored"
PINNED: Final = "pinned"


@dataclass(frozen=True, slots=True)
class Chance:
    """What an answer's draw is made of: the share in force, the seed, and the answer's id."""

    share: float
    seed: int
    request: str

    def place(self, places: int) -> tuple[int | None, Random]:
        """Return which of the open places is drawn, none as a rule, and what draws the item.

        >>> Chance(0.0, 7, "a").place(10)[0], Chance(1.0, 7, "a").place(10)[0]
        (None, 9)
        """
        random = Random(f"{self.seed}/{self.request}")
        explores = random.random() < self.share
        at = random.randrange(places)
        return (at if explores else None), random


def explored(
    shown: Sequence[Pick], pool: Callable[[], Iterator[Pick]], chance: Chance
) -> list[Pick]:
    """Return what is shown, each item with its propensity, and one explored if it is drawn.

    `pool` yields what else may be shown: its order must depend on nothing but the answer. Pinned
    items are not open. Without anything in the pool all propensities are 1.
    """
    places = [at for at, pick in enumerate(shown) if pick.strategy != PINNED]
    if chance.share <= 0.0 or not places or next(pool(), None) is None:
        return list(shown)
    rate = chance.share / len(places)
    made = list(shown)
    for at in places:
        made[at] = replace(shown[at], propensity=1.0 - rate)
    drawn, random = chance.place(len(places))
    if drawn is not None:
        found = list(pool())
        odds = odds_of([pick.score for pick in found])
        (number,) = random.choices(range(len(found)), odds)
        taken = replace(found[number], strategy=STRATEGY, propensity=rate * odds[number])
        made[places[drawn]] = taken
    return made


def odds_of(scores: Sequence[float]) -> list[float]:
    """Return the chances of a pool, which add up to 1.

    >>> odds_of([0.3, 0.1]), odds_of([0.0, 0.0])
    ([0.625, 0.375], [0.5, 0.5])
    """
    total = sum(scores)
    even = (EVEN if total > 0.0 else 1.0) / len(scores)
    return [even + (1.0 - EVEN) * score / total if total > 0.0 else even for score in scores]
