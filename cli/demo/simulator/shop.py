"""The shop: a catalogue made up from a seed, how popular its items are, and what is hot."""

import math
from collections.abc import Sequence
from itertools import product
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cli.demo.simulator.goods import AISLES, BRANDS, STYLES, TIERS, Aisle
from contracts.events import Item

Weights = NDArray[np.float64]

ITEMS_AN_AISLE: Final = 26
OUT_OF_STOCK: Final = 0.03
HEAT_SECONDS: Final = 60.0
"""After so long a trend draws 1/e of what it drew at its start."""
HEAT: Final = 0.18
"""The share of pages that a trend draws at its start."""
COOL: Final = 0.05


class Trend(NamedTuple):
    """An item, by its row in the catalogue, that is hot since `start` (seconds)."""

    row: int
    start: float

    def heat(self, now: float) -> float:
        """Return the share of pages that the trend draws."""
        return HEAT * math.exp(-(now - self.start) / HEAT_SECONDS)


class Shop:
    """The catalogue, as records and as arrays; an item's row is its place in both."""

    def __init__(self, seed: int, time: int, site: str) -> None:
        rng = Random(f"shop {seed}")
        self.items = [item for aisle in AISLES for item in _stock(aisle, rng, time, site)]
        self.row_of = {item.id: row for row, item in enumerate(self.items)}
        categories = [aisle.category for aisle in AISLES]
        self.categories = categories
        self.category = np.array([categories.index(item.category) for item in self.items])
        self.brand = np.array([BRANDS.index(item.brand) for item in self.items])
        self.dearness = _dearness(self.items, self.category)
        # Few items draw most of the visits: Zipf's law, in a random order.
        ranks = rng.sample(range(1, len(self.items) + 1), len(self.items))
        in_stock = np.array([item.in_stock for item in self.items], np.float64)
        self.appeal: Weights = in_stock / np.array(ranks, np.float64) ** 0.8
        self.trends: list[Trend] = []

    def start_trend(self, rng: Random, now: float) -> Item | None:
        """Make an item hot that few know; return it, or None while two are hot already."""
        self.trends = [trend for trend in self.trends if trend.heat(now) > COOL]
        if len(self.trends) >= 2:
            return None
        quiet = np.flatnonzero((self.appeal > 0) & (self.appeal < np.median(self.appeal)))
        row = int(quiet[rng.randrange(len(quiet))])
        self.trends.append(Trend(row, now))
        return self.items[row]

    def hot(self, rng: Random, now: float) -> int | None:
        """Return a hot item, as often as trends draw pages; mostly nothing."""
        roll = rng.random()
        for trend in self.trends:
            roll -= trend.heat(now)
            if roll < 0:
                return trend.row
        return None


def _dearness(items: Sequence[Item], category: NDArray[np.int64]) -> Weights:
    """Return how dear each item is for its category: the logarithm of price over the mean one."""
    prices = np.log([item.price or 1.0 for item in items])
    usual = np.bincount(category, prices) / np.bincount(category)
    dearness: Weights = prices - usual[category]
    return dearness


def draw(weights: Weights, rng: Random) -> int:
    """Return an index, each as likely as its weight is large.

    >>> draw(np.array([0.0, 1.0]), Random(1))
    1
    """
    sums = np.cumsum(weights)
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))


def _stock(aisle: Aisle, rng: Random, time: int, site: str) -> list[Item]:
    brands = rng.sample(BRANDS, len(TIERS))
    pairs = rng.sample(list(product(STYLES, aisle.nouns)), ITEMS_AN_AISLE)
    items = []
    for style, noun in pairs:
        brand, tier = rng.choice(list(zip(brands, TIERS, strict=True)))
        price = aisle.price * tier * math.exp(rng.gauss(0.0, 0.3))
        items.append(
            Item(
                id=f"{style} {noun}".replace(" ", "-"),
                time=time,
                site=site,
                title=f"{style} {noun}".capitalize(),
                category=aisle.category,
                brand=brand,
                tags=[style, noun],
                price=max(1.0, round(price)) - 0.05,
                currency="EUR",
                in_stock=rng.random() >= OUT_OF_STOCK,
                props={"simulated": True},
            )
        )
    return items
