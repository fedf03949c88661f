"""Answers that are not all alike: relevance against likeness, and at most m of a category."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from api.serve.shape import Pick, Policy
from contracts.events import Item
from online_models.diversity import POOL, CategoryCap, likeness, marginal

LOOKS: Final = 1_000
"""Fillers that are looked at to keep within the cap."""


@dataclass(frozen=True, slots=True)
class Variety:
    """How varied an answer is to be: at most `cap` of a category (0: any number), and `strength`.

    `strength` weighs the likeness to what stands above against relevance, from 0 to 1
    (`online_models.diversity.marginal`); 0 leaves the order as it is.
    """

    cap: int = 0
    strength: float = 0.0

    def __bool__(self) -> bool:
        return self.cap > 0 or self.strength > 0.0


ANY: Final = Variety()
"""The order of the ranking as it is."""


def varied(
    picks: Sequence[Pick],
    more: Iterable[Pick],
    pinned: Sequence[Item],
    policy: Policy,
    variety: Variety,
    n: int,
) -> list[Pick]:
    """Return the picks, which are in the order shown, in the order that variety wants.

    What is buried or tired stays behind. Where the cap is met, what `more` yields comes before
    what is over it; and that comes before nothing at all, so that no answer grows shorter. What
    will be `pinned` counts, and is never left out. An answer of one category has no cap.
    """
    front = [pick for pick in picks if not policy.behind(pick.item)]
    behind = picks[len(front) :]
    if variety.strength > 0.0:
        front = _relevant(front, variety.strength, n)
    if variety.cap < 1 or policy.category is not None:
        return [*front, *behind]
    cap = CategoryCap(variety.cap)
    for item in pinned:
        cap.admits(item.category)
    free = {item.id for item in pinned}
    kept: list[Pick] = []
    over: list[Pick] = []
    others = (pick for pick in islice(more, LOOKS) if not policy.behind(pick.item))
    for pick in chain(front, others):
        fits = pick.item.id in free or cap.admits(pick.item.category)
        (kept if fits else over).append(pick)
        if len(kept) >= n:
            break
    return [*kept, *over, *behind]


def _relevant(front: list[Pick], strength: float, n: int) -> list[Pick]:
    # What scores nothing has no relevance that could be weighed.
    pool = [pick for pick in front[: max(POOL, 2 * n)] if pick.score > 0.0]
    alike = likeness([pick.item for pick in pool])
    order = marginal([pick.score for pick in pool], alike, strength, n)
    chosen = set(order)
    rest = [pick for at, pick in enumerate(pool) if at not in chosen]
    return [*(pool[at] for at in order), *rest, *front[len(pool) :]]
