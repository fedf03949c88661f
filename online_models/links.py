"""Weighted links between names, counted in bounded memory, and found from both of their ends."""

import heapq
from collections.abc import Container, Sequence

from online_models.frequent import FrequentCounts

Link = tuple[str, str]


class Links:
    """Links with weights (`online_models.frequent`); at most `2 * capacity` of them.

    >>> links = Links(capacity=10)
    >>> links.add([("cup", "tea"), ("pot", "tea")], 1.0)
    >>> links.of("cup"), links.before("tea"), links.weight("cup", "tea")
    (['tea'], ['cup', 'pot'], 1.0)
    """

    def __init__(self, capacity: int) -> None:
        self.counts = FrequentCounts[Link](capacity)
        self._after: dict[str, set[str]] = {}
        self._before: dict[str, set[str]] = {}

    def __len__(self) -> int:
        return len(self.counts)

    def add(self, links: Sequence[Link], weight: float) -> None:
        """Add to the weight of each link."""
        cuts = self.counts.cuts
        # Known links are in the index: those that are new to it go in, until rows are cut.
        fresh = [link for link in links if link not in self.counts]
        self.counts.add(links, weight)
        if self.counts.cuts != cuts:
            self._index()
            return
        for link in fresh:
            self._link(link)

    def of(self, name: str) -> list[str]:
        """Return what is linked with a name, whichever end it is, by name."""
        return sorted(self._after.get(name, set()) | self._before.get(name, set()))

    def after(self, name: str) -> list[str]:
        """Return the second ends of the links that begin with `name`, by name."""
        return sorted(self._after.get(name, ()))

    def size(self, name: str) -> int:
        """Return how many links begin with `name`."""
        return len(self._after.get(name, ()))

    def before(self, name: str) -> list[str]:
        """Return the first ends of the links that end in `name`, by name."""
        return sorted(self._before.get(name, ()))

    def row(self, name: str) -> dict[str, float]:
        """Return the weights of the links that begin with `name`, by their second end."""
        weight = self.counts.weight
        return {second: weight((name, second)) for second in self._after.get(name, ())}

    def heaviest(self, name: str, limit: int) -> list[tuple[str, float]]:
        """Return the heaviest links that begin with `name`: second end, weight; ties by name."""
        row = self.row(name).items()
        return heapq.nsmallest(limit, row, key=lambda link: (-link[1], link[0]))

    def weight(self, first: str, second: str) -> float:
        """Return the weight of the link from one name to another."""
        return self.counts.weight((first, second))

    def fade(self, factor: float) -> None:
        """Multiply all weights: the unit has changed."""
        self.counts.fade(factor)
        self._index()

    def discard(self, names: Container[str]) -> None:
        """Forget the links that begin or end with some names."""
        self.counts.discard(lambda link: link[0] in names or link[1] in names)
        self._index()

    def sort(self) -> None:
        """Put the links in order, so that equal ones have equal full dumps."""
        self.counts.sort()

    def dump(self, *, full: bool) -> bytes:
        """Return the links, or those that changed since the last dump."""
        return self.counts.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the links."""
        self.counts.load(parts)
        self._index()

    def _index(self) -> None:
        self._after, self._before = {}, {}
        for link in self.counts:
            self._link(link)

    def _link(self, link: Link) -> None:
        first, second = link
        self._after.setdefault(first, set()).add(second)
        self._before.setdefault(second, set()).add(first)
