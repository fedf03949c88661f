"""Items by how often they were counted, always in exact order.

A count grows by one, so an item moves up by changing places with the first of its equals: O(1).
"""

from collections.abc import Collection
from itertools import islice


class RankedCounts:
    """Counts of items, most counted first; of equals the one that got there first stays ahead.

    >>> counts = RankedCounts()
    >>> for item in (4, 9, 9):
    ...     counts.add(item)
    >>> counts.top(2), counts.top(2, exclude={9})
    ([9, 4], [4])
    """

    def __init__(self) -> None:
        self._order: list[int] = []
        self._place: dict[int, int] = {}
        self._count: dict[int, int] = {}
        self._first: dict[int, int] = {}
        """Where the items of each count begin."""

    def __len__(self) -> int:
        return len(self._order)

    def add(self, item: int) -> None:
        """Count an item once more."""
        if item not in self._place:
            self._place[item] = len(self._order)
            self._order.append(item)
            self._count[item] = 0
        count = self._count[item]
        place, first = self._place[item], self._first.get(count, self._place[item])
        other = self._order[first]
        self._order[place], self._order[first] = other, item
        self._place[other], self._place[item] = place, first
        self._count[item] = count + 1
        self._first.setdefault(count + 1, first)
        if count:
            self._first[count] = first + 1
            if first + 1 >= len(self._order) or self._count[self._order[first + 1]] != count:
                del self._first[count]

    def top(self, n: int, exclude: Collection[int] = ()) -> list[int]:
        """Return the n most counted items that are not excluded."""
        return list(islice((item for item in self._order if item not in exclude), n))
