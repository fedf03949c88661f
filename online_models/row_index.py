"""Which row of the arrays belongs to which 64-bit key, and what changed since it was saved."""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from online_models.compiled import compiled

T = TypeVar("T", bound=np.generic)

FIRST_ROWS = 16


class RowIndex:
    """Rows for keys: given out in order, given back, and given out again.

    The owner keeps arrays of `capacity` rows, and lets them grow when `claim` made it larger.

    >>> index = RowIndex()
    >>> index.claim(np.array([7, 9], np.uint64)).tolist()
    [0, 1]
    >>> index.release([7])
    >>> index.claim(np.array([8, 9], np.uint64)).tolist()
    [0, 1]
    """

    def __init__(self) -> None:
        self.capacity = FIRST_ROWS
        self.key_of = np.zeros(FIRST_ROWS, np.uint64)
        self.changed = np.zeros(FIRST_ROWS, np.bool_)
        self.gone: set[int] = set()
        self._row_of: dict[int, int] = {}
        self._free: list[int] = []
        self._end = 0
        self._table: NDArray[np.int32] | None = None
        """Finds keys for compiled loops; made anew when it is needed, after keys were released."""

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: int) -> bool:
        return key in self._row_of

    def get(self, key: int) -> int | None:
        """Return the row of a key, or None."""
        return self._row_of.get(key)

    def places(self, keys: Iterable[int]) -> list[int]:
        """Return the row of each key, -1 where it has none."""
        row_of = self._row_of.get
        return [row_of(key, -1) for key in keys]

    def places_of(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return what `places` does; of hundreds of keys in a fifth of the time where numba is.

        >>> index = RowIndex()
        >>> _ = index.claim(np.array([7, 9], np.uint64))
        >>> index.places_of(np.array([9, 8], np.uint64)).tolist()
        [1, -1]
        """
        fast = compiled()
        if fast is None:
            return np.array(self.places(keys.tolist()), np.int64)
        if self._table is None:
            self._table = fast.index(self.key_of, self.rows(in_order=False))
        found: NDArray[np.int64] = fast.find(keys, self.key_of, self._table)
        return found

    def find(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the rows of those keys that have one."""
        row_of = self._row_of
        return np.array([row_of[key] for key in keys.tolist() if key in row_of], np.int64)

    def claim(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the rows of keys, new ones where a key has none; all count as changed."""
        row_of = self._row_of
        rows = self.places(keys.tolist())
        if -1 in rows:
            for at, key in enumerate(keys.tolist()):
                if rows[at] < 0:
                    row = row_of.get(key)  # it may have come earlier in `keys`
                    rows[at] = self._new(key) if row is None else row
        found = np.array(rows, np.int64)
        self.changed[found] = True
        return found

    def release(self, keys: Iterable[int]) -> None:
        """Give the rows of these keys back. The owner clears them."""
        self._table = None
        for key in keys:
            row = self._row_of.pop(key)
            self._free.append(row)
            self.changed[row] = False
            self.gone.add(key)

    def rows(self, *, changed_only: bool = False, in_order: bool = True) -> NDArray[np.int64]:
        """Return the rows in use, or those that changed, by rising key if order matters."""
        rows = np.fromiter(self._row_of.values(), np.int64, len(self._row_of))
        if changed_only:
            rows = rows[self.changed[rows]]
        return rows[np.argsort(self.key_of[rows])] if in_order else rows

    def mark_saved(self) -> None:
        """Forget what changed."""
        self.changed[:] = False
        self.gone = set()

    def _new(self, key: int) -> int:
        if self._free:
            row = self._free.pop()
        else:
            row = self._end
            self._end += 1
            if row == self.capacity:
                self.capacity *= 2
                self.key_of = grown(self.key_of, self.capacity)
                self.changed = grown(self.changed, self.capacity)
                self._table = None
        self._row_of[key] = row
        self.key_of[row] = key
        if self._table is not None:
            compiled().enter(self.key_of, row, self._table)
        self.gone.discard(key)
        return row


def grown(array: NDArray[T], rows: int) -> NDArray[T]:
    """Return the array with room for `rows` rows; the new ones are 0 and cost no memory yet."""
    larger = np.zeros((rows, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger
