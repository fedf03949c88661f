"""The blend's weights: how far each expert is trusted, by what is known of the person.

The weights for a person are the sum of those that all share, those of how many recent items there
are, and those of how long the last touch is ago; a candidate that the person touched before has
some of its own on top. All of them learn from each example, so that a case with few examples stays
near the others. Learning is a gradient step on the softmax likelihood of the item that really came
next, sized by AdaGrad (Duchi et al., JMLR 2011).
"""

from bisect import bisect_right
from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_models import scoring
from online_models.arrays import pack_arrays, unpack_arrays
from online_models.compiled import compiled
from online_models.slate import EXPERTS, Slate

HISTORIES: Final = (0, 1, 2, 4, 8, 16)
"""Least history length of each bucket."""

PAUSES: Final = (-1, 0, 60_000, 1_800_000, 86_400_000)
"""Least time since the last touch (ms) of each bucket; the first is of those without any."""

RATE: Final = 0.1
LIMIT: Final = 20.0
"""A weight stays within this, whatever it is taught."""

ABSURD: Final = 100.0
"""Features are logarithms; none of a share gets near this."""

DEFAULT: Final = np.array(  # as in EXPERTS
    [
        *(0.35, 0.1, 0.1, 0.1, 0.1, 0.1, 0.45, 0.1, 0.1),
        *(0.1, 0.5, 0.15),
        *(0.2, 0.1, 0.25),
        *(0.2, -1.0),
    ]
)
"""Trust in each expert before anything was learnt: what was learnt on the first 30 % of
MovieTweetings and of Taobao by category, about averaged."""

AGAIN: Final = np.array(
    [
        *(-0.15, -0.12, 0.0, 0.05, 0.0, 0.0, 0.3, 0.03, -0.02),
        *(0.0, -0.15, -0.15),
        *(0.2, 0.1, 0.2),
        *(0.0, 0.0),
    ]
)
"""The same, on top, for what was touched before: of Taobao."""

_OWN: Final = 1 + len(HISTORIES) + len(PAUSES)
"""The last row of the weights; before it, in this order: shared, by history, by pause."""


class Weights:
    """Weights of the experts for each kind of case.

    >>> weights = Weights()
    >>> features = np.zeros((3, len(EXPERTS)))
    >>> features[1, 0] = 1.0
    >>> asked = Slate(np.arange(3, dtype="u8"), features, np.zeros(3, "?"), history=5, pause=100)
    >>> before = weights.of(5, 100)[0]
    >>> weights.learn_one(asked, chosen=1)
    >>> bool(weights.of(5, 100)[0] > before), bool(weights.of(0, -1)[0] > before)
    (True, True)
    """

    def __init__(self) -> None:
        self.learned = 0
        self._weights = np.zeros((_OWN + 1, len(EXPERTS)))
        self._weights[0], self._weights[_OWN] = DEFAULT, AGAIN
        self._squares = np.zeros((_OWN + 1, len(EXPERTS)))

    def of(self, history: int, pause: int) -> NDArray[np.float64]:
        """Return the weights (experts,) for a person with so many recent items, so long ago."""
        shared, by_history, by_pause = _cases(history, pause)
        rows = self._weights
        weights: NDArray[np.float64] = rows[shared] + rows[by_history] + rows[by_pause]
        return weights

    def parts(self, slate: Slate) -> NDArray[np.float64]:
        """Return each expert's contribution (m, experts) to the candidates' scores."""
        parts = slate.features * self.of(slate.history, slate.pause)
        if slate.own.any():
            parts[slate.own] += slate.features[slate.own] * self._weights[_OWN]
        return parts

    def scores(self, slate: Slate) -> NDArray[np.float64]:
        """Return the candidates' scores (m,): the sums of their `parts`, in less time."""
        score = (compiled() or scoring).scores
        shared = self.of(slate.history, slate.pause)
        scores: NDArray[np.float64] = score(slate.features, slate.own, shared, self._weights[_OWN])
        return scores

    def learn_one(self, slate: Slate, chosen: int) -> None:
        """Learn that candidate `chosen` of a slate came next.

        Ignores examples that say nothing: one candidate, or features that no expert can give.
        Cost: 10 us with 200 candidates where numba is installed.
        """
        if len(slate.items) < 2:
            return
        cases = np.array(_cases(slate.history, slate.pause), np.int64)
        learn = (compiled() or scoring).learn
        arrays = slate.features, slate.own, self._weights, self._squares
        if learn(*arrays, cases, _OWN, chosen, (RATE, LIMIT, ABSURD)):
            self.learned += 1

    def pack(self) -> bytes:
        """Return the weights as bytes, under 4 KB."""
        arrays = {"weights": self._weights, "squares": self._squares}
        meta = {
            "learned": self.learned,
            "experts": EXPERTS,
            "histories": HISTORIES,
            "pauses": PAUSES,
        }
        return pack_arrays("blend weights", meta, arrays)

    @classmethod
    def unpack(cls, raw: bytes) -> "Weights":
        """Return packed weights; raise `ValueError` if they are not of these experts."""
        meta, arrays = unpack_arrays("blend weights", raw)
        cases = (tuple(meta.get(name, ())) for name in ("experts", "histories", "pauses"))
        if tuple(cases) != (EXPERTS, HISTORIES, PAUSES):
            raise ValueError(
                "saved blend weights: they belong to other experts; delete them to begin anew"
            )
        weights = cls()
        weights.learned = meta["learned"]
        weights._weights = arrays["weights"].copy()
        weights._squares = arrays["squares"].copy()
        return weights


def _cases(history: int, pause: int) -> tuple[int, int, int]:
    """Return the rows of the weights that a person's are the sum of."""
    return 0, 1 + bucket_of(history, HISTORIES), 1 + len(HISTORIES) + bucket_of(pause, PAUSES)


def bucket_of(value: int, least: tuple[int, ...]) -> int:
    """Return the bucket of a value, by the least value of each.

    >>> [bucket_of(length, HISTORIES) for length in (0, 1, 3, 50)]
    [0, 1, 2, 5]
    """
    return max(bisect_right(least, value) - 1, 0)
