"""What items are about: how like a person's recent ones they are, also where nobody touched them.

An item is its category, brand, tags and the words of its title: a vector of concepts, each weighed
by how rare it is (tf-idf, Salton and Buckley, 1988). An item is as near to a person as its vector
is to those of their recent items (cosine).
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_models import scoring
from online_models.compiled import compiled
from online_models.pooling import Pool
from online_models.row_index import RowIndex, grown
from online_models.words import concept_name, path_of, words_of

Evidence = Sequence[tuple[int, float]]
"""A person's recent items, and how much each counts."""

CONCEPTS: Final = 12
"""Concepts that are kept of an item."""

ASKED: Final = 8
"""Concepts of a person whose newest items are looked at."""

EACH: Final = 10
"""Items that are looked at for a concept; and the newest of all."""

_NO_CODES: Final = np.empty(0, np.int32)


def concepts_of(category: str, brand: str, tags: Iterable[str], title: str) -> list[str]:
    """Return an item's concepts, at most `CONCEPTS`: a brand is not the word of a title.

    >>> concepts_of("Home > Kettles", "Acme", ["steel"], "The Steel Kettle")
    ['c home', 'c kettle', 'b acme', 't steel', 'w steel', 'w kettle']
    """
    named = [
        *(f"c {step}" for step in path_of(category)),
        *(f"b {name}" for name in (concept_name(brand),) if name),
        *(f"t {name}" for name in map(concept_name, tags) if name),
        *(f"w {word}" for word in words_of(title)),
    ]
    return list(dict.fromkeys(named))[:CONCEPTS]


class Content:
    """The concepts of a catalogue's items, and which of these nobody touched yet.

    About 400 bytes an item. An answer costs some 90 us for 250 candidates and as many new items as
    are looked at: `EACH` of `ASKED` concepts and `EACH` of all, whatever the size of the catalogue.

    >>> content = Content()
    >>> for number, tag in enumerate(["t tea", "t tea", "t nails"]):
    ...     content.put(number, [tag])
    >>> content.touched([0])
    >>> nothing = np.empty(0, np.uint64)
    >>> pool = Pool(nothing, np.zeros((0, 2)), np.empty(0, np.bool_))
    >>> found = content.describe(pool, [(0, 1.0)], (nothing, nothing), (0, 1.0, 1.0))
    >>> found.items.tolist(), found.features[:, 0].round(2).tolist()
    ([2, 1], [0.0, 0.69])
    """

    def __init__(self) -> None:
        self._index = RowIndex()
        self._codes = np.zeros((self._index.capacity, CONCEPTS), np.int32)
        self._code_of: dict[str, int] = {}
        self._count = np.zeros(16, np.int64)
        """Items with each concept; that of 0, which is none, stays 0."""
        self._rarity: NDArray[np.float64] | None = None
        """Of each concept, where it is known: it is made anew after the catalogue changed."""
        self._wanted = np.zeros(len(self._count))
        """How much of each concept a person wants: zeros, and left as zeros."""
        self._with: dict[int, dict[int, None]] = {}
        self._new: dict[int, None] = {}
        """Items nobody touched, with a concept and of all, in the order they came in."""
        self._first: dict[int, NDArray[np.uint64]] = {}
        """The last of these, where somebody asked for them since they changed."""

    def __len__(self) -> int:
        return len(self._index)

    def put(self, number: int, concepts: Sequence[str]) -> None:
        """Add an item, or replace what was known of it; one that was touched stays so."""
        row = self._index.get(number)
        fresh = row is None or number in self._new
        if row is None:
            (row,) = self._index.claim(np.array([number], np.uint64)).tolist()
        else:
            self._clear(number, row)
        if row >= len(self._codes):
            self._codes = grown(self._codes, self._index.capacity)
        codes = [self._code(name) for name in concepts[:CONCEPTS]]
        self._codes[row, : len(codes)] = codes
        self._count[codes] += 1
        self._rarity = None
        if fresh:
            self._new[number] = None
            self._first.pop(0, None)
            for code in codes:
                self._with.setdefault(code, {})[number] = None
                self._first.pop(code, None)

    def remove(self, number: int) -> None:
        """Take an item out, if it is there."""
        row = self._index.get(number)
        if row is not None:
            self._clear(number, row)
            self._rarity = None
            self._index.release([number])

    def _clear(self, number: int, row: int) -> None:
        """Forget what is known of an item."""
        self.touched([number])
        self._count[self._codes[row][self._codes[row] > 0]] -= 1
        self._codes[row] = 0

    def touched(self, numbers: Iterable[int]) -> None:
        """Take note that these were touched."""
        for number in self._new.keys() & numbers:
            del self._new[number]
            row = self._index.get(number)
            self._first.pop(0, None)
            for code in self._codes[row].tolist():
                self._with.get(code, {}).pop(number, None)
                self._first.pop(code, None)

    def describe(
        self,
        pool: Pool,
        evidence: Evidence,
        met: tuple[NDArray[np.uint64], NDArray[np.uint64]],
        said: tuple[int, float, float],
    ) -> Pool:
        """Return the pool with what is known of it, and new items that are not `met` at its end.

        How alike an item and the person's are goes to a column of its features, as
        `scoring.describe` has it.
        """
        fresh, mine = self._want(evidence)
        places = self._index.places_of(np.concatenate([pool.items, fresh]))
        about = self._codes, self._rarities(), self._wanted
        describe = (compiled() or scoring).describe
        found = describe(tuple(pool), fresh, met, places, about, said)
        self._wanted[mine] = 0.0
        return Pool(*found)

    def _want(self, evidence: Evidence) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
        """Write down what a person wants; return new items for them, and which concepts that are.

        Whoever asks takes it back.
        """
        places = self._index.places(item for item, _ in evidence)
        known = [at for at, place in enumerate(places) if place >= 0]
        if not known:
            return self._newest(0), _NO_CODES
        sums = compiled() or scoring
        codes = self._codes[[places[at] for at in known]]
        trust = np.array([evidence[at][1] for at in known])
        sums.want(codes, self._rarities(), trust / trust.sum(), self._wanted)
        mine = codes.ravel()
        if not self._new:
            return self._newest(0), mine
        wanted = sums.heaviest(mine, self._wanted, ASKED).tolist()
        return np.concatenate([self._newest(code) for code in (0, *wanted)]), mine

    def _newest(self, code: int) -> NDArray[np.uint64]:
        """Return the newest new items with a concept, or of all (0)."""
        found = self._first.get(code)
        if found is None:
            items = self._with.get(code, {}) if code else self._new
            newest = list(islice(reversed(items), EACH))
            found = self._first[code] = np.array(newest, np.uint64)
        return found

    def _rarities(self) -> NDArray[np.float64]:
        """Return how rare each concept is."""
        if self._rarity is None:
            self._rarity = np.log1p(len(self._index) / np.maximum(self._count, 1))
            self._rarity[0] = 0.0
        return self._rarity

    def _code(self, name: str) -> int:
        code = self._code_of.setdefault(name, len(self._code_of) + 1)
        if code >= len(self._count):
            self._count = grown(self._count, 2 * code)
            self._wanted = np.zeros(len(self._count))
        return code
