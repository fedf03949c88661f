"""Scores of candidates, the best of them, and a step of learning: arrays in, arrays out.

These are the references, in numpy; `kernels.score` gives the same bits, compiled. Sums go one after
another, since `@` and `sum` round otherwise from one processor to the next.
"""

import numpy as np
from numpy.typing import NDArray

from online_models.elementary import exp_of, log_of

Floats = NDArray[np.float64]


def scores(features: Floats, own: NDArray[np.bool_], shared: Floats, again: Floats) -> Floats:
    """Return the scores (m,) of `features` (m, experts); `own` ones have weights `again` on top."""
    found = np.zeros(len(features))
    more = np.zeros(len(features))
    for expert in range(features.shape[1]):
        found += features[:, expert] * shared[expert]
        more += features[:, expert] * again[expert]
    found[own] += more[own]
    return found


def leaders(items: NDArray[np.uint64], found: Floats, n: int) -> NDArray[np.intp]:
    """Return where the n best stand, best first; of equals the one with the smaller number.

    >>> leaders(np.array([9, 7, 8], np.uint64), np.array([1.0, 1.0, 2.0]), 2).tolist()
    [2, 1]
    """
    return np.lexsort((items, -found))[:n]


def want(codes: NDArray[np.int32], rarity: Floats, trust: Floats, wanted: Floats) -> None:
    """Add the vectors of items to `wanted` (concepts,), in place, each by how far it is trusted.

    An item's vector has `rarity` (concepts,) at its `codes` (m, n), and length 1; code 0 is none.
    """
    shares = rarity[codes] / _lengths(codes, rarity)[:, None] * trust[:, None]
    np.add.at(wanted, codes.ravel(), shares.ravel())
    wanted[0] = 0.0


def alike(codes: NDArray[np.int32], rarity: Floats, wanted: Floats) -> Floats:
    """Return the product (m,) of each item's vector with `wanted` (concepts,)."""
    found = np.zeros(len(codes))
    for at in range(codes.shape[1]):
        found += wanted[codes[:, at]] * rarity[codes[:, at]]
    return found / _lengths(codes, rarity)


def heaviest(codes: NDArray[np.int32], wanted: Floats, most: int) -> NDArray[np.int32]:
    """Return the distinct ones of some concepts that are wanted most; 0 is none."""
    distinct = np.unique(codes)
    distinct = distinct[distinct > 0]
    return distinct[np.lexsort((distinct, -wanted[distinct]))[:most]]


def describe(
    pool: tuple[NDArray[np.uint64], Floats, NDArray[np.bool_]],
    fresh: NDArray[np.uint64],
    met: tuple[NDArray[np.uint64], NDArray[np.uint64]],
    places: NDArray[np.int64],
    about: tuple[NDArray[np.int32], Floats, Floats],
    said: tuple[int, float, float],
) -> tuple[NDArray[np.uint64], Floats, NDArray[np.bool_]]:
    """Return items, features and own of a `pool` (m,) with how alike they are, and of the `fresh`.

    Of `fresh` (f,) items, which may repeat, those that are neither in the pool nor `met` come at
    its end. `places` (m + f,) are where their codes stand, -1 if nowhere; `about` the codes, the
    rarity of each concept, and how much it is wanted; `said` the column of likeness, which is
    followed by that of new items, its scale, and what is said of each new item.
    """
    items, features, own = pool
    column, scale, new = said
    first = np.sort(np.unique(fresh, return_index=True)[1])
    first = first[~np.isin(fresh[first], np.concatenate([items, *met]))]
    places = np.concatenate([places[: len(items)], places[len(items) + first]])
    codes = about[0][places]
    codes[places < 0] = 0
    more = np.zeros((len(first), features.shape[1]))
    more[:, column + 1] = new
    features = np.concatenate([features, more])
    features[:, column] = log_of(1.0 + alike(codes, *about[1:]) / scale)
    items = np.concatenate([items, fresh[first]])
    return items, features, np.concatenate([own, np.zeros(len(first), np.bool_)])


def learn(
    features: Floats,
    own: NDArray[np.bool_],
    weights: Floats,
    squares: Floats,
    cases: NDArray[np.int64],
    again: int,
    chosen: int,
    steps: tuple[float, float, float],
) -> bool:
    """Take a step towards candidate `chosen`, in place; say whether the example was sound.

    `cases` are the rows of `weights` that speak for all candidates, `again` that of `own` ones;
    `steps` the rate, the limit of a weight, and the size from which a feature is absurd.
    """
    rate, limit, absurd = steps
    if not (np.abs(features) < absurd).all():  # NaN is not below either
        return False
    shared = np.zeros(features.shape[1])
    for case in cases:
        shared += weights[case]
    said = scores(features, own, shared, weights[again])
    odds = exp_of(said - said.max())
    misses = -(odds / np.cumsum(odds)[-1])
    misses[chosen] += 1.0
    slope = np.cumsum(misses[:, None] * features, axis=0)[-1]
    for case in cases:
        _step(weights[case], squares[case], slope, rate, limit)
    if own.any():
        mine = np.cumsum(misses[own, None] * features[own], axis=0)[-1]
        _step(weights[again], squares[again], mine, rate, limit)
    return True


def _step(weights: Floats, squares: Floats, slope: Floats, rate: float, limit: float) -> None:
    squares += slope * slope
    moved = weights + rate * slope / (np.sqrt(squares) + 1e-9)
    weights[:] = np.minimum(np.maximum(moved, -limit), limit)


def _lengths(codes: NDArray[np.int32], rarity: Floats) -> Floats:
    squares = np.zeros(len(codes))
    for at in range(codes.shape[1]):
        squares += rarity[codes[:, at]] * rarity[codes[:, at]]
    lengths: Floats = np.maximum(np.sqrt(squares), 1e-12)
    return lengths
