"""What the neighbour rows of a person's recent items say together: the inner loop of a slate.

`pool` is the reference, in numpy. Where numba is installed (`pip install 'headrace[fast]'`) the
same sums are made by `pooling_fast`, in the same order, so that both give the same bits.
"""

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = ("together", "next", "last_together", "last_next", "support", "rare", "rare_next")
"""What is pooled, a column each: the sums of all rows' shares; the shares of the newest row; how
many rows have the item; the shares with only half of the row's own weight divided out (the other
half belongs to the neighbour, as in a cosine)."""


class Rows(NamedTuple):
    """The rows of the recent items, one after another, newest first.

    `keys` (n,) and `weights` (n, 2) of all neighbours; `lengths` (rows,) of each row; `trust`
    (rows,) is how much each counts, `scale` (rows, 2) one over what its weights are a share of.
    `newest` says that the first row is that of the newest item.
    """

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    lengths: NDArray[np.int64]
    trust: NDArray[np.float64]
    scale: NDArray[np.float64]
    newest: bool


class Pool(NamedTuple):
    """Items (m,) by rising number, and what is pooled for them (m, `COLUMNS`)."""

    items: NDArray[np.uint64]
    sums: NDArray[np.float64]


def pool(rows: Rows, others: NDArray[np.uint64]) -> Pool:
    """Return the neighbours in `rows` and `others`, which need be no neighbours of anything."""
    items, place = np.unique(np.concatenate([rows.keys, others]), return_inverse=True)
    place = place[: len(rows.keys)]
    owner = np.repeat(np.arange(len(rows.lengths)), rows.lengths)
    shares = rows.weights * rows.scale[owner]
    halves = rows.weights * np.sqrt(rows.scale)[owner]
    trust = rows.trust[owner]
    newest = np.flatnonzero(owner == 0) if rows.newest else np.empty(0, np.int64)
    columns = (
        (place, trust * shares[:, 0]),
        (place, trust * shares[:, 1]),
        (place[newest], shares[newest, 0]),
        (place[newest], shares[newest, 1]),
        (place, (rows.weights[:, 0] > 0.0).astype(np.float64)),
        (place, trust * halves[:, 0]),
        (place, trust * halves[:, 1]),
    )
    sums = np.empty((len(items), len(columns)))
    for column, (at, values) in enumerate(columns):
        sums[:, column] = np.bincount(at, values, len(items))
    return Pool(items, sums)


@cache
def fastest() -> Callable[[Rows, NDArray[np.uint64]], Pool]:
    """Return the compiled `pool` if numba is installed, else the reference."""
    try:
        from online_models import pooling_fast  # half a second, and optional
    except ImportError:
        return pool
    return pooling_fast.pool
