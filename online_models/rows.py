"""The packed rows that models publish and the ranking function reads.

Items are 64-bit numbers in here (`contracts.keys.item_key`): the names live in the catalogue.

>>> import numpy as np
>>> row = NeighbourRow(np.array([5, 9], np.uint64), np.ones((2, len(CHANNELS)), np.float32), 1000)
>>> unpack_row(pack_row(row)).keys.tolist()
[5, 9]
"""

import struct
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

CHANNELS: Final = ("together", "next")
"""Of a neighbour's weights: met in the same window, in either order; came right after."""

_HEADER: Final = struct.Struct("<HHq")


@dataclass(slots=True)
class NeighbourRow:
    """An item's neighbours: `keys` (n,), `weights` (n, channels), decayed as of `time` (ms)."""

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    time: int


@dataclass(slots=True)
class TopList:
    """A ranking of items: `keys` (n,) by falling `weights` (n,), decayed as of `time` (ms).

    `total` is the weight of all items, ranked or not, so that a share can be told.
    """

    keys: NDArray[np.uint64]
    weights: NDArray[np.float32]
    time: int
    total: float
    _order: NDArray[np.int64] | None = field(default=None, init=False, repr=False, compare=False)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the order: having been asked must not show in what is saved.
        return TopList, (self.keys, self.weights, self.time, self.total)

    def shares_of(self, keys: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return which share of all weight each item has; 0 for one that is not ranked.

        The first call sorts the ranking by key, about 20 us for 500 items; so keep the object.
        """
        if not len(self.keys) or self.total <= 0.0:
            return np.zeros(len(keys))
        if self._order is None:
            self._order = np.argsort(self.keys)
        at = np.searchsorted(self.keys, keys, sorter=self._order)
        at = self._order[np.minimum(at, len(self.keys) - 1)]
        shares: NDArray[np.float64] = np.where(
            self.keys[at] == keys, self.weights[at] / self.total, 0.0
        )
        return shares


def pack_row(row: NeighbourRow) -> bytes:
    """Return a row as bytes: 12 and, for each neighbour, 8 and 4 a channel."""
    header = _HEADER.pack(len(row.keys), row.weights.shape[1], row.time)
    return header + row.keys.tobytes() + row.weights.tobytes()


def unpack_row(raw: bytes) -> NeighbourRow:
    """Return a packed row, as read-only views of the bytes; raise `ValueError` if they are cut."""
    if len(raw) < _HEADER.size:
        raise ValueError(_cut(raw))
    count, channels, time = _HEADER.unpack_from(raw)
    if len(raw) < _HEADER.size + count * (8 + 4 * channels):
        raise ValueError(_cut(raw))
    keys = np.frombuffer(raw, np.uint64, count, _HEADER.size)
    weights = np.frombuffer(raw, np.float32, count * channels, _HEADER.size + 8 * count)
    return NeighbourRow(keys, weights.reshape(count, channels), time)


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
