"""What rows, rankings and a person's touches say of candidates: the inner loop of a slate.

`pool` is the reference, in numpy. Where numba is installed the same sums are made by
`kernels.pool`, in the same order, so that both give the same bits.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models.compiled import compiled
from online_models.crowd import Crowd
from online_models.elementary import log_of
from online_models.popularity import HORIZONS

COLUMNS: Final = (
    *("together", "next", "last_together", "last_next", "second_together", "second_next"),
    *("support", "rare", "rare_next"),
)
"""What is pooled, a column each: the sums of all rows' shares; the shares of the newest row and of
the second; how many rows have the item; the shares with only half of the row's own weight divided
out (the other half belongs to the neighbour, as in a cosine)."""

REPEATS: Final = ("repeat", "repeat_last", "repeat_count")
CONTENT: Final = ("alike", "new")
EXPERTS: Final = (*COLUMNS, *HORIZONS, *REPEATS, *CONTENT)
REPEAT: Final = EXPERTS.index("repeat")
_RARE: Final = EXPERTS.index("rare")


class Rows(NamedTuple):
    """The rows of the recent items, one after another, newest first.

    `keys` (n,) and `weights` (n, 2) of all neighbours; `lengths` (rows,) of each row; `trust`
    (rows,) is how much each counts, `scale` (rows, 2) one over what its weights are a share of,
    `lags` (rows,) how many recent items are newer.
    """

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    lengths: NDArray[np.int64]
    trust: NDArray[np.float64]
    scale: NDArray[np.float64]
    lags: NDArray[np.int64]


class Settings(NamedTuple):
    """`scales` (experts,): the share from which each expert knows something; `own_fade` how
    likely a touch is to come back, by lag; `doubt` the weight a neighbour is taken to have at
    least; `most` how many candidates there may be."""

    scales: NDArray[np.float64]
    own_fade: NDArray[np.float64]
    doubt: float
    most: int


class Pool(NamedTuple):
    """Candidates `items` (m,) in the order in which they were met, their `features`
    (m, experts), and which are the person's `own` (m,)."""

    items: NDArray[np.uint64]
    features: NDArray[np.float64]
    own: NDArray[np.bool_]


def fastest(
    rows: Rows,
    crowd: Crowd,
    own: NDArray[np.uint64],
    barred: NDArray[np.uint64],
    repeats: bool,
    settings: Settings,
) -> Pool:
    """Return what `pool` does, by the compiled loop if there is one: in a tenth of the time."""
    fast = compiled()
    if fast is None:
        return pool(rows, crowd, own, barred, repeats, settings)
    # As plain tuples: the loop would be compiled anew in each process for ours.
    return Pool(*fast.pool(tuple(rows), tuple(crowd), own, barred, repeats, tuple(settings)))


def pool(
    rows: Rows,
    crowd: Crowd,
    own: NDArray[np.uint64],
    barred: NDArray[np.uint64],
    repeats: bool,
    settings: Settings,
) -> Pool:
    """Return the neighbours in `rows`, the crowd's heads and the person's `own` touches.

    Of them the `most` promising, in the order in which they were met. Those `barred` are left
    out, and so are `own` ones unless `repeats` are asked for; `own` come newest first.
    """
    every, first, at = np.unique(
        np.concatenate([rows.keys, crowd.heads, own]), return_index=True, return_inverse=True
    )
    met = np.argsort(first)
    items = every[met]
    place = np.argsort(met)[at]
    place, at_heads, at_own = np.split(place, [len(rows.keys), len(rows.keys) + len(crowd.heads)])
    sums = np.zeros((len(items), len(EXPERTS)))
    _pooled(rows, place, sums)
    if repeats:
        _repeats(at_own, settings.own_fade, sums)
    promise = np.bincount(at_heads, minlength=len(items)).astype(np.float64)
    promise += sums[:, 0] + sums[:, 1] + sums[:, REPEAT]
    promise[np.isin(items, barred)] = 0.0
    touched = np.zeros(len(items), np.bool_)
    touched[at_own] = True
    if not repeats:
        promise[at_own] = 0.0
    chosen = _largest(promise, settings.most)
    items, sums = items[chosen], sums[chosen]
    said = crowd.of(items)
    sums[:, len(COLUMNS) : len(COLUMNS) + len(HORIZONS)] = said[:, : len(HORIZONS)]
    sums[:, _RARE : _RARE + 2] /= np.sqrt(said[:, len(HORIZONS)] + settings.doubt)[:, None]
    return Pool(items, log_of(1.0 + sums / settings.scales), touched[chosen])


def _pooled(rows: Rows, place: NDArray[np.intp], sums: NDArray[np.float64]) -> None:
    owner = np.repeat(np.arange(len(rows.lengths)), rows.lengths)
    shares = rows.weights * rows.scale[owner]
    halves = rows.weights * np.sqrt(rows.scale)[owner]
    trust, lags = rows.trust[owner], rows.lags[owner]
    last, second = np.flatnonzero(lags == 0), np.flatnonzero(lags == 1)
    columns = (
        (place, trust * shares[:, 0]),
        (place, trust * shares[:, 1]),
        (place[last], shares[last, 0]),
        (place[last], shares[last, 1]),
        (place[second], shares[second, 0]),
        (place[second], shares[second, 1]),
        (place, (rows.weights[:, 0] > 0.0).astype(np.float64)),
        (place, trust * halves[:, 0]),
        (place, trust * halves[:, 1]),
    )
    for column, (at, values) in enumerate(columns):
        sums[:, column] = np.bincount(at, values, len(sums))


def _repeats(
    at_own: NDArray[np.intp], own_fade: NDArray[np.float64], sums: NDArray[np.float64]
) -> None:
    """Write what the experts of repeats say; `at_own` is where the touches are, newest first."""
    if len(at_own):
        sums[:, REPEAT] = np.bincount(at_own, own_fade[: len(at_own)], len(sums))
        sums[at_own[0], REPEAT + 1] = 1.0
        sums[:, REPEAT + 2] = np.bincount(at_own, minlength=len(sums))


def _largest(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return where the largest positive values stand, rising; of equals the first ones."""
    if len(values) > most:
        limit = np.sort(values)[-most]
        chosen = values > limit
        chosen[np.flatnonzero(values == limit)[: most - np.count_nonzero(chosen)]] = True
        values = np.where(chosen, values, 0.0)
    return np.flatnonzero(values > 0.0)
