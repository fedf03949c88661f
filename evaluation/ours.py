"""Our own recommender as a competitor: the same scoring function that serves.

The only file here that knows how `ItemRecommender` is called.
"""

from collections.abc import Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from contracts.events import Item
from contracts.keys import item_key
from evaluation.questions import Competitor, Question
from evaluation.stream import Step
from online_models.blend import leaders
from online_models.content import concepts_of
from online_models.recommender import ItemRecommender
from online_models.row_index import grown
from online_models.slate import CANDIDATES, Slate
from online_models.warming import warm


class Blend(Competitor):
    """`online_models.recommender`; it learns its blend from what it was asked."""

    name = "blend"
    asked_always = True

    def __init__(
        self, names: Sequence[str], catalogue: Sequence[Item] = (), *, repeats: bool
    ) -> None:
        warm()  # what has to be compiled is, before anything is timed
        self._model = ItemRecommender(repeats=repeats)
        self._names = names
        self._numbers: list[int] = []
        self._items: dict[int, int] = {}
        self._describe(catalogue)
        self._seen: dict[int, Numbers] = {}
        self._repeats = repeats
        self._slate: Slate | None = None

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the best of the visitor's slate."""
        slate = self._ask(question)
        return [self._items[number] for number in self._model.leaders(slate, n)]

    def scored(self, question: Question, n: int = CANDIDATES) -> list[tuple[int, float]]:
        """Return the best of the visitor's slate, and their odds against the first one."""
        slate = self._ask(question)
        order, scores = leaders(slate, self._model.weights, n)
        odds = np.exp(scores[order] - (scores.max() if len(scores) else 0.0))
        numbers = slate.items[order].tolist()
        return [(self._items[n], odd) for n, odd in zip(numbers, odds.tolist(), strict=True)]

    def _ask(self, question: Question) -> Slate:
        barred = self._seen.get(question.user)
        self._slate = self._model.slate(
            question.user, () if barred is None else barred.array(), question.time
        )
        return self._slate

    def rank_new(self, question: Question, n: int) -> list[int]:
        """Return the best of those items of the last slate that nobody touched."""
        if self._slate is None:
            return []
        ranked = self._model.leaders(self._slate, len(self._slate.items))
        items = (self._items[number] for number in ranked)
        return list(islice((item for item in items if item >= question.known), n))

    def learn(self, step: Step) -> None:
        """Teach the blend what was chosen, then the touch itself."""
        number = self._number(step.item)
        if self._slate is not None:
            self._model.learn_from_choice(self._slate, number)
            self._slate = None
        self._model.learn_one(step.user, number, True, {"type": step.type, "time": step.time})
        if not self._repeats:
            self._seen.setdefault(step.user, Numbers()).append(number)

    def _describe(self, catalogue: Sequence[Item]) -> None:
        """Take in the catalogue: an item of it may be answered before anybody touched it.

        Its number is where its name stands, since answers are compared by that; names that nobody
        touches come after. The model sees neither.
        """
        place = {name: at for at, name in enumerate(self._names)}
        for entry in catalogue:
            number = item_key(entry.id)
            self._items[number] = place.setdefault(entry.id, len(place))
            concepts = concepts_of(entry.category, entry.brand, entry.tags, entry.title)
            self._model.describe(number, concepts)

    def _number(self, item: int) -> int:
        """Return the number that our models know an item by. Items come in order."""
        if item == len(self._numbers):
            number = item_key(self._names[item])
            self._numbers.append(number)
            self._items[number] = item
        return self._numbers[item]


class Numbers:
    """Numbers of items in an array that grows. They may repeat."""

    def __init__(self) -> None:
        self._numbers = np.zeros(8, np.uint64)
        self._count = 0

    def append(self, number: int) -> None:
        """Add one."""
        if self._count == len(self._numbers):
            self._numbers = grown(self._numbers, 2 * self._count)
        self._numbers[self._count] = number
        self._count += 1

    def array(self) -> NDArray[np.uint64]:
        """Return all so far, without a copy."""
        return self._numbers[: self._count]
