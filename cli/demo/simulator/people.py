"""Shoppers: what they like, what they own, and how they are known to the shop."""

import math
from dataclasses import dataclass, field
from random import Random
from typing import Final, NamedTuple

import numpy as np

from cli.demo.simulator.goods import BRANDS, NAMES
from cli.demo.simulator.shop import Shop, Weights

FAVOURITES: Final = 3
"""Categories, and brands, that a shopper likes above others."""
PRICE_SPREAD: Final = 0.7
"""How far from their level prices may be, as a logarithm."""
ACCOUNTS: Final = 0.5
SECOND_DEVICE: Final = 0.2


class Owned(NamedTuple):
    """A line of an order of the past."""

    row: int
    order: str
    price: float
    quantity: float


@dataclass(slots=True)
class Shopper:
    """One person. `devices` maps a device to whether the shop knows whose it is.

    `bargain` is how far below the usual price they like it; `zeal` scales how readily they buy,
    `curiosity` how often they look at recommendations, `mood` (-1 to 1) how they rate.
    """

    number: int
    user: str
    account: bool
    devices: dict[str, bool]
    categories: Weights
    brands: Weights
    bargain: float
    zeal: float
    curiosity: float
    mood: float
    cart: dict[int, float] = field(default_factory=dict)
    owned: list[Owned] = field(default_factory=list)
    visits: int = 0
    last: int = 0

    def likes(self, shop: Shop) -> Weights:
        """Return how much each item is to their taste, from 0 to 1 for the best."""
        off = (shop.dearness + self.bargain) / PRICE_SPREAD
        liking = self.categories[shop.category] + self.brands[shop.brand] - off**2 / 2
        likes: Weights = np.exp(liking - liking.max())
        return likes


def new_shopper(number: int, rng: Random, shop: Shop) -> Shopper:
    """Return a person who has never been here."""
    name = rng.choice(NAMES)
    devices = [f"phone-{number}"]
    if rng.random() < SECOND_DEVICE:
        devices.append(f"laptop-{number}")
    return Shopper(
        number=number,
        user=f"{name}-{number}",
        account=rng.random() < ACCOUNTS,
        devices=dict.fromkeys(devices, False),
        categories=_taste(len(shop.categories), 2.5, rng),
        brands=_taste(len(BRANDS), 1.2, rng),
        bargain=rng.gauss(0.0, 0.4),
        zeal=math.exp(rng.gauss(0.0, 0.5)),
        curiosity=rng.betavariate(2, 2),
        mood=max(-1.0, min(1.0, rng.gauss(0.3, 0.4))),
    )


def _taste(count: int, strength: float, rng: Random) -> Weights:
    taste = np.array([rng.gauss(0.0, 0.4) for _ in range(count)])
    for place, index in enumerate(rng.sample(range(count), FAVOURITES)):
        taste[index] += strength * 0.8**place
    return taste
