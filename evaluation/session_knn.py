"""Online session nearest neighbours: the method that wins published comparisons.

V-SKNN of Ludewig and Jannach, "Evaluation of session-based recommendation algorithms" (UMUAI 2018):
recent sessions that share items with the current one are its neighbours; later items of the current
session count more; what the neighbours hold is scored by similarity and by how recent the last
shared item is. Sessions join the neighbourhood as they grow, so it is never trained anew.
"""

from collections import OrderedDict, deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evaluation.baselines import first, items_of
from evaluation.questions import Competitor, Question
from evaluation.stream import Step
from online_models.row_index import grown

NEIGHBOURS: Final = 200
SAMPLE: Final = 500
QUERY: Final = 20
LENGTH: Final = 50
MAX_SESSIONS: Final = 50_000
PREDICTIONS: Final = 20_000
"""Answers that are asked for, as of the batch models: one takes about a millisecond."""


class SessionKnn(Competitor):
    """V-SKNN over visits, or, where people are asked about over time, over their histories.

    Bounded: the last `max_sessions` sessions with their last `LENGTH` distinct items, and for each
    item the last `sample` sessions that had it. Cost grows with `sample`, not with the catalogue.
    """

    name = "vsknn"
    max_predictions: int | None = PREDICTIONS

    def __init__(
        self,
        per_visit: bool = False,
        k: int = NEIGHBOURS,
        sample: int = SAMPLE,
        query: int = QUERY,
        max_sessions: int = MAX_SESSIONS,
    ) -> None:
        self._per_visit = per_visit
        self._k = k
        self._sample = sample
        self._query = query
        self._max = max_sessions
        self._rows: OrderedDict[int, int] = OrderedDict()
        self._held = np.zeros((16, LENGTH), np.int64)
        """Items + 1 of each session, 0 where there is none."""
        self._length = np.zeros(16, np.int64)
        self._latest = np.zeros(16, np.int64)
        self._with_item: dict[int, deque[int]] = {}
        self._learnt = 0
        self._weight = np.zeros(16)
        self._lag = np.zeros(16)

    def rank(self, question: Question, n: int) -> list[int]:
        """Return what the neighbours hold, best first; nothing without a neighbour."""
        past = question.visit if self._per_visit else question.history
        query = items_of(past, self._query)
        rows = self._candidates(query, question)
        if not len(rows):
            return []
        keys = np.array(query) + 1
        lags = np.arange(len(query))
        self._weight[keys] = 1.0 - lags / len(query)
        self._lag[keys] = 1.0 / (1.0 + lags)
        held = self._held[rows]
        likeness = self._weight[held].sum(axis=1) / np.sqrt(np.maximum(self._length[rows], 1))
        nearest = np.lexsort((-self._latest[rows], -likeness))[: self._k]  # of equals the newest
        held = held[nearest]
        votes = likeness[nearest] * self._lag[held].max(axis=1)
        self._weight[keys] = self._lag[keys] = 0.0
        items, place = np.unique(held, return_inverse=True)
        scores = np.bincount(place.ravel(), np.repeat(votes, held.shape[1]), len(items))
        order = np.argsort(-scores, kind="stable")
        found = (items[order] - 1)[(items[order] > 0) & (scores[order] > 0.0)]
        return first(found.tolist(), n, question.exclude)

    def learn(self, step: Step) -> None:
        """Add the item to its session."""
        if not step.is_target:
            return
        self._learnt += 1
        self._make_room(step.item + 2)
        row = self._row(step.session if self._per_visit else step.user)
        held = self._held[row]
        self._latest[row] = self._learnt
        if step.item + 1 not in held:
            if self._length[row] == LENGTH:
                held[:-1] = held[1:].copy()
                held[-1] = step.item + 1
            else:
                held[self._length[row]] = step.item + 1
                self._length[row] += 1
            sessions = self._with_item.setdefault(step.item, deque(maxlen=self._sample))
            sessions.append(row)

    def _candidates(self, query: list[int], question: Question) -> NDArray[np.int64]:
        """Return the most recent sessions that had one of the items, but not the current one."""
        had = [row for item in query for row in self._with_item.get(item, ())]
        rows = np.unique(np.array(had, np.int64))
        own = self._rows.get(question.session if self._per_visit else question.user)
        if own is not None:
            rows = rows[rows != own]
        if len(rows) > self._sample:
            newest = np.argpartition(-self._latest[rows], self._sample)[: self._sample]
            rows = np.sort(rows[newest])
        return rows

    def _row(self, who: int) -> int:
        row = self._rows.get(who)
        if row is None:
            if len(self._rows) < self._max:
                row = len(self._rows)
            else:
                _, row = self._rows.popitem(last=False)
                self._held[row] = 0
                self._length[row] = 0
            self._rows[who] = row
            if row >= len(self._held):
                size = 2 * row
                self._held, self._length = grown(self._held, size), grown(self._length, size)
                self._latest = grown(self._latest, size)
        self._rows.move_to_end(who)
        return row

    def _make_room(self, count: int) -> None:
        if count > len(self._weight):
            self._weight = grown(self._weight, 2 * count)
            self._lag = grown(self._lag, 2 * count)
