"""`pooling.pool`, compiled: the same sums in the same order. Imported only if numba is there."""

import numba
import numpy as np
from numpy.typing import NDArray

from online_models.pooling import COLUMNS, Pool, Rows

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_WIDTH = len(COLUMNS)


def pool(rows: Rows, others: NDArray[np.uint64]) -> Pool:
    """Return what `pooling.pool` does, in about a tenth of the time."""
    items, sums = _pool(*rows, others)
    order = np.argsort(items)
    return Pool(items[order], sums[order])


@numba.njit(cache=True)
def _pool(keys, weights, lengths, trust, scale, newest, others):  # type: ignore[no-untyped-def]
    bits = 4
    while (1 << bits) < 2 * (len(keys) + len(others)):
        bits += 1
    table = np.full(1 << bits, -1, np.int64)
    items = np.empty(len(keys) + len(others), np.uint64)
    sums = np.zeros((len(items), _WIDTH))
    halves = np.sqrt(scale)
    count = 0
    at = 0
    for row in range(len(lengths)):
        for each in range(at, at + lengths[row]):
            place = _place(keys[each], table, items, count, bits)
            count = max(count, place + 1)
            first, after = np.float64(weights[each, 0]), np.float64(weights[each, 1])
            own = sums[place]
            own[0] += trust[row] * (first * scale[row, 0])
            own[1] += trust[row] * (after * scale[row, 1])
            if newest and row == 0:
                own[2] += first * scale[row, 0]
                own[3] += after * scale[row, 1]
            own[4] += first > 0.0
            own[5] += trust[row] * (first * halves[row, 0])
            own[6] += trust[row] * (after * halves[row, 1])
        at += lengths[row]
    for key in others:
        count = max(count, _place(key, table, items, count, bits) + 1)
    return items[:count], sums[:count]


@numba.njit(cache=True)
def _place(key, table, items, count, bits):  # type: ignore[no-untyped-def]
    """Return which of the `count` items the key is; it becomes the next one if it is none."""
    slot = np.int64((key * _GOLDEN) >> np.uint64(64 - bits))
    while table[slot] >= 0 and items[table[slot]] != key:
        slot = (slot + 1) & ((1 << bits) - 1)
    if table[slot] < 0:
        table[slot] = count
        items[count] = key
    return table[slot]
