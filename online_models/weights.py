"""The blend's weights: how far each expert is trusted, by how much is known of the person.

A bucket of history lengths has the weights `shared + own`: both learn from each example, so that
a bucket with few examples stays near the others. Learning is a gradient step on the softmax
likelihood of the item that really came next, sized by AdaGrad (Duchi et al., JMLR 2011).
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_models.arrays import pack_arrays, unpack_arrays
from online_models.slate import EXPERTS

HISTORIES: Final = (0, 1, 2, 4, 8, 16)
"""Least history length of each bucket."""

RATE: Final = 0.1
LIMIT: Final = 20.0
"""A weight stays within this, whatever it is taught."""

ABSURD: Final = 100.0
"""Features are logarithms; none of a share gets near this."""

DEFAULT: Final[Sequence[float]] = (0.6, 0.3, 0.13, 0.6, 0.05, 0.9)
"""Trust in each expert before anything was learnt: about what was learnt on the first 30 % of
MovieTweetings and of Taobao by category."""


class Weights:
    """Weights of the experts for each bucket of histories.

    >>> weights = Weights()
    >>> features = np.zeros((3, len(EXPERTS)))
    >>> features[1, 0] = 1.0
    >>> before = weights.of(5)[0]
    >>> weights.learn_one(features, chosen=1, history=5)
    >>> bool(weights.of(5)[0] > before), bool(weights.of(0)[0] > before)
    (True, True)
    """

    def __init__(self) -> None:
        self.learned = 0
        self._shared = np.array(DEFAULT, np.float64)
        self._own = np.zeros((len(HISTORIES), len(EXPERTS)))
        self._squares = np.zeros((1 + len(HISTORIES), len(EXPERTS)))

    def of(self, history: int) -> NDArray[np.float64]:
        """Return the weights (experts,) for a person with so many recent items."""
        weights: NDArray[np.float64] = self._shared + self._own[bucket_of(history)]
        return weights

    def learn_one(self, features: NDArray[np.float64], chosen: int, history: int) -> None:
        """Learn that candidate `chosen` of those with `features` (m, experts) came next.

        Ignores examples that say nothing: one candidate, or features that no expert can give.
        Cost: 20 us with 200 candidates.
        """
        if len(features) < 2 or not (np.abs(features) < ABSURD).all():  # NaN is not below either
            return
        scores = features @ self.of(history)
        odds = np.exp(scores - scores.max())
        slope = features[chosen] - (odds @ features) / odds.sum()
        bucket = bucket_of(history)
        for target, squares in (
            (self._shared, self._squares[0]),
            (self._own[bucket], self._squares[1 + bucket]),
        ):
            squares += slope * slope
            target += RATE * slope / (np.sqrt(squares) + 1e-9)
            np.clip(target, -LIMIT, LIMIT, out=target)
        self.learned += 1

    def pack(self) -> bytes:
        """Return the weights as bytes, under 2 KB."""
        arrays = {"shared": self._shared, "own": self._own, "squares": self._squares}
        meta = {"learned": self.learned, "experts": EXPERTS, "histories": HISTORIES}
        return pack_arrays("blend weights", meta, arrays)

    @classmethod
    def unpack(cls, raw: bytes) -> "Weights":
        """Return packed weights; raise `ValueError` if they are not of these experts."""
        meta, arrays = unpack_arrays("blend weights", raw)
        if tuple(meta["experts"]) != EXPERTS or tuple(meta["histories"]) != HISTORIES:
            raise ValueError(
                "saved blend weights: they belong to other experts; delete them to begin anew"
            )
        weights = cls()
        weights.learned = meta["learned"]
        weights._shared = arrays["shared"].copy()
        weights._own = arrays["own"].copy()
        weights._squares = arrays["squares"].copy()
        return weights


def bucket_of(history: int) -> int:
    """Return the bucket of a history length.

    >>> [bucket_of(length) for length in (0, 1, 3, 50)]
    [0, 1, 2, 5]
    """
    return int(np.searchsorted(HISTORIES, history, side="right")) - 1
