"""How the guesses of one model came out: hits, ranks, coverage, novelty, costs, and the curve.

Figures, over the predictions that count:

* `hr@n`: share whose item is among the first n; `mrr@n`: mean of 1 / its rank, 0 beyond n;
  `ndcg@10`: mean of 1 / log2(1 + its rank), 0 beyond 10 (one item is relevant, so the ideal is 1)
* `filled_hr@10`, `filled_mrr@20`: the same for answers that are filled up with the trending items
  where they are short of 20: what a method is worth where somebody has to fall back
* `coverage`: share of all items touched by the end of the stream that ever stood in a top 10
* `novelty`: share of the places in the top 10 that held an item new to the person
* `long_tail`: share of these places that held an item outside the head, which are the most touched
  items that had half of all touches so far (looked up at each twentieth of the stream)
* `diversity`: 1 - the mean likeness of two items of the top 10 (`online_models.diversity`), over
  `LISTS` answers, evenly; only where it is told of what kind the items are. Items of which
  nothing is told are unlike all others
* `cold_hr@10`: `hr@10` over the predictions whose item nobody had touched; `new_hr@10`: the same
  where the answer may hold such items alone, as in a list of what is new
* `sampled`: share of the predictions that were asked for, less than 1 for slow competitors; their
  figures are of this seeded sample
* `score_us`, `learn_us`: mean microseconds of CPU time an answer, and an event learnt from, with
  retraining spread over all events
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.events import Item
from online_models.diversity import likeness, variety
from online_models.row_index import grown

TOP: Final = 20
SHORT: Final = 10
BINS: Final = 10
HEADS: Final = 20
LISTS: Final = 5_000

_NOTHING: Final = Item(id="-")
_NO_KINDS: Final[Mapping[int, Item]] = {}


class Tally:
    """Collects the answers of one model over a stream of `length` touches.

    >>> tally = Tally(length=2)
    >>> tally.answered(0, item=7, ranked=[3, 7], seen=set(), known=8, seconds=1e-5)
    >>> tally.answered(1, item=8, ranked=[3], seen={3}, known=8, seconds=1e-5)
    >>> figures = tally.figures()
    >>> figures["hr@10"], figures["mrr@10"], figures["novelty"], figures["coverage"]
    (0.5, 0.25, 0.6667, 0.25)
    """

    def __init__(
        self, length: int, test_from: float = 0.0, kinds: Mapping[int, Item] = _NO_KINDS
    ) -> None:
        self.length = length
        self.begin = round(length * test_from)
        self.predictions = self.unknown = 0
        self.sampled = 1.0
        self._at: list[int] = []
        self._ranks: list[int] = []
        self._filled: list[int] = []
        self._shown = np.zeros(16, np.bool_)
        self._touches = np.zeros(16, np.int64)
        self._head = np.zeros(16, np.bool_)
        self._known = 0
        self._places = self._new = self._tail = 0
        self._cold = self._cold_hits = self._new_hits = 0
        self._score_seconds = self._learn_seconds = 0.0
        self._learnt = 0
        self._kinds = kinds
        self._varieties: list[float] = []
        self._every = max(1, (length - self.begin) // LISTS)

    def __len__(self) -> int:
        return len(self._ranks)

    def asked(self, *, known: bool) -> None:
        """Count a prediction, in the sample or not; `known`: somebody touched its item before."""
        self.predictions += 1
        self.unknown += not known

    def answered(
        self,
        at: int,
        item: int,
        ranked: Sequence[int],
        seen: Set[int],
        known: int,
        seconds: float,
        filled: Sequence[int] | None = None,
    ) -> None:
        """Count an answer: `item` came next, at touch `at`; the person had touched `seen`.

        `filled` is the answer filled up with what is trending, where it was short.
        """
        self._known = max(self._known, known)
        self._make_room(max(known, *ranked, 0) + 1)
        self._at.append(at)
        self._ranks.append(rank_of(item, ranked))
        self._filled.append(rank_of(item, ranked if filled is None else filled))
        self._score_seconds += seconds
        top = list(ranked[:SHORT])
        self._shown[top] = True
        self._places += len(top)
        self._new += sum(item not in seen for item in top)
        self._tail += len(top) - int(np.count_nonzero(self._head[top]))
        if self._kinds and len(self._ranks) % self._every == 0 and len(top) > 1:
            kinds = [self._kinds.get(item, _NOTHING) for item in top]
            self._varieties.append(variety(likeness(kinds)))

    def cold(self, item: int, ranked: Sequence[int], new: Sequence[int]) -> None:
        """Count an answer of which nobody had touched the `item`; `new` are the best such items."""
        self._cold += 1
        self._cold_hits += item in ranked[:SHORT]
        self._new_hits += item in new[:SHORT]

    def learnt(self, seconds: float, events: int = 1) -> None:
        """Count what learning took."""
        self._learn_seconds += seconds
        self._learnt += events

    def touched(self, at: int, item: int) -> None:
        """Count a touch of an item."""
        self._make_room(item + 1)
        self._known = max(self._known, item + 1)
        self._touches[item] += 1
        if at % max(1, self.length // HEADS) == 0:
            self._head = head_of(self._touches)

    def figures(self) -> dict[str, Any]:
        """Return the figures; those of no predictions are 0."""
        ranks = np.array(self._ranks, np.int64)
        places = max(self._places, 1)
        return {
            **{f"hr@{n}": _rounded(hits(ranks, n)) for n in (SHORT, TOP)},
            **{f"mrr@{n}": _rounded(reciprocals(ranks, n)) for n in (SHORT, TOP)},
            f"ndcg@{SHORT}": _rounded(gains(ranks, SHORT)),
            "filled_hr@10": _rounded(hits(np.array(self._filled, np.int64), SHORT)),
            "filled_mrr@20": _rounded(reciprocals(np.array(self._filled, np.int64), TOP)),
            f"cold_hr@{SHORT}": round(self._cold_hits / max(self._cold, 1), 4),
            f"new_hr@{SHORT}": round(self._new_hits / max(self._cold, 1), 4),
            "cold_predictions": self._cold,
            "coverage": round(int(self._shown.sum()) / max(self._known, 1), 4),
            "novelty": round(self._new / places, 4),
            "long_tail": round(self._tail / places, 4),
            **({"diversity": round(float(np.mean(self._varieties)), 4)} if self._varieties else {}),
            "predictions": len(ranks),
            "sampled": round(self.sampled, 4),
            "score_us": round(1e6 * self._score_seconds / max(len(ranks), 1), 1),
            "learn_us": round(1e6 * self._learn_seconds / max(self._learnt, 1), 1),
            "curve": self.curve(),
        }

    def curve(self) -> dict[str, list[float | None]]:
        """Return hr@10 and mrr@20 in ten parts, by touches, of the stream that counts.

        A part without predictions has None.
        """
        span = max(self.length - self.begin, 1)
        bins = (np.array(self._at, np.int64) - self.begin) * BINS // span
        ranks = np.array(self._ranks, np.int64)
        parts = [ranks[bins == part] for part in range(BINS)]
        return {
            f"hr@{SHORT}": [_rounded(hits(part, SHORT)) if len(part) else None for part in parts],
            f"mrr@{TOP}": [_rounded(reciprocals(p, TOP)) if len(p) else None for p in parts],
        }

    def _make_room(self, count: int) -> None:
        if count > len(self._shown):
            size = max(count, 2 * len(self._shown))
            self._shown = grown(self._shown, size)
            self._touches = grown(self._touches, size)
            self._head = grown(self._head, size)


def rank_of(item: int, ranked: Sequence[int]) -> int:
    """Return the rank of an item, from 1; 0 if it is not there."""
    return ranked.index(item) + 1 if item in ranked else 0


def hits(ranks: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return 1 where a rank (from 1; 0: not found) is at most n, else 0."""
    return ((ranks > 0) & (ranks <= n)).astype(np.float64)


def reciprocals(ranks: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return 1 / rank where it is at most n, else 0."""
    return hits(ranks, n) / np.maximum(ranks, 1)


def gains(ranks: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """Return the discounted gain of one relevant item, 1 / log2(1 + rank) within n, else 0.

    >>> gains(np.array([1, 3, 0]), 10).tolist()
    [1.0, 0.5, 0.0]
    """
    return hits(ranks, n) / np.log2(1.0 + np.maximum(ranks, 1))


def head_of(touches: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which items are the head: the most touched ones that have half of all touches.

    >>> head_of(np.array([1, 5, 2, 2])).tolist()
    [False, True, False, False]
    """
    order = np.argsort(-touches, kind="stable")
    sums = np.cumsum(touches[order])
    head = np.zeros(len(touches), np.bool_)
    if len(sums) and sums[-1]:
        head[order[: 1 + int(np.searchsorted(sums, sums[-1] / 2))]] = True
    return head


def _rounded(values: NDArray[np.float64]) -> float:
    return round(float(values.mean()), 4) if len(values) else 0.0
