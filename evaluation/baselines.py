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

HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
HALF_LIVES_MS: Final = (HOUR_MS, 6 * HOUR_MS, 2 * DAY_MS, 14 * DAY_MS)
MEMORY: Final = 0.999
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
    """The most touched items of late: counts that halve in some time, in event time.

    How fast interest fades differs from films to news, so there is a ranking for each of
    `HALF_LIVES_MS`, and that one answers whose first ten held most of the last items that were
    touched (a count that fades, too: each touch weighs `MEMORY` of the next). Rankings, of the
    first `HEAD` items, are made anew each `STALE_TOUCHES` touches.
    """

    name = "trending"

    def __init__(self, half_lives_ms: Sequence[int] = HALF_LIVES_MS) -> None:
        self._decays = [ForwardDecay(half_life) for half_life in half_lives_ms]
        self._weights = np.zeros((16, len(half_lives_ms)))
        self._tops: list[list[int]] = [[] for _ in half_lives_ms]
        self._first: list[frozenset[int]] = [frozenset() for _ in half_lives_ms]
        self._hits = [0.0] * len(half_lives_ms)
        self._learnt = 0

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the items that are touched most of late."""
        return first(self._tops[self.leader], n, question.exclude)

    @property
    def leader(self) -> int:
        """Which of the half-lives does best of late."""
        return max(range(len(self._hits)), key=self._hits.__getitem__)

    def learn(self, step: Step) -> None:
        """Count the touch."""
        if not step.is_target:
            return
        if step.item >= len(self._weights):
            self._weights = grown(self._weights, 2 * step.item + 2)
        for at, decay in enumerate(self._decays):
            self._hits[at] = MEMORY * self._hits[at] + (step.item in self._first[at])
            fade(self._weights[:, at], decay.advance(step.time))
            age = (step.time - (decay.landmark or 0)) / decay.half_life_ms
            self._weights[step.item, at] += 2.0**age
        if self._learnt % STALE_TOUCHES == 0:
            self._tops = [self._heaviest(at) for at in range(len(self._decays))]
            self._first = [frozenset(top[:10]) for top in self._tops]
        self._learnt += 1

    def _heaviest(self, at: int) -> list[int]:
        weights = self._weights[:, at]
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
