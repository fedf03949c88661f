"""Forward decay in event time: new weights grow, old ones are not touched.

A weight of 1 seen at time t is stored as 2**((t - landmark) / half_life), so what was stored
before stays as it is, and what anything weighs at a time is one factor for all (Cormode et al.,
"Forward decay", ICDE 2009). The landmark moves in cells of a fixed grid, so it depends on the
newest time alone and not on where batches begin, and by whole powers of two, so moving it is
exact: a sum made in one batch or in many has the same bits.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

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
    >>> weights = decay.scale(np.array([0, 1000]))
    >>> (weights * decay.factor(2000)).tolist()
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

    def scale(self, times: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what a weight of 1 is stored as at each time; not beyond what `advance` saw."""
        halvings = (times - (self.landmark or 0)) / self.half_life_ms
        return np.exp2(np.minimum(halvings, CELL))

    def factor(self, time: int) -> float:
        """Return what a stored 1 weighs at `time`."""
        halvings = (time - (self.landmark or 0)) / self.half_life_ms
        return float(2.0 ** -min(max(halvings, -CELL), 1000.0))


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
