"""Adding pairs to rows of slots, and gathering rows: what `SlotTable` does, with the same bits.

`add` is meant for small batches: newcomers are looked for one by one.
"""

import numba
import numpy as np

_TINY = np.finfo(np.float32).tiny
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
def add_touch(  # type: ignore[no-untyped-def]
    keys, weights, used, mass, rows, numbers, evidence, growth, fades, next_fades, next_channel
):
    """Add the pairs of one touch: `rows` and `numbers` are its item's, then those before it.

    `evidence` is what the touch weighs, and `growth` how weights grow by its time.
    """
    others = len(rows) - 1
    before = min(others, len(next_fades))
    count = 2 * others + before
    of, neighbours = np.empty(count, np.int64), np.empty(count, np.uint64)
    channels, gains = np.zeros(count, np.int8), np.empty(count, np.float32)
    for lag in range(others):
        gain = _grown(evidence * fades[lag], growth)
        of[lag], neighbours[lag], gains[lag] = rows[0], numbers[lag + 1], gain
        at = others + lag
        of[at], neighbours[at], gains[at] = rows[lag + 1], numbers[0], gain
    for lag in range(before):
        at = 2 * others + lag
        of[at], neighbours[at] = rows[lag + 1], numbers[0]
        channels[at], gains[at] = next_channel, _grown(evidence * next_fades[lag], growth)
    add(keys, weights, used, mass, of, neighbours, channels, gains)


@numba.njit(cache=True)
def _grown(weight, growth):  # type: ignore[no-untyped-def]
    gain = np.float32(np.float64(np.float32(weight)) * growth)
    return gain if abs(gain) >= _TINY else np.float32(0)


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


@numba.njit(cache=True)
def gather(keys, weights, used, mass, rows, factor):  # type: ignore[no-untyped-def]
    """Return the neighbours that weigh anything of rows, one after another, and their counts."""
    size = 0
    for row in rows:
        size += used[row]
    out, shares = np.empty(size, np.uint64), np.empty((size, 2), np.float32)
    lengths = np.zeros(len(rows), np.int64)
    masses = np.empty((len(rows), 2), np.float32)
    at = 0
    for line in range(len(rows)):
        row = rows[line]
        masses[line, 0] = mass[row, 0] * factor
        masses[line, 1] = mass[row, 1] * factor
        for slot in range(used[row]):
            first = max(weights[row, slot, 0] * factor, np.float32(0))
            after = max(weights[row, slot, 1] * factor, np.float32(0))
            if first + after > 0:
                out[at] = keys[row, slot]
                shares[at, 0] = first
                shares[at, 1] = after
                at += 1
                lengths[line] += 1
    return out[:at], shares[:at], lengths, masses
