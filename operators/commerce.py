"""Cart, orders, and recency, frequency and monetary value of a person."""

from collections.abc import Callable
from typing import Final, TypeVar

from contracts.events import Event
from contracts.profile import CartLine, Profile, Stage
from operators.sessions import quantity

V = TypeVar("V")

CART_LIMIT: Final = 50
OWNED_LIMIT: Final = 100
LOYAL_ORDERS: Final = 3
DAY_MS: Final = 86_400_000
AT_RISK_DAYS: Final = 30
LAPSED_DAYS: Final = 90


def add_to_cart(profile: Profile, event: Event) -> None:
    """Put an item into the cart, or more of it."""
    if event.item is None:
        return
    line = profile.cart.get(event.item)
    if line is None:
        profile.cart[event.item] = CartLine(quantity(event), event.price or 0.0, event.time)
        _cut(profile.cart, CART_LIMIT, _line_time)
    else:
        line.quantity += quantity(event)
        line.time = max(line.time, event.time)
        line.price = line.price if event.price is None else event.price


def remove_from_cart(profile: Profile, event: Event) -> None:
    """Take an item out of the cart: so many pieces, or all if the event does not say."""
    line = profile.cart.get(event.item or "")
    if line is None or event.item is None:
        return
    if event.quantity is None or event.quantity >= line.quantity:
        del profile.cart[event.item]
    else:
        line.quantity -= event.quantity


def purchase(profile: Profile, event: Event) -> None:
    """Count one line of an order. Lines with the same `order` are one order."""
    # Without an order id, lines of the same moment are taken for one order.
    name = event.order or f"@{event.time}"
    if name != profile.last_order:
        profile.orders += 1
        profile.last_order = name
    if not profile.first_purchase or event.time < profile.first_purchase:
        profile.first_purchase = event.time
    profile.last_purchase = max(profile.last_purchase, event.time)
    profile.monetary += (event.price or 0.0) * quantity(event)
    profile.currency = event.currency or profile.currency
    if event.item is not None:
        profile.cart.pop(event.item, None)
        profile.owned[event.item] = max(profile.owned.get(event.item, 0), event.time)
        _cut(profile.owned, OWNED_LIMIT, int)


def take_back(profile: Profile, event: Event) -> None:
    """Undo one line of an order that was cancelled or returned."""
    profile.monetary = max(0.0, profile.monetary - (event.price or 0.0) * quantity(event))
    if event.item is not None:
        profile.owned.pop(event.item, None)


def lifecycle(profile: Profile, now: int) -> Stage:
    """Return the stage of the customer's life at `now` (ms).

    >>> lifecycle(Profile(1, "shop", "ada", last_seen=0, sessions=1), now=0)
    'new'
    """
    quiet_days = (now - profile.last_seen) / DAY_MS
    if quiet_days > LAPSED_DAYS:
        return "lapsed"
    if profile.orders and quiet_days > AT_RISK_DAYS:
        return "at_risk"
    if profile.orders:
        return "loyal" if profile.orders >= LOYAL_ORDERS else "customer"
    return "new" if profile.sessions <= 1 else "active"


def _line_time(line: CartLine) -> int:
    return line.time


def _cut(entries: dict[str, V], limit: int, time_of: Callable[[V], int]) -> None:
    if len(entries) > limit:
        del entries[min(entries, key=lambda name: (time_of(entries[name]), name))]
