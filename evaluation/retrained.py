"""What keeps all touches and is trained anew on them from time to time, as batch models are.

Between trainings it folds in: what a visitor touched since counts, what others did does not.
"""

from abc import abstractmethod
from collections import Counter
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from evaluation.questions import Competitor, Question
from evaluation.stream import Step

PREDICTIONS: Final = 20_000
"""Answers that are asked for: a seeded sample of the stream's, so that a table takes minutes."""


class Retrained(Competitor):
    """A base: collects touches by visitor, or by visit, and trains on their counts.

    `rank` gives nothing before the first training and nothing for who touched nothing.
    """

    max_predictions: int | None = PREDICTIONS

    def __init__(self, per_visit: bool = False) -> None:
        self._per_visit = per_visit
        self._row_of: dict[int, int] = {}
        self._counts: list[Counter[int]] = []
        self._items = 0
        self._trained = 0
        """How many items were known at the last training."""

    def learn(self, step: Step) -> None:
        """Keep the touch."""
        self._items = max(self._items, step.item + 1)
        if step.is_target:
            who = step.session if self._per_visit else step.user
            row = self._row_of.setdefault(who, len(self._row_of))
            if row == len(self._counts):
                self._counts.append(Counter())
            self._counts[row][step.item] += 1

    def retrain(self, share: float) -> None:
        """Train anew on all touches so far."""
        if self._items:
            self._trained = self._items
            self.fit(_matrix(self._counts, self._items))

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the items that score best for what the visitor touched by now."""
        row = self._row_of.get(question.session if self._per_visit else question.user)
        if row is None or not self._trained:
            return []
        touched = {i: count for i, count in self._counts[row].items() if i < self._trained}
        if not touched:
            return []
        return best_of(self.scores(row, touched), n, question)

    @abstractmethod
    def fit(self, touches: csr_matrix) -> None:
        """Train on counts (visitors, items)."""

    @abstractmethod
    def scores(self, row: int, touched: dict[int, int]) -> NDArray[np.floating[Any]]:
        """Return the scores (items,) for visitor `row`, who touched items so many times."""


def best_of(scores: NDArray[np.floating[Any]], n: int, question: Question) -> list[int]:
    """Return the n items with the highest finite scores that are not excluded."""
    barred = [item for item in question.exclude if item < len(scores)]
    scores = scores.astype(np.float64)
    scores[barred] = -np.inf
    count = min(n, len(scores))
    best = np.argpartition(-scores, count - 1)[:count]
    best = best[np.argsort(-scores[best], kind="stable")]
    found: list[int] = best[np.isfinite(scores[best])].tolist()
    return found


def _matrix(counts: list[Counter[int]], items: int) -> csr_matrix:
    starts = np.cumsum([0, *(len(row) for row in counts)])
    columns = np.fromiter((item for row in counts for item in row), np.int32, starts[-1])
    values = np.fromiter((n for row in counts for n in row.values()), np.float32, starts[-1])
    return csr_matrix((values, columns, starts), shape=(len(counts), items))
