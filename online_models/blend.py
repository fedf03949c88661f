"""What next? Experts' opinions on candidate items, blended log-linearly.

A score is the weighted sum of what the experts say (`slate`), with weights learnt online
(`weights`). The same function ranks for the API, which reads rows and rankings from the views,
and for the evaluation, which holds them in memory.

>>> top = TopList(np.array([7, 9], np.uint64), np.array([3, 1], np.float32), 0, 4.0)
>>> [(c.item, c.strategy) for c in rank([], {}, {"long": top}, Weights(), 2, (), 0)]
[(7, 'popular'), (9, 'popular')]
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from online_models.rows import NeighbourRow, TopList
from online_models.slate import EXPERTS, Slate, evidence_of, slate
from online_models.touches import Touch
from online_models.weights import Weights

__all__ = ["STRATEGIES", "Candidate", "Touch", "Weights", "best", "rank", "wanted"]

STRATEGIES: Final = ("together", "next", "trending", "trending", "popular", "repeat")
"""What an answer calls the experts, in their order."""


class Candidate(NamedTuple):
    """A ranked item: `score` is its share among the candidates, `strategy` why it is there.

    `parts` holds each expert's contribution to the logarithm of the score; the strategy is that
    of the largest among the experts that know the item.
    """

    item: int
    score: float
    strategy: str
    parts: dict[str, float]


def rank(
    recents: Sequence[Touch],
    rows: Mapping[int, NeighbourRow],
    tops: Mapping[str, TopList],
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
    all gives an empty list. Cost: about 200 us with 20 rows of 64.
    """
    past = [touch for touch in recents if touch.time <= now]
    return best(slate(past, rows, tops, exclude, repeats=repeats), weights, n)


def wanted(recents: Sequence[Touch]) -> list[int]:
    """Return the items whose rows `rank` asks for, newest first: distinct and not disliked.

    >>> wanted([Touch(1, "view", 0), Touch(2, "dislike", 1), Touch(3, "view", 2)])
    [3, 1]
    """
    return [item for item, _ in evidence_of(recents)]


def best(candidates: Slate, weights: Weights, n: int) -> list[Candidate]:
    """Return the n candidates that score best; of equals the one with the smaller number."""
    if n < 1 or not len(candidates.items):
        return []
    parts = candidates.features * weights.of(candidates.history)
    scores = parts.sum(axis=1)
    odds = np.exp(scores - scores.max())
    odds /= odds.sum()
    # Candidates stand by rising number, and the sort is stable.
    order = np.argsort(-scores, kind="stable")[:n]
    parts, knows = parts[order], candidates.features[order] > 0.0
    return [
        Candidate(item, odd, STRATEGIES[expert], dict(zip(EXPERTS, part, strict=True)))
        for item, odd, expert, part in zip(
            candidates.items[order].tolist(),
            odds[order].tolist(),
            np.where(knows, parts, -np.inf).argmax(axis=1).tolist(),
            parts.tolist(),
            strict=True,
        )
    ]
