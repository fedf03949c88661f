"""`scoring.want`, `scoring.heaviest` and `scoring.describe`, compiled: the same bits."""

import numba
import numpy as np

from online_models.elementary import log_of
from online_models.kernels.pool import _place, _room, _shift, _strike

_log = numba.njit(log_of)


@numba.njit(cache=True)
def want(codes, rarity, trust, wanted):  # type: ignore[no-untyped-def]
    """Add the vectors of items to `wanted`, in place."""
    for row in range(len(codes)):
        length = _length(codes[row], rarity)
        for code in codes[row]:
            wanted[code] += rarity[code] / length * trust[row]
    wanted[0] = 0.0


@numba.njit(cache=True)
def heaviest(codes, wanted, most):  # type: ignore[no-untyped-def]
    """Return the distinct ones of some concepts that are wanted most."""
    found, count = np.empty(most, np.int32), 0
    for code in codes:
        at = count
        while at > 0 and _before(code, found[at - 1], wanted):
            at -= 1
        if code == 0 or at == most or (at > 0 and found[at - 1] == code):
            continue
        count = min(count + 1, most)
        for later in range(count - 1, at, -1):
            found[later] = found[later - 1]
        found[at] = code
    return found[:count]


@numba.njit(cache=True)
def _before(one, other, wanted):  # type: ignore[no-untyped-def]
    more, less = wanted[one], wanted[other]
    return more > less or (more == less and one < other)


@numba.njit(cache=True)
def describe(pool, fresh, met, places, about, said):  # type: ignore[no-untyped-def]
    """Return the pool with how alike its items are, and the fresh ones that nobody met."""
    items, features, own = pool
    known, (column, scale, new) = len(items), said
    names, at_fresh = _unmet(fresh, items, met)
    size = known + len(names)
    every, touched = np.empty(size, np.uint64), np.zeros(size, np.bool_)
    every[:known], every[known:], touched[:known] = items, names, own
    more = np.zeros((size, features.shape[1]))
    more[:known], more[known:, column + 1] = features, new
    for line in range(size):
        place = places[line] if line < known else places[known + at_fresh[line - known]]
        alike = _alike(about[0][place], about[1], about[2]) if place >= 0 else 0.0
        more[line, column] = _log(1.0 + alike / scale)
    return every, more, touched


@numba.njit(cache=True)
def _unmet(fresh, items, met):  # type: ignore[no-untyped-def]
    """Return the distinct fresh items that are in neither array, and where each came first."""
    table = np.full(_room(len(fresh)), -1, np.int32)
    shift = _shift(len(table))
    names, first, count = np.empty(len(fresh), np.uint64), np.empty(len(fresh), np.int64), 0
    for at in range(len(fresh)):
        place = _place(fresh[at], table, shift, names, count)
        if place == count:
            first[place] = at
            count += 1
    left = np.ones(count)
    for known in (items, met[0], met[1]):
        _strike(known, left, table, shift, names)
    return names[:count][left > 0.0], first[:count][left > 0.0]


@numba.njit(cache=True)
def _alike(codes, rarity, wanted):  # type: ignore[no-untyped-def]
    found = 0.0
    for code in codes:
        found += wanted[code] * rarity[code]
    return found / _length(codes, rarity)


@numba.njit(cache=True)
def _length(codes, rarity):  # type: ignore[no-untyped-def]
    total = 0.0
    for code in codes:
        total += rarity[code] * rarity[code]
    return max(np.sqrt(total), 1e-12)
