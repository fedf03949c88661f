"""Which item a shopper looks at next: taste times popularity, unless something is hot."""

from random import Random
from typing import Final

import numpy as np

from cli.demo.simulator.shop import Shop, Weights, draw

IN_AISLE: Final = 0.75
"""Of pages: about what they came for."""
AGAIN: Final = 0.05
"""How much less an item draws that was already looked at in the visit."""


class Choice:
    """The choices of one visit, by `likes`: how much each item is to the shopper's taste."""

    def __init__(self, likes: Weights, shop: Shop, rng: Random) -> None:
        self.seen: set[int] = set()
        self._draws: Weights = likes * shop.appeal
        self._wanted: Weights = likes * np.sqrt(shop.appeal)
        self._shop = shop
        self._rng = rng

    def aisle(self) -> int:
        """Return a category to go to."""
        return draw(np.bincount(self._shop.category, self._wanted).astype(np.float64), self._rng)

    def item(self, aisle: int | None, now: float) -> int:
        """Return an item to look at, mostly one of the category."""
        hot = self._shop.hot(self._rng, now)
        if hot is not None and hot not in self.seen:
            return hot
        weights = self._draws.copy()
        if aisle is not None and self._rng.random() < IN_AISLE:
            weights *= self._shop.category == aisle
        weights[list(self.seen)] *= AGAIN
        return draw(weights, self._rng)

    def query(self, aisle: int) -> str:
        """Return words to search for."""
        row = draw(self._draws * (self._shop.category == aisle), self._rng)
        item = self._shop.items[row]
        return self._rng.choice((item.category, item.tags[-1], item.title.lower()))
