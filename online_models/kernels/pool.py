"""`pooling.pool`, compiled: the same sums in the same order."""

import numba
import numpy as np

from online_models.elementary import log_of
from online_models.pooling import COLUMNS, REPEAT
from online_models.popularity import HORIZONS

_log = numba.njit(log_of)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_POOLED, _HORIZONS, _REPEAT = 9, 3, 12
"""Written down here, since what was compiled is kept until this file changes."""

if (len(COLUMNS), len(HORIZONS), REPEAT) != (_POOLED, _HORIZONS, _REPEAT):
    raise RuntimeError("kernels/pool.py: its numbers are not those of pooling.py")


@numba.njit(cache=True)
def pool(rows, crowd, own, barred, repeats, settings):  # type: ignore[no-untyped-def]
    """Return the candidates, their features, and which the person touched before."""
    known, said, heads, find = crowd
    scales, own_fade, doubt, most = settings
    size = len(rows[0]) + len(heads) + len(own)
    table = np.full(_room(size), -1, np.int32)
    shift = _shift(len(table))
    items, sums, promise = np.empty(size, np.uint64), np.empty((size, len(scales))), np.zeros(size)
    count = _pool_rows(rows, table, shift, items, sums)
    for key in heads:
        place = _place(key, table, shift, items, sums, count)
        count = max(count, place + 1)
        promise[place] += 1.0
    for back in range(len(own)):
        place = _place(own[back], table, shift, items, sums, count)
        count = max(count, place + 1)
        if repeats:
            sums[place, _REPEAT] += own_fade[back]
            sums[place, _REPEAT + 1] += 1.0 if back == 0 else 0.0
            sums[place, _REPEAT + 2] += 1.0
    for place in range(count):
        promise[place] += sums[place, 0] + sums[place, 1] + sums[place, _REPEAT]
    _strike(barred, promise, table, shift, items)
    touched = np.ones(count)
    _strike(own, touched, table, shift, items)
    if not repeats:
        _strike(own, promise, table, shift, items)
    chosen = _largest(promise[:count], most)
    features = np.zeros((len(chosen), len(scales)))
    find_shift = _shift(len(find))
    for line in range(len(chosen)):
        there = -1
        if len(find):
            there = find[_slot(items[chosen[line]], find, find_shift, known)]
        _finish(sums[chosen[line]], said, there, doubt, scales, features[line])
    return items[chosen], features, touched[chosen] == 0.0


@numba.njit(cache=True)
def _pool_rows(rows, table, shift, items, sums):  # type: ignore[no-untyped-def]
    """Add up what rows say of their neighbours; return how many distinct ones there are."""
    keys, weights, lengths, trust, scale, lags = rows
    count = at = 0
    for row in range(len(lengths)):
        far, lag = trust[row], lags[row]
        first_scale, after_scale = scale[row, 0], scale[row, 1]
        first_half, after_half = np.sqrt(first_scale), np.sqrt(after_scale)
        for each in range(at, at + lengths[row]):
            place = _place(keys[each], table, shift, items, sums, count)
            count = max(count, place + 1)
            first, after = np.float64(weights[each, 0]), np.float64(weights[each, 1])
            mine = sums[place]
            mine[0] += far * (first * first_scale)
            mine[1] += far * (after * after_scale)
            if lag < 2:
                mine[2 + 2 * lag] += first * first_scale
                mine[3 + 2 * lag] += after * after_scale
            mine[6] += first > 0.0
            mine[7] += far * (first * first_half)
            mine[8] += far * (after * after_half)
        at += lengths[row]
    return count


@numba.njit(cache=True)
def _finish(sums, said, there, doubt, scales, features):  # type: ignore[no-untyped-def]
    """Add what the crowd says of one candidate, at `there`; write its features."""
    mass = 0.0
    if there >= 0:
        sums[_POOLED : _POOLED + _HORIZONS] = said[there, :_HORIZONS]
        mass = said[there, _HORIZONS]
    root = np.sqrt(mass + doubt)
    sums[_POOLED - 2] /= root
    sums[_POOLED - 1] /= root
    for expert in range(len(scales)):
        if sums[expert] != 0.0:
            features[expert] = _log(1.0 + sums[expert] / scales[expert])


@numba.njit(cache=True)
def _strike(keys, values, table, shift, items):  # type: ignore[no-untyped-def]
    """Set the values of some items to 0, as far as they are there."""
    for key in keys:
        place = table[_slot(key, table, shift, items)]
        if place >= 0:
            values[place] = 0.0


@numba.njit(cache=True)
def crowd(keys, said, columns, width):  # type: ignore[no-untyped-def]
    """Return each key once, what is said of it in every column, and a table that finds keys."""
    table = np.full(_room(len(keys)), -1, np.int32)
    shift = _shift(len(table))
    known, values, count = np.empty(len(keys), np.uint64), np.empty((len(keys), width)), 0
    for at in range(len(keys)):
        place = _place(keys[at], table, shift, known, values, count)
        count = max(count, place + 1)
        values[place, columns[at]] = said[at]
    return known[:count], values[:count], table


@numba.njit(cache=True)
def _room(count):  # type: ignore[no-untyped-def]
    """Return the size of a table for so many keys: a power of two, at least twice as large."""
    room = 16
    while room < 2 * count:
        room *= 2
    return room


@numba.njit(cache=True)
def _shift(room):  # type: ignore[no-untyped-def]
    shift = np.uint64(64)
    while room > 1:
        room >>= 1
        shift -= np.uint64(1)
    return shift


@numba.njit(cache=True)
def _slot(key, table, shift, keys):  # type: ignore[no-untyped-def]
    """Return where in the table a key is, or belongs."""
    slot = np.int64((key * _GOLDEN) >> shift)
    while table[slot] >= 0 and keys[table[slot]] != key:
        slot = (slot + 1) & (len(table) - 1)
    return slot


@numba.njit(cache=True)
def _place(key, table, shift, keys, values, count):  # type: ignore[no-untyped-def]
    """Return which of the `count` keys this is; it becomes the next one if it is none."""
    slot = _slot(key, table, shift, keys)
    if table[slot] < 0:
        table[slot] = count
        keys[count] = key
        values[count] = 0.0
    return table[slot]


@numba.njit(cache=True)
def _largest(values, most):  # type: ignore[no-untyped-def]
    """Return where the largest positive values stand, rising; of equals the first ones."""
    limit, room = 0.0, 0
    if len(values) > most:
        limit, room = _kth(values.copy(), most), most
        for value in values:
            room -= value > limit
    chosen, found = np.empty(len(values), np.int64), 0
    for at in range(len(values)):
        ties = values[at] == limit and limit > 0.0 and room > 0
        if values[at] > limit or ties:
            room -= ties
            chosen[found] = at
            found += 1
    return chosen[:found]


@numba.njit(cache=True)
def _kth(values, k):  # type: ignore[no-untyped-def]
    """Return the k-th largest value (Hoare, Algorithm 65: find, 1961); disorders the values."""
    low, high, wanted = 0, len(values) - 1, len(values) - k
    while low < high:
        pivot, left, right = values[(low + high) >> 1], low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    return values[wanted]
