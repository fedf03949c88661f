"""Who may answer "what next?": the blend, and what it has to beat, over the same candidates.

A contender orders what is there when an answer is made: the slate that the blend chooses from,
and the rankings of the site. All of that is learnt from the whole log, whoever answered, so no
contender knows less for being asked seldom.
"""

from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Final

import numpy as np

from online_models.blend import Candidate, best, leaders
from online_models.rows import TopList
from online_models.slate import EXPERTS, Slate
from online_models.weights import Weights

BLEND: Final = "blend"
_EXPERTS: Final = {"together": "together", "transition": "last_next"}
_STRATEGIES: Final = {"together": "together", "transition": "next"}
_RANKINGS: Final = ("popular", "trending")

CONTENDERS: Final = (BLEND, *_RANKINGS, *_EXPERTS)
"""`popular` and `trending` are the site's rankings; `together` goes by what people touch along with
the person's last items, `transition` by what comes right after the last one."""


def lined_up(
    name: str,
    slate: Slate,
    weights: Weights,
    tops: Mapping[str, TopList],
    exclude: Collection[int],
    n: int,
) -> list[Candidate]:
    """Return the `n` items that a contender puts first, fewer if it knows no more.

    `tops` holds the rankings `popular` and `trending`, from which `exclude` is left out; the
    slate has no such item already. Cost: that of `best` for the blend, some 20 us for the others.

    >>> tops = {"popular": TopList(np.array([7, 9], np.uint64), np.array([3, 1]), 0, 4.0)}
    >>> empty = np.empty(0, np.uint64)
    >>> nothing = Slate(empty, np.empty((0, len(EXPERTS))), empty.astype(bool), 0, -1)
    >>> [c.item for c in lined_up("popular", nothing, Weights(), tops, {7}, 5)]
    [9]
    """
    if name == BLEND:
        return best(slate, weights, n)
    if name in _RANKINGS:
        return list(islice(_leading(name, tops.get(name), exclude), n))
    return _said(name, slate, n)


def first_of(
    name: str,
    slate: Slate,
    weights: Weights,
    tops: Mapping[str, TopList],
    exclude: Collection[int],
    n: int,
) -> list[int]:
    """Return the items of `lined_up` alone, in a tenth of the time for the blend."""
    if name == BLEND:
        order, _ = leaders(slate, weights, n)
        numbers: list[int] = slate.items[order].tolist()
        return numbers
    return [candidate.item for candidate in lined_up(name, slate, weights, tops, exclude, n)]


def _said(name: str, slate: Slate, n: int) -> list[Candidate]:
    """Return the items that one expert speaks for, the loudest first."""
    expert = _EXPERTS[name]
    features = slate.features[:, EXPERTS.index(expert)]
    total = float(features.sum()) or 1.0
    order = np.argsort(-features, kind="stable")[:n]
    return [
        Candidate(item, said / total, _STRATEGIES[name], {expert: said})
        for item, said in zip(slate.items[order].tolist(), features[order].tolist(), strict=True)
        if said > 0.0
    ]


def _leading(name: str, top: TopList | None, exclude: Collection[int]) -> Iterator[Candidate]:
    if top is None:
        return
    for item, weight in zip(top.keys.tolist(), top.weights.tolist(), strict=True):
        if item not in exclude:
            yield Candidate(item, weight / (top.total or 1.0), name, {})
