"""Adding pairs to rows of slots, compiled: what `SlotTable._learn_chunk` does, with the same bits.

Imported only if numba is there. Meant for small batches: newcomers are looked for one by one.
"""

import numba
import numpy as np

SMALL = 256
"""Pairs up to which this is the faster way."""


@numba.njit(cache=True)
def add(keys, weights, used, mass, rows, neighbours, channels, gains):  # type: ignore[no-untyped-def]
    """Add `gains` (n,) to the slots of `neighbours` in `rows`; those without a slot get one last.

    `keys` (r, slots), `weights` (r, slots, channels), `used` (r,) and `mass` (r, channels) are
    changed in place.
    """
    new = np.empty(len(rows), np.int64)
    sums = np.zeros((len(rows), weights.shape[2]), np.float32)
    comers = 0
    for pair in range(len(rows)):
        row, key, channel, gain = rows[pair], neighbours[pair], channels[pair], gains[pair]
        mass[row, channel] += abs(gain)
        slot = 0
        while slot < used[row] and keys[row, slot] != key:
            slot += 1
        if slot < used[row]:
            weights[row, slot, channel] += gain
            continue
        comer = 0
        while comer < comers and (rows[new[comer]] != row or neighbours[new[comer]] != key):
            comer += 1
        if comer == comers:
            new[comer] = pair
            comers += 1
        sums[comer, channel] += gain
    for comer in range(comers):
        row, slots = rows[new[comer]], keys.shape[1]
        slot = used[row]
        if slot < slots:
            used[row] += 1
        else:
            slot = _least(weights[row])
        keys[row, slot] = neighbours[new[comer]]
        weights[row, slot] = sums[comer]


@numba.njit(cache=True)
def _least(weights):  # type: ignore[no-untyped-def]
    """Return the slot that weighs least: of equals the first."""
    least, best = 0, np.float32(np.inf)
    for slot in range(len(weights)):
        total = weights[slot, 0]
        for channel in range(1, weights.shape[1]):
            total += weights[slot, channel]
        if total < best:
            least, best = slot, total
    return least
