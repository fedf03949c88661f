"""What a ranker has learnt beside its items: weights of features, and how positions draw clicks.

The chance that a click in a list fell on item j is softmax(w . x_j + b[position of j]): the
position model (an item is clicked if it is examined and attractive, both multiply) for a click that
is known to have happened. `b` is the log propensity of examination, learnt with the weights by the
same likelihood rather than from experiments, as regression-based EM does (Wang et al., WSDM 2018);
ranking leaves it out. Steps are sized by AdaGrad (Duchi et al., JMLR 2011).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_models.arrays import pack_arrays, unpack_arrays
from online_models.offers import FEATURES

HISTORIES: Final = (0, 1, 4, 16)
"""Least number of items touched of late, of each bucket of people."""

POSITIONS: Final = (-1, 0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50)
"""Least position of each bucket of positions; the first is for positions that are not known."""

RATE: Final = 0.03
BIAS_RATE: Final = 0.06
LIMIT: Final = 20.0
_FLOOR: Final = 1e-6
_START: Final = {"rate_medium": 0.5, "strength": 0.5, "touched": 1.0}
_KIND: Final = "rank weights"


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each item's chance among those of a list."""
    odds = np.exp(scores - scores.max())
    chances: NDArray[np.float64] = odds / odds.sum()
    return chances


class RankWeights:
    """Weights by how much is known of the person: shared ones, and each bucket's own.

    >>> weights = RankWeights()
    >>> x = np.zeros((2, len(FEATURES)))
    >>> x[1, FEATURES.index("dearer")] = 1.0
    >>> for _ in range(50):
    ...     weights.learn_one(x, 1, history=0, positions=np.array([0, 1]))
    >>> bool(weights.scores(x, 0)[1] > weights.scores(x, 0)[0])
    True
    """

    def __init__(self) -> None:
        self.learned = 0
        self._shared = np.array([_START.get(name, 0.0) for name in FEATURES])
        self._own = np.zeros((len(HISTORIES), len(FEATURES)))
        self._bias = np.zeros(len(POSITIONS))
        self._squares = np.zeros((1 + len(HISTORIES), len(FEATURES)))
        self._bias_squares = np.zeros(len(POSITIONS))

    def scores(self, x: NDArray[np.float64], history: int) -> NDArray[np.float64]:
        """Return how attractive each item (n,) is, whatever its position."""
        scores: NDArray[np.float64] = x @ self.of(history)
        return scores

    def of(self, history: int) -> NDArray[np.float64]:
        """Return the weights (F,) for a person who touched so many items of late."""
        weights: NDArray[np.float64] = self._shared + self._own[_bucket(HISTORIES, history)]
        return weights

    def bias(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the log propensity (n,) that a position's item is examined, up to a constant."""
        bias: NDArray[np.float64] = self._bias[_buckets(positions)]
        return bias

    def learn_one(
        self,
        x: NDArray[np.float64],
        clicked: int,
        history: int,
        positions: NDArray[np.int64],
    ) -> None:
        """Learn that of a list's items with features `x` (n, F) the one at `clicked` was."""
        if len(x) < 2 or not np.isfinite(x).all():
            return
        odds = softmax(self.scores(x, history) + self.bias(positions))
        error = -odds
        error[clicked] += 1.0
        slope, bucket = error @ x, _bucket(HISTORIES, history)
        _step(self._shared, self._squares[0], slope, RATE)
        _step(self._own[bucket], self._squares[1 + bucket], slope, RATE)
        biased = np.bincount(_buckets(positions), error, len(POSITIONS)).astype(np.float64)
        _step(self._bias, self._bias_squares, biased, BIAS_RATE)
        self.learned += 1

    def pack(self) -> bytes:
        """Return the weights as bytes, under 2 KB."""
        meta = {"learned": self.learned, "features": FEATURES, "positions": POSITIONS}
        arrays = {
            "shared": self._shared,
            "own": self._own,
            "bias": self._bias,
            "squares": self._squares,
            "bias_squares": self._bias_squares,
        }
        return pack_arrays(_KIND, meta, arrays)

    @classmethod
    def unpack(cls, raw: bytes) -> "RankWeights":
        """Return packed weights; raise `ValueError` if they are of other features."""
        meta, arrays = unpack_arrays(_KIND, raw)
        if tuple(meta["features"]) != FEATURES or tuple(meta["positions"]) != POSITIONS:
            raise ValueError(f"saved {_KIND}: they belong to other features; begin anew")
        weights = cls()
        weights.learned = meta["learned"]
        for name in ("shared", "own", "bias", "squares", "bias_squares"):
            if arrays[name].shape != getattr(weights, f"_{name}").shape:
                raise ValueError(f"saved {_KIND}: `{name}` is damaged; begin anew")
            setattr(weights, f"_{name}", arrays[name].copy())
        return weights


def _step(
    target: NDArray[np.float64],
    squares: NDArray[np.float64],
    slope: NDArray[np.float64],
    rate: float,
) -> None:
    squares += slope * slope
    target += rate * slope / np.sqrt(squares + _FLOOR)
    np.clip(target, -LIMIT, LIMIT, out=target)


def _bucket(edges: tuple[int, ...], value: int) -> int:
    return int(np.searchsorted(edges, value, side="right")) - 1


def _buckets(positions: NDArray[np.int64]) -> NDArray[np.int64]:
    found: NDArray[np.int64] = np.searchsorted(POSITIONS, np.maximum(positions, -1), "right") - 1
    return found
