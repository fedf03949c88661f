"""Our recommender with its answers varied: what that costs in hits, and gains in variety.

It learns and scores as `blend` does; only the order differs, by the functions that serve.
"""

import re
from collections.abc import Sequence
from typing import Final

from contracts.events import Item
from evaluation.errors import EvaluationError
from evaluation.ours import Blend
from evaluation.questions import Question, Rules
from evaluation.stream import Stream
from online_models.diversity import POOL, CategoryCap, likeness, marginal

NAMES: Final = re.compile(r"blend-(?:cap([1-9]\d?)|mmr(0\.\d+))")
"""At most so many of a category, or maximal marginal relevance of that strength."""

_NOTHING: Final = Item(id="-")


class VariedBlend(Blend):
    """`blend`, with a cap on each category or with maximal marginal relevance, by its name."""

    def __init__(self, name: str, stream: Stream, rules: Rules) -> None:
        """Raises `EvaluationError` if nothing is told of what the items are."""
        super().__init__(stream.names, repeats=not rules.bars)
        self.name = name
        cap, strength = _asked(name)
        self._cap, self._strength = int(cap or 0), float(strength or 0.0)
        self._kinds = stream.kinds
        if not self._kinds:
            raise EvaluationError(
                f"--models {name}: the recording does not say of which category its items are"
            )

    def rank(self, question: Question, n: int) -> list[int]:
        """Return the best of the visitor's slate, in an order that is varied."""
        scored = self.scored(question)
        kinds = [self._kinds.get(item, _NOTHING) for item, _ in scored]
        if self._strength:
            alike = likeness(kinds[:POOL])
            chosen = marginal([score for _, score in scored[:POOL]], alike, self._strength, n)
        else:
            chosen = capped([kind.category for kind in kinds], self._cap, n)
        return [scored[at][0] for at in chosen]


def capped(categories: Sequence[str], most: int, n: int) -> list[int]:
    """Return where the first n stand that keep within the cap, then those over it.

    >>> capped(["a", "a", "b", ""], 1, 4)
    [0, 2, 3, 1]
    """
    cap = CategoryCap(most)
    kept: list[int] = []
    over: list[int] = []
    for at, category in enumerate(categories):
        (kept if cap.admits(category) else over).append(at)
        if len(kept) == n:
            break
    return [*kept, *over][:n]


def is_varied(name: str) -> bool:
    """Say whether a name is one of these competitors.

    >>> [is_varied(name) for name in ("blend-cap2", "blend-mmr0.3", "blend", "blend-cap0")]
    [True, True, False, False]
    """
    return NAMES.fullmatch(name) is not None


def _asked(name: str) -> tuple[str | None, str | None]:
    found = NAMES.fullmatch(name)
    assert found is not None
    return found[1], found[2]
