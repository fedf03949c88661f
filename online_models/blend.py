"""What next? Experts' opinions on candidate items, blended log-linearly.

A score is the weighted sum of what the experts say (`slate`), with weights learnt online
(`weights`). The same function ranks for the API, which reads rows and rankings from the views,
and for the evaluation, which holds them in memory.

>>> top = TopList(np.array([7, 9], np.uint64), np.array([3, 1], np.float32), 0, 4.0)
>>> [(c.item, c.strategy) for c in rank([], {}, {"long": top}, Weights(), 2, (), 0)]
[(7, 'popular'), (9, 'popular')]
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models import scoring
from online_models.compiled import compiled
from online_models.crowd import Crowd
from online_models.popularity import HORIZONS
from online_models.rows import NeighbourRow, TopList
from online_models.slate import EXPERTS, REPEATS, Slate, evidence_of, slate
from online_models.touches import Touch
from online_models.weights import Weights

__all__ = ["STRATEGIES", "Candidate", "Touch", "Weights", "best", "leaders", "rank", "wanted"]

STRATEGIES: Final = ("together", "next", "popular", "repeat", "alike", "new", "trending")
"""Why an item may be there. The horizons of popularity speak with one voice, which is called
`trending` where an item is clearly hotter now than it uses to be."""

TRENDING: Final = STRATEGIES.index("trending")
POPULAR: Final = STRATEGIES.index("popular")

HOTTER: Final = math.log(1.5)
"""How much more of the short or medium horizon an item must have than of the long one."""

_VOICES: Final = np.zeros((len(EXPERTS), len(STRATEGIES) - 1))
"""Which experts speak for each strategy. How many recent items agree is no reason of its own."""

for _strategy, _names in enumerate(
    (
        ("together", "last_together", "second_together", "rare"),
        ("next", "last_next", "second_next", "rare_next"),
        HORIZONS,
        REPEATS,
        ("alike",),
        ("new",),
    )
):
    _VOICES[[EXPERTS.index(_name) for _name in _names], _strategy] = 1.0


class Candidate(NamedTuple):
    """A ranked item: `score` is its share among the candidates, `strategy` why it is there.

    `parts` holds each expert's contribution to the logarithm of the score; the strategy is that
    which speaks most for this item rather than for the other candidates, among those that know it.
    """

    item: int
    score: float
    strategy: str
    parts: dict[str, float]


def rank(
    recents: Sequence[Touch],
    rows: Mapping[int, NeighbourRow],
    tops: Mapping[str, TopList] | Crowd,
    weights: Weights,
    n: int,
    exclude: Collection[int],
    now: int,
    *,
    repeats: bool = False,
) -> list[Candidate]:
    """Return the n best items for a person at `now` (epoch ms), best first.

    `recents` are the person's touches, oldest first; `rows` holds the neighbour rows of
    `wanted(recents)`, as far as there are any; `tops` the rankings of the horizons. The recent
    items come back only with `repeats`. Whatever is missing is done without; nothing known at
    all gives an empty list. Cost: about 150 us with 20 rows of 64.
    """
    past = [touch for touch in recents if touch.time <= now]
    return best(slate(past, rows, tops, exclude, now, repeats=repeats), weights, n)


def wanted(recents: Sequence[Touch]) -> list[int]:
    """Return the items whose rows `rank` asks for, newest first: distinct and not disliked.

    >>> wanted([Touch(1, "view", 0), Touch(2, "dislike", 1), Touch(3, "view", 2)])
    [3, 1]
    """
    return [item for item, _ in evidence_of(recents)]


def best(candidates: Slate, weights: Weights, n: int) -> list[Candidate]:
    """Return the n candidates that score best; of equals the one with the smaller number."""
    order, scores = leaders(candidates, weights, n)
    if not len(order):
        return []
    odds = np.exp(scores - scores.max())
    odds /= odds.sum()
    parts = weights.parts(candidates)
    mean, parts = parts.mean(axis=0), parts[order]
    strategies = _strategies(parts - mean, candidates.features[order])
    return [
        Candidate(item, odd, STRATEGIES[strategy], dict(zip(EXPERTS, part, strict=True)))
        for item, odd, strategy, part in zip(
            candidates.items[order].tolist(),
            odds[order].tolist(),
            strategies.tolist(),
            parts.tolist(),
            strict=True,
        )
    ]


def leaders(
    candidates: Slate, weights: Weights, n: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return where the n best of a slate stand, best first, and the scores of all (m,).

    What `best` goes by, without its reasons: 10 us where numba is installed.
    """
    scores = weights.scores(candidates)
    lead = (compiled() or scoring).leaders
    order: NDArray[np.intp] = lead(candidates.items, scores, max(n, 0))
    return order, scores


def _strategies(parts: NDArray[np.float64], features: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the number of the strategy that contributed most, of those that know the item.

    `parts` are those above or below the average candidate's: what all have alike explains none.
    """
    voices = parts @ _VOICES
    knows = features @ _VOICES > 0.0
    strategies: NDArray[np.intp] = np.where(knows, voices, -np.inf).argmax(axis=1)
    short, medium, long = (features[:, EXPERTS.index(horizon)] for horizon in HORIZONS)
    hotter = np.maximum(short, medium) > long + HOTTER
    strategies[(strategies == POPULAR) & hotter] = TRENDING
    return strategies
