"""What the crowd says of items: the rankings of a site in one table, made to be looked up in."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models.compiled import compiled
from online_models.popularity import HORIZONS
from online_models.rows import TopList

LINKED: Final = "linked"
"""The ranking of items by how much they are paired with any others."""

HEAD: Final = 20
"""Items at the top of each horizon that are candidates whatever the neighbours say."""

RANKINGS: Final = (*HORIZONS, LINKED)


class Crowd(NamedTuple):
    """Ranked items `keys` (c,), each once; `said` (c, 4) times `scale` (4,) is each one's share of
    every horizon, then how much it is paired. `heads` (h,) are the first of each horizon, one
    after another.

    `table` finds keys for compiled loops; without these it is empty and the keys are sorted.
    """

    keys: NDArray[np.uint64]
    said: NDArray[np.float64]
    heads: NDArray[np.uint64]
    table: NDArray[np.int32]
    scale: NDArray[np.float64]

    def of(self, items: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return what is said of items (m, 4): 0 of those that are in no ranking."""
        said = np.zeros((len(items), len(RANKINGS)))
        if len(self.keys):
            order = np.argsort(self.keys)
            keys = self.keys[order]
            at = np.minimum(np.searchsorted(keys, items), len(keys) - 1)
            known = keys[at] == items
            said[known] = self.said[order[at[known]]] * self.scale
        return said


def crowd_of(tops: Mapping[str, TopList]) -> Crowd:
    """Return the rankings as one table; some may be missing. Cost: 50 us, so keep it.

    >>> top = TopList(np.array([7, 9], np.uint64), np.array([3, 1], np.float32), 0, 4.0)
    >>> crowd_of({"long": top}).of(np.array([9, 8], np.uint64)).tolist()
    [[0.0, 0.0, 0.25, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    found = [(column, tops[name]) for column, name in enumerate(RANKINGS) if name in tops]
    keys = np.concatenate([np.empty(0, np.uint64), *(top.keys for _, top in found)])
    said = np.concatenate([np.empty(0), *(_said(column, top) for column, top in found)])
    columns = np.repeat([column for column, _ in found], [len(top.keys) for _, top in found])
    heads = [tops[horizon].keys[:HEAD] for horizon in HORIZONS if horizon in tops]
    fast = compiled()
    made = (fast.crowd if fast else _table)(keys, said, columns.astype(np.int64), len(RANKINGS))
    first = np.concatenate([np.empty(0, np.uint64), *heads])
    return Crowd(made[0], made[1], first, made[2], np.ones(len(RANKINGS)))


def _said(column: int, top: TopList) -> NDArray[np.float64]:
    weights = top.weights.astype(np.float64)
    if column == RANKINGS.index(LINKED):
        return weights
    return weights / top.total if top.total > 0.0 else np.zeros(len(weights))


def _table(
    keys: NDArray[np.uint64], said: NDArray[np.float64], columns: NDArray[np.int64], width: int
) -> tuple[NDArray[np.uint64], NDArray[np.float64], NDArray[np.int32]]:
    distinct, at = np.unique(keys, return_inverse=True)
    table = np.zeros((len(distinct), width))
    table[at, columns] = said
    return distinct, table, np.empty(0, np.int32)
