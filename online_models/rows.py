"""The packed rows that models publish and the ranking function reads.

Items are 64-bit numbers in here (`contracts.keys.item_key`): the names live in the catalogue.

>>> import numpy as np
>>> row = NeighbourRow(np.array([5, 9], np.uint64), np.ones((2, len(CHANNELS)), np.float32), 1000)
>>> unpack_row(pack_row(row)).keys.tolist()
[5, 9]
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CHANNELS: Final = ("together", "next")
"""Of a neighbour's weights: met in the same window, in either order; came soon after."""

_HEADER: Final = struct.Struct("<HHq")


@dataclass(slots=True)
class NeighbourRow:
    """An item's neighbours: `keys` (n,), `weights` (n, channels), decayed as of `time` (ms).

    `mass` (channels,) is the weight of all that the item was ever paired with, also of what lost
    its slot since: a weight divided by it is a share. Without one it is the sum of the weights.
    """

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    time: int
    mass: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))

    def __post_init__(self) -> None:
        if not len(self.mass):
            self.mass = self.weights.sum(axis=0)


class Gathered(NamedTuple):
    """Rows of some of a list of items, one after another: `keys` (n,) and `weights` (n, channels)
    of all neighbours, the `lengths` (rows,) and `masses` (rows, channels) of the rows, and which
    items of the list they belong to, `lags` (rows,)."""

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    lengths: NDArray[np.int64]
    masses: NDArray[np.float32]
    lags: NDArray[np.int64]


def gathered(items: Sequence[int], rows: Mapping[int, NeighbourRow]) -> Gathered:
    """Return the rows of those of the items that have one.

    >>> row = NeighbourRow(np.array([5], np.uint64), np.ones((1, len(CHANNELS)), np.float32), 0)
    >>> gathered([4, 3], {3: row}).lags.tolist()
    [1]
    """
    found = [(lag, row) for lag, item in enumerate(items) if (row := rows.get(item)) is not None]
    none = NeighbourRow(np.empty(0, np.uint64), np.empty((0, len(CHANNELS)), np.float32), 0)
    every = [row for _, row in found] or [none]
    return Gathered(
        np.concatenate([row.keys for row in every]),
        np.concatenate([row.weights for row in every]),
        np.array([len(row.keys) for _, row in found], np.int64),
        np.array([row.mass for row in every], np.float32)[: len(found)],
        np.array([lag for lag, _ in found], np.int64),
    )


@dataclass(slots=True)
class TopList:
    """A ranking of items: `keys` (n,) by falling `weights` (n,), decayed as of `time` (ms).

    `total` is the weight of all items, ranked or not, so that a share can be told.
    """

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    time: int
    total: float
    _by_key: tuple[NDArray[np.uint64], NDArray[np.float32]] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the order: having been asked must not show in what is saved.
        return TopList, (self.keys, self.weights, self.time, self.total)

    def shares_of(self, keys: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return which share of all weight each item has; 0 for one that is not ranked."""
        if self.total <= 0.0:
            return np.zeros(len(keys))
        shares: NDArray[np.float64] = self.weights_of(keys) / self.total
        return shares

    def weights_of(self, keys: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return the weight of each item; 0 for one that is not ranked.

        The first call sorts the ranking by key, about 20 us for 500 items; so keep the object.
        """
        if not len(self.keys):
            return np.zeros(len(keys))
        if self._by_key is None:
            order = np.argsort(self.keys)
            self._by_key = self.keys[order], self.weights[order]
        mine, weights = self._by_key
        at = np.minimum(np.searchsorted(mine, keys), len(mine) - 1)
        found: NDArray[np.float64] = np.where(mine[at] == keys, weights[at], 0.0).astype(np.float64)
        return found


def heaviest(
    keys: NDArray[np.uint64],
    weights: NDArray[np.floating[Any]],
    k: int,
    time: int,
    total: float,
) -> TopList:
    """Return the ranking of the k heaviest; of equals those with the smaller numbers."""
    order = heaviest_at(keys, weights, k)
    return TopList(keys[order], weights[order].astype(np.float32), time, total)


def heaviest_at(
    keys: NDArray[np.uint64], weights: NDArray[np.floating[Any]], k: int
) -> NDArray[np.intp]:
    """Return where the k largest positive weights stand, largest first; `heaviest` tells ties."""
    reach = np.arange(len(keys))
    if k < len(keys):
        # Many counts are alike, which is what `partition` is slow at.
        limit = np.sort(weights)[-k] if k else np.inf
        above, ties = np.flatnonzero(weights > limit), np.flatnonzero(weights == limit)
        # Of the items that share the last place those with the smallest numbers.
        room = k - len(above)
        if 0 < room < len(ties):
            ties = ties[np.argpartition(keys[ties], room - 1)[:room]]
        reach = np.concatenate([above, ties[:room]])
    order = reach[np.lexsort((keys[reach], -weights[reach]))]
    found: NDArray[np.intp] = order[weights[order] > 0]
    return found


def pack_row(row: NeighbourRow) -> bytes:
    """Return a row as bytes: 12, 4 a channel, and for each neighbour 8 and 4 a channel."""
    header = _HEADER.pack(len(row.keys), row.weights.shape[1], row.time)
    return header + row.mass.tobytes() + row.keys.tobytes() + row.weights.tobytes()


def unpack_row(raw: bytes) -> NeighbourRow:
    """Return a packed row, as read-only views of the bytes; raise `ValueError` if they are cut."""
    if len(raw) < _HEADER.size:
        raise ValueError(_cut(raw))
    count, channels, time = _HEADER.unpack_from(raw)
    begin = _HEADER.size + 4 * channels
    if len(raw) < begin + count * (8 + 4 * channels):
        raise ValueError(_cut(raw))
    mass = np.frombuffer(raw, np.float32, channels, _HEADER.size)
    keys = np.frombuffer(raw, np.uint64, count, begin)
    weights = np.frombuffer(raw, np.float32, count * channels, begin + 8 * count)
    return NeighbourRow(keys, weights.reshape(count, channels), time, mass)


def pack_top(top: TopList) -> bytes:
    """Return a ranking as bytes."""
    row = NeighbourRow(top.keys, top.weights.reshape(-1, 1), top.time)
    return struct.pack("<d", top.total) + pack_row(row)


def unpack_top(raw: bytes) -> TopList:
    """Return a packed ranking; raise `ValueError` if the bytes are cut."""
    if len(raw) < 8:
        raise ValueError(_cut(raw))
    (total,) = struct.unpack_from("<d", raw)
    row = unpack_row(raw[8:])
    if row.weights.shape[1] != 1:
        raise ValueError(f"packed ranking: {row.weights.shape[1]} channels; a ranking has one")
    return TopList(row.keys, row.weights[:, 0], row.time, total)


def _cut(raw: bytes) -> str:
    return f"packed row: cut after {len(raw)} bytes; it is rebuilt when its item is touched again"
