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
    size = len(rows[0]) + len(crowd[2]) + len(own)
    table = np.full(_room(size), -1, np.int32)
    shift = _shift(len(table))
    items = np.empty(size, np.uint64)
    places = np.empty(size, np.int32)
    promise = _meet(rows, crowd[2], own, repeats, settings[1], table, shift, items, places)
    _strike(barred, promise, table, shift, items)
    touched = np.ones(len(promise))
    _strike(own, touched, table, shift, items)
    if not repeats:
        _strike(own, promise, table, shift, items)
    chosen = _largest(promise, settings[3])
    lines = np.full(len(promise), -1, np.int32)
    for line in range(len(chosen)):
        lines[chosen[line]] = line
    features = np.zeros((len(chosen), len(settings[0])))
    _pool_rows(rows, places, lines, features)
    if repeats:
        _pool_own(places[size - len(own) :], lines, settings[1], features)
    _finish(items[chosen], crowd, settings, features)
    return items[chosen], features, touched[chosen] == 0.0


@numba.njit(cache=True)
def _meet(  # type: ignore[no-untyped-def]
    rows, heads, own, repeats, own_fade, table, shift, items, places
):
    """Write where each neighbour, head and own touch stands among the distinct ones; return how
    promising these are."""
    size = len(places)
    said, ahead, again = np.zeros(size), np.zeros(size), np.zeros(size)
    count = _meet_rows(rows, table, shift, items, places, said)
    at = len(rows[0])
    for key in heads:
        place = _place(key, table, shift, items, count)
        count = max(count, place + 1)
        ahead[place] += 1.0
        places[at] = place
        at += 1
    for back in range(len(own)):
        place = _place(own[back], table, shift, items, count)
        count = max(count, place + 1)
        if repeats:
            again[place] += own_fade[back]
        places[at + back] = place
    for place in range(count):
        said[place] = ahead[place] + (said[place] + again[place])
    return said[:count]


@numba.njit(cache=True)
def _meet_rows(rows, table, shift, items, places, promise):  # type: ignore[no-untyped-def]
    """Write where each neighbour in rows stands among the distinct ones, and what all rows say
    of these; return how many there are.

    A first look: most of them will be no candidates, so no more is added up than what tells.
    """
    keys, weights, lengths, trust, scale, _ = rows
    after = np.zeros(len(keys))
    count = at = 0
    for row in range(len(lengths)):
        far, first_scale, after_scale = trust[row], scale[row, 0], scale[row, 1]
        for each in range(at, at + lengths[row]):
            place = _place(keys[each], table, shift, items, count)
            count = max(count, place + 1)
            places[each] = place
            promise[place] += far * (np.float64(weights[each, 0]) * first_scale)
            after[place] += far * (np.float64(weights[each, 1]) * after_scale)
        at += lengths[row]
    for place in range(count):
        promise[place] += after[place]
    return count


@numba.njit(cache=True)
def _pool_rows(rows, places, lines, sums):  # type: ignore[no-untyped-def]
    """Add up what rows say of those of their neighbours that have a line in `sums`."""
    _, weights, lengths, trust, scale, lags = rows
    at = 0
    for row in range(len(lengths)):
        far, lag = trust[row], lags[row]
        first_scale, after_scale = scale[row, 0], scale[row, 1]
        first_half, after_half = np.sqrt(first_scale), np.sqrt(after_scale)
        for each in range(at, at + lengths[row]):
            line = lines[places[each]]
            if line < 0:
                continue
            first, after = np.float64(weights[each, 0]), np.float64(weights[each, 1])
            mine = sums[line]
            mine[0] += far * (first * first_scale)
            mine[1] += far * (after * after_scale)
            if lag < 2:
                mine[2 + 2 * lag] += first * first_scale
                mine[3 + 2 * lag] += after * after_scale
            mine[6] += first > 0.0
            mine[7] += far * (first * first_half)
            mine[8] += far * (after * after_half)
        at += lengths[row]


@numba.njit(cache=True)
def _pool_own(places, lines, own_fade, sums):  # type: ignore[no-untyped-def]
    """Add up what the person's own touches, newest first, say of themselves."""
    for back in range(len(places)):
        line = lines[places[back]]
        if line >= 0:
            sums[line, _REPEAT] += own_fade[back]
            sums[line, _REPEAT + 1] += 1.0 if back == 0 else 0.0
            sums[line, _REPEAT + 2] += 1.0


@numba.njit(cache=True)
def _finish(items, crowd, settings, sums):  # type: ignore[no-untyped-def]
    """Add what the crowd says of the candidates; make features of the sums."""
    known, said, _, find, crowd_scale = crowd
    scales, _, doubt, _ = settings
    find_shift = _shift(len(find))
    for line in range(len(items)):
        mine, mass = sums[line], 0.0
        there = find[_slot(items[line], find, find_shift, known)] if len(find) else -1
        if there >= 0:
            for horizon in range(_HORIZONS):
                mine[_POOLED + horizon] = said[there, horizon] * crowd_scale[horizon]
            mass = said[there, _HORIZONS] * crowd_scale[_HORIZONS]
        root = np.sqrt(mass + doubt)
        mine[_POOLED - 2] /= root
        mine[_POOLED - 1] /= root
        for expert in range(len(scales)):
            if mine[expert] != 0.0:
                mine[expert] = _log(1.0 + mine[expert] / scales[expert])


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
        place = _place(keys[at], table, shift, known, count)
        if place == count:
            values[place] = 0.0
            count += 1
        values[place, columns[at]] = said[at]
    return known[:count], values[:count], table


@numba.njit(cache=True)
def index(keys, rows):  # type: ignore[no-untyped-def]
    """Return a table that finds the keys at some rows, with room for all."""
    table = np.full(_room(len(keys)), -1, np.int32)
    for row in rows:
        enter(keys, row, table)
    return table


@numba.njit(cache=True)
def find(wanted, keys, table):  # type: ignore[no-untyped-def]
    """Return the row of each wanted key, -1 where the table has none."""
    shift = _shift(len(table))
    rows = np.empty(len(wanted), np.int64)
    for at in range(len(wanted)):
        rows[at] = table[_slot(wanted[at], table, shift, keys)]
    return rows


@numba.njit(cache=True)
def enter(keys, at, table):  # type: ignore[no-untyped-def]
    """Let a table find the key at `at`, which is new to it."""
    table[_slot(keys[at], table, _shift(len(table)), keys)] = at


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
def _place(key, table, shift, keys, count):  # type: ignore[no-untyped-def]
    """Return which of the `count` keys this is; it becomes the next one if it is none."""
    slot = _slot(key, table, shift, keys)
    if table[slot] < 0:
        table[slot] = count
        keys[count] = key
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
