"""Slots of rows: grouping newcomers, summing channels, narrowing rows. Arrays in, arrays out."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Newcomers(NamedTuple):
    """Pairs that have no slot yet, each once: by row, then in order of first appearance."""

    rows: NDArray[np.int64]
    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    ranks: NDArray[np.int64]


def newcomers(
    rows: NDArray[np.int64],
    keys: NDArray[np.uint64],
    channels: NDArray[np.int8],
    gains: NDArray[np.float32],
    count: int,
) -> Newcomers:
    """Group pairs without a slot; `count` is how many channels there are."""
    order = np.lexsort((keys, rows))
    starts = np.ones(len(rows), np.bool_)
    starts[1:] = (np.diff(rows[order]) != 0) | (keys[order][1:] != keys[order][:-1])
    group = np.empty(len(rows), np.int64)
    group[order] = np.cumsum(starts) - 1
    first = order[starts]  # lexsort is stable: the earliest of each group
    weights = np.zeros((len(first), count), np.float32)
    np.add.at(weights.reshape(-1), group * count + channels, gains)
    line = np.lexsort((first, rows[first]))
    first, weights = first[line], weights[line]
    by_row = rows[first]
    begins = np.searchsorted(by_row, by_row, side="left")
    return Newcomers(by_row, keys[first], weights, np.arange(len(first)) - begins)


def totals_of(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return weights (rows, slots, channels) summed over channels: `sum` is ten times slower."""
    totals = weights[:, :, 0].copy()
    for channel in range(1, weights.shape[2]):
        totals += weights[:, :, channel]
    return totals


def narrowed(
    keys: NDArray[np.uint64], weights: NDArray[np.float32], used: NDArray[np.int64], slots: int
) -> tuple[NDArray[np.uint64], NDArray[np.float32], NDArray[np.int64]]:
    """Return rows cut to their `slots` heaviest places; empty ones go last."""
    empty = np.arange(keys.shape[1]) >= used[:, None]
    totals = np.where(empty, -np.inf, totals_of(weights))
    order = np.sort(np.argsort(-totals, axis=1, kind="stable")[:, :slots], axis=1)
    return (
        np.take_along_axis(keys, order, axis=1),
        np.take_along_axis(weights, order[:, :, None], axis=1),
        np.minimum(used, slots),
    )


def gather(
    keys: NDArray[np.uint64],
    weights: NDArray[np.float32],
    used: NDArray[np.int32],
    mass: NDArray[np.float32],
    rows: NDArray[np.int64],
    factor: np.float32,
) -> tuple[NDArray[np.uint64], NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    """Return the neighbours of `rows` that weigh anything, one row after another.

    Their keys (n,) and weights (n, channels), how many each row has, and the masses of the rows.
    """
    found = np.maximum(weights[rows] * factor, 0)
    weighs = totals_of(found) > 0
    weighs &= np.arange(keys.shape[1]) < used[rows][:, None]
    return keys[rows][weighs], found[weighs], weighs.sum(axis=1), mass[rows] * factor
