"""What every model has to beat: chance, the crowd's favourites, and the visitor's own last items.

They keep all that they count, exactly: a baseline is to lose by what it knows, not by its bounds.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from evaluation.questions import Competitor, Question
from evaluation.ranked_counts import RankedCounts
from evaluation.stream import Step
from online_models.decay import ForwardDecay, fade
from online_models.row_index import grown

DAY_MS: Final = 24 * 3_600_000
TRENDING_HALF_LIFE_MS: Final = 2 * DAY_MS
HEAD: Final = 2_000
STALE_TOUCHES: Final = 50


class RandomItems(Competitor):
    """Any items, drawn by a seeded generator."""

    name = "random"

    def __init__(self, seed: int = 1) -> None:
        self._random = np.random.default_rng(seed)

    def rank(self, question: Question, n: int) -> list[int]:
        """Draw distinct items that are not excluded."""
        barred = set(question.exclude)
        found: list[int] = []
        free = question.known - len(barred)
        while len(found) < min(n, free):
            for item in self._random.integers(question.known, size=2 * n).tolist():
                if item not in barred and len(found) < n:
                    barred.add(item)
                    found.append(item)
        return found

    def learn(self, step: Step) -> None:
        """Learn nothing."""


class Popular(Competitor):
    """The most touched items since the beginning."""

    name = "popular"

    def __init__(self) -> None:
        self._counts = RankedCounts()

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the most touched items."""
        return self._counts.top(n, question.exclude)

    def learn(self, step: Step) -> None:
        """Count the touch."""
        if step.is_target:
            self._counts.add(step.item)


class Trending(Competitor):
    """The most touched items of late: counts that halve in `half_life_ms` of event time.

    The ranking, of the first `HEAD` items, is made anew each `STALE_TOUCHES` touches.
    """

    name = "trending"

    def __init__(self, half_life_ms: int = TRENDING_HALF_LIFE_MS) -> None:
        self._decay = ForwardDecay(half_life_ms)
        self._weights = np.zeros(16)
        self._top: list[int] = []
        self._learnt = 0

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the items that are touched most of late."""
        return first(self._top, n, question.exclude)

    def learn(self, step: Step) -> None:
        """Count the touch."""
        if not step.is_target:
            return
        fade(self._weights, self._decay.advance(step.time))
        if step.item >= len(self._weights):
            self._weights = grown(self._weights, 2 * step.item + 2)
        gain = self._decay.gains(np.ones(1), np.array([step.time], np.int64), np.float64)
        self._weights[step.item] += gain[0]
        if self._learnt % STALE_TOUCHES == 0:
            self._top = self._heaviest()
        self._learnt += 1

    def _heaviest(self) -> list[int]:
        weights = self._weights
        some = np.arange(len(weights))
        if len(weights) > HEAD:
            some = np.sort(np.argpartition(-weights, HEAD)[:HEAD])
        order = some[np.argsort(-weights[some], kind="stable")]
        found: list[int] = order[weights[order] > 0.0].tolist()
        return found


class Repeat(Competitor):
    """The visitor's own last items again, newest first."""

    name = "repeat"

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the last distinct items."""
        return first((step.item for step in reversed(question.history)), n, question.exclude)

    def learn(self, step: Step) -> None:
        """Learn nothing: the question brings the history."""


class Transition(Competitor):
    """What came most often right after the item that the visitor touched last."""

    name = "transition"

    def __init__(self, per_visit: bool = False) -> None:
        self._per_visit = per_visit
        self._after: dict[int, RankedCounts] = {}
        self._last: dict[int, int] = {}

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the followers of the last item."""
        past = question.visit if self._per_visit else question.history
        followers = self._after.get(past[-1].item) if past else None
        return followers.top(n, question.exclude) if followers else []

    def learn(self, step: Step) -> None:
        """Count the follower of the last item."""
        who = step.session if self._per_visit else step.user
        last = self._last.get(who)
        if last is not None and step.is_target:
            self._after.setdefault(last, RankedCounts()).add(step.item)
        if step.is_target:
            self._last[who] = step.item


def first(items: Iterable[int], n: int, exclude: Iterable[int] = ()) -> list[int]:
    """Return the first n distinct items that are not excluded.

    >>> first([3, 3, 1, 2], 2, exclude={1})
    [3, 2]
    """
    barred = exclude if isinstance(exclude, set | frozenset) else set(exclude)
    found: dict[int, None] = {}
    for item in items:
        if item not in barred:
            found[item] = None
            if len(found) == n:
                break
    return list(found)


def items_of(steps: Sequence[Step], limit: int) -> list[int]:
    """Return the last distinct items that were touched with interest, newest first."""
    return first((step.item for step in reversed(steps) if step.is_target), limit)
