"""Which rows can be among the heaviest: those that were, and those that gained since."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from online_models.rows import heaviest_at

Indices = NDArray[np.int64]

MOST: Final = 100_000
"""Gains that are noted; with more of them, looking at all rows costs no more."""


class Frontrunners:
    """Finds the k heaviest rows without looking at all of them each time.

    Exact: decay is one factor for all, so a row that is not among the k heaviest and gains nothing
    stays behind them. `reset` where weights fell, or rows were given away. Cost: that of sorting
    k and what gained since; all rows after a `reset`.

    >>> front, keys = Frontrunners(), np.array([5, 6, 7], np.uint64)
    >>> front.lead(2, keys, [np.array([1.0, 3.0, 2.0])], lambda: np.arange(3))[0].tolist()
    [1, 2]
    >>> front.gained(np.array([0]))
    >>> front.lead(2, keys, [np.array([9.0, 3.0, 2.0])], lambda: np.arange(3))[0].tolist()
    [0, 1]
    """

    def __init__(self) -> None:
        self._rows: Indices | None = None
        self._gained: list[Indices] = []
        self._count = self._k = 0

    def __reduce__(self) -> tuple[Any, ...]:
        # Without what was found: having been asked must not show in what is saved.
        return Frontrunners, ()

    def reset(self) -> None:
        """Forget who led."""
        self._rows, self._gained, self._count = None, [], 0

    def gained(self, rows: Indices) -> None:
        """Take note of rows whose weights grew."""
        if self._rows is not None:
            self._gained.append(rows)
            self._count += len(rows)
            if self._count > MOST:
                self.reset()

    def lead(
        self,
        k: int,
        keys: NDArray[np.uint64],
        columns: Sequence[NDArray[np.floating[Any]]],
        every: Callable[[], Indices],
    ) -> list[Indices]:
        """Return the k heaviest rows by each column, heaviest first; `every` gives all in use."""
        if self._rows is None or k > self._k:
            rows = every()
        else:
            rows = np.unique(np.concatenate([self._rows, *self._gained]))
        leaders = [rows[heaviest_at(keys[rows], column[rows], k)] for column in columns]
        self._rows, self._k = np.concatenate(leaders), k
        self._gained, self._count = [], 0
        return leaders
