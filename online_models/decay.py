"""Forward decay in event time: new weights grow, old ones are not touched.

A weight of 1 seen at time t is stored as 2**((t - landmark) / half_life), so what was stored
before stays as it is, and what anything weighs at a time is one factor for all (Cormode et al.,
"Forward decay", ICDE 2009). The landmark moves in cells of a fixed grid, so it depends on the
newest time alone and not on where batches begin, and by whole powers of two, so moving it is
exact: a sum made in one batch or in many has the same bits.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=np.floating[Any])

CELL: Final = 64
"""Half-lives between two landmarks: weights grow by at most 2**64, far from float32's limit."""

HEAVIEST: Final = 1e6
"""Largest weight that may be learnt at once: grown by a whole cell, a million million fit."""

_STEP: Final = 2.0**-CELL
_TINY: Final = float(np.finfo(np.float32).tiny)


class ForwardDecay:
    """The clock of one half-life (ms).

    >>> decay = ForwardDecay(1000)
    >>> decay.advance(0)
    0
    >>> stored = decay.gains(np.ones(2), np.array([0, 1000]), np.float64)
    >>> (stored * decay.factor(2000)).tolist()
    [0.25, 0.5]
    """

    def __init__(self, half_life_ms: int) -> None:
        if half_life_ms < 1:
            raise ValueError(f"half_life_ms: expected at least 1 ms, got {half_life_ms}")
        self.half_life_ms = int(half_life_ms)
        self.landmark: int | None = None

    def advance(self, time: int) -> int:
        """Move on to `time`; return by how many cells what is stored must be `fade`d."""
        width = CELL * self.half_life_ms
        landmark = time // width * width
        if self.landmark is None:
            self.landmark = landmark
            return 0
        if landmark <= self.landmark:
            return 0
        cells = (landmark - self.landmark) // width
        self.landmark = landmark
        return cells

    def gains(
        self, weights: NDArray[np.floating[Any]], times: NDArray[np.int64], dtype: type[F]
    ) -> NDArray[F]:
        """Return what weights seen at these times are stored as; none is beyond `advance`."""
        halvings = (times - (self.landmark or 0)) / self.half_life_ms
        stored: NDArray[F] = (weights * np.exp2(halvings)).astype(dtype)
        stored[np.abs(stored) < _TINY] = 0
        return stored

    def growth(self, time: int) -> float:
        """Return what a 1 seen at `time` is stored as."""
        return float(np.exp2((time - (self.landmark or 0)) / self.half_life_ms))

    def factor(self, time: int) -> float:
        """Return what a stored 1 weighs at `time`."""
        halvings = (time - (self.landmark or 0)) / self.half_life_ms
        return float(2.0 ** -min(max(halvings, -CELL), 1000.0))


def runs(decays: Sequence[ForwardDecay], times: NDArray[np.int64]) -> list[slice]:
    """Return the slices of a batch within which no landmark moves: nearly always just one.

    Learnt slice by slice, a batch leaves the same bits as its events one by one.

    >>> runs([ForwardDecay(1)], np.array([0, 63, 64, 5, 200]))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    if len(times) and times.min() == times.max():
        return [slice(0, len(times))]
    newest = np.maximum.accumulate(times)
    moves = {0, len(times)}
    for decay in decays:
        cells = newest // (CELL * decay.half_life_ms)
        moves.update((np.flatnonzero(np.diff(cells)) + 1).tolist())
    return [slice(begin, end) for begin, end in pairwise(sorted(moves))]


def check_weights(weights: NDArray[np.floating[Any]]) -> None:
    """Raise `ValueError` if a weight is not a number between -`HEAVIEST` and `HEAVIEST`."""
    # NaN is not below either.
    if not (np.abs(weights) <= HEAVIEST).all():
        raise ValueError(
            f"weights: expected numbers within {HEAVIEST:,.0f}; screen them before learning"
        )


def fade(stored: NDArray[Any], cells: int) -> None:
    """Express stored weights in a landmark that is `cells` later, in place and exactly.

    What falls below the smallest normal float32 becomes 0: it has faded out.
    """
    for _ in range(min(cells, 4)):
        stored *= stored.dtype.type(_STEP)
    if cells:
        stored[np.abs(stored) < _TINY] = 0
