"""One visit to the shop, step by step, as a generator.

It yields seconds to wait, events (which the world stamps with id and time), and questions for
recommendations, whose answer is sent in.
"""

from collections.abc import Generator
from random import Random
from typing import Any, Final

from cli.demo.simulator.campaigns import CAMPAIGNS, REACH, Campaign, variant_of
from cli.demo.simulator.choice import Choice
from cli.demo.simulator.feedback import speak
from cli.demo.simulator.outputs import Shown
from cli.demo.simulator.people import Owned, Shopper
from cli.demo.simulator.shop import Shop
from contracts.events import Event, EventType


class Ask:
    """The question for recommendations on a page about `item`."""

    def __init__(self, item: int | None) -> None:
        self.item = item


Step = float | Event | Ask
Steps = Generator[Step, Shown | None, None]

BOUNCES: Final = 0.25
SEARCHES: Final = 0.4
STAYS: Final = 0.84
"""After each page: go on to another."""
CARTS: Final = 0.2
CHECKS_OUT: Final = 0.3
LOOKS: Final = 0.3
"""Of pages: the recommendations on them are looked at, by somebody wholly curious."""
CLICKS: Final = 0.35
FADES: Final = 0.8
"""How much less each further place of a list is looked at."""
SPEAKS: Final = 0.5
PRAISE: Final[tuple[EventType, ...]] = ("like", "like", "share")
THINK_SECONDS: Final = 2.0


class Visit:
    """A visit of `shopper` on `device`; `now` tells the world's time in seconds."""

    def __init__(self, shopper: Shopper, device: str, name: str, shop: Shop, rng: Random) -> None:
        self.shopper = shopper
        self.device = device
        self.name = name
        self.now = 0.0
        self._shop = shop
        self._rng = rng
        self._likes = shopper.likes(shop)
        self._choice = Choice(self._likes, shop, rng)

    @property
    def user(self) -> str | None:
        """The user id that the shop knows on this device."""
        return self.shopper.user if self.shopper.devices[self.device] else None

    def steps(self) -> Steps:
        """Yield the steps of the visit."""
        if self.shopper.account and not self.user and self._chance(0.5):
            yield from self._identify()
        if self._chance(REACH):
            yield from self._meet(self._rng.choice(CAMPAIGNS))
        if self.shopper.owned and self._chance(SPEAKS):
            yield from speak(self.shopper, self._likes, self._shop, self._rng, self.event)
            yield self._think()
        if self._chance(BOUNCES):
            yield from self._look(self._choice.item(None, self.now))
            return
        yield from self._browse()
        if self.shopper.cart and self._chance(min(0.9, CHECKS_OUT * self.shopper.zeal)):
            yield from self._check_out()

    def event(self, type_: EventType, row: int | None = None, **fields: Any) -> Event:
        """Return an event of this visit, without id and time."""
        props = {"simulated": True, **fields.pop("props", {})}
        if row is not None:
            fields["item"] = self._shop.items[row].id
        return Event(
            id="-",
            type=type_,
            time=0,
            user=self.user,
            device=self.device,
            session=self.name,
            props=props,
            **fields,
        )

    def _meet(self, campaign: Campaign) -> Steps:
        """Be approached by a campaign, unless chance put them into its control group; answer it."""
        variant = variant_of(self._rng)
        sent: dict[str, Any] = {"campaign": campaign.name, "variant": variant}
        yield self.event("impression", **sent)
        yield self._think()
        if self._chance(campaign.appeal(self.shopper, variant)):
            yield self.event("response", **sent)
            yield self._think()

    def _browse(self) -> Steps:
        aisle = self._choice.aisle()
        if self._chance(LOOKS * self.shopper.curiosity):
            yield from self._look_at_recommendations(None)
        if self._chance(SEARCHES):
            yield self.event("search", query=self._choice.query(aisle))
            yield self._think()
        while True:
            row = self._choice.item(aisle, self.now)
            yield from self._look(row)
            yield from self._decide(row)
            if self._chance(LOOKS * self.shopper.curiosity):
                yield from self._look_at_recommendations(row)
            if not self._chance(STAYS):
                return

    def _look(self, row: int, **source: Any) -> Steps:
        self._choice.seen.add(row)
        yield self.event("view", row, **self._price(row), **source)
        yield self._think()

    def _decide(self, row: int) -> Steps:
        """Put it into the cart, maybe; say that they like it, maybe; think again, maybe."""
        liking = float(self._likes[row])
        if row not in self.shopper.cart and self._chance(
            min(0.9, CARTS * (0.2 + 2.0 * liking) * self.shopper.zeal)
        ):
            pieces = float(self._rng.choice((1, 1, 1, 1, 2)))
            self.shopper.cart[row] = pieces
            yield self.event("add_to_cart", row, quantity=pieces, **self._price(row))
            yield self._think()
        if self._chance(0.04 * liking):
            yield self.event(self._rng.choice(PRAISE), row)
        elif self._chance(0.01 * (1 - liking)):
            yield self.event("dislike", row)
        if self.shopper.cart and self._chance(0.05):
            worst = min(self.shopper.cart, key=lambda held: float(self._likes[held]))
            del self.shopper.cart[worst]
            yield self.event("remove_from_cart", worst)
            yield self._think()

    def _look_at_recommendations(self, row: int | None) -> Steps:
        shown = yield Ask(row)
        if shown is None:
            return
        for position, item in enumerate(shown.items):
            yield self.event("impression", item=item, request=shown.request, position=position)
        yield self._think()
        for position, item in enumerate(shown.items):
            found = self._shop.row_of.get(item)
            if found is None or not self._chance(
                CLICKS * float(self._likes[found]) ** 0.5 * FADES**position
            ):
                continue
            source = {"request": shown.request, "position": position}
            yield self.event("click", found, **source)
            yield 0.2
            yield from self._look(found, **source)
            yield from self._decide(found)
            return

    def _check_out(self) -> Steps:
        shopper = self.shopper
        if not self.user:
            shopper.account = True
            yield from self._identify()
        order = f"order-{self.name}"
        for row, pieces in list(shopper.cart.items()):
            price = self._price(row)
            yield self.event("purchase", row, quantity=pieces, order=order, **price)
            shopper.owned.append(Owned(row, order, price["price"], pieces))
            del shopper.cart[row]
        del shopper.owned[:-10]
        if self._chance(0.15):
            yield self._think()
            yield self.event("csat", value=float(max(1, min(5, round(3.4 + 2 * shopper.mood)))))

    def _identify(self) -> Steps:
        shopper = self.shopper
        shopper.devices[self.device] = True
        name = shopper.user.partition("-")[0].capitalize()
        yield self.event("identify", props={"name": name, "visits": shopper.visits})
        yield self._think()

    def _price(self, row: int) -> dict[str, Any]:
        item = self._shop.items[row]
        return {"price": item.price, "currency": item.currency}

    def _think(self) -> float:
        return THINK_SECONDS * self._rng.lognormvariate(0.0, 0.6)

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability
