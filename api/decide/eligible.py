"""Who may be made which offer: rules in, and in words why not."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from api.decide.offers import Offer, millis
from api.serve.visitor import Visitor

MARKETING = "marketing"


class Standing(NamedTuple):
    """What the rules ask about a person; without consent to personalization all is unknown."""

    segment: str | None = None
    stage: str | None = None
    cart: float = 0.0
    orders: int = 0
    scores: Mapping[str, float] = MappingProxyType({})
    marketing: bool = False
    complaints: int = 0
    satisfaction: float | None = None


def standing_of(visitor: Visitor) -> Standing:
    """Return what the rules may know of a person."""
    profile = visitor.profile
    if profile is None or not visitor.personal:
        return Standing()
    scores = visitor.standing.scores if visitor.standing is not None else {}
    said = profile.satisfaction
    return Standing(
        visitor.segment,
        profile.stage,
        sum(line.quantity * (line.price or 0.0) for line in profile.cart.values()),
        profile.orders,
        {name: score.value for name, score in scores.items()},
        profile.consent is not None and MARKETING in profile.consent,
        said.complaints if said is not None else 0,
        said.score if said is not None else None,
    )


def refusal(offer: Offer, person: Standing, site: str, now: int) -> str | None:
    """Return why an offer may not be made; None if it may.

    >>> offer = Offer(id="a", kind="rebate", when={"min_cart": 20})
    >>> refusal(offer, Standing(cart=5.0), "shop", 0), refusal(offer, Standing(cart=30), "shop", 0)
    ('the cart is below 20', None)
    """
    when = offer.when
    checks = (
        (when.sites and site not in when.sites, "it is for other sites"),
        (when.start is not None and now < millis(when.start), "it has not begun"),
        (when.until is not None and now >= millis(when.until), "it is over"),
        (when.marketing and not person.marketing, "there is no consent to marketing"),
        (when.segments and person.segment not in when.segments, "it is for other segments"),
        (when.stages and person.stage not in when.stages, "it is for other stages"),
        (_below(person.cart, when.min_cart), f"the cart is below {_number(when.min_cart)}"),
        (_above(person.cart, when.max_cart), f"the cart is above {_number(when.max_cart)}"),
        (_below(person.orders, when.min_orders), f"fewer than {when.min_orders} orders"),
        (_above(person.orders, when.max_orders), f"more than {when.max_orders} orders"),
        (_below(person.complaints, when.min_complaints), "too few complaints"),
        (_content(person.satisfaction, when.max_satisfaction), "content enough, or not known"),
    )
    said = next((why for fails, why in checks if fails), None)
    return said if said is not None else _by_scores(offer, person)


def _by_scores(offer: Offer, person: Standing) -> str | None:
    for name, least in sorted(offer.when.min_scores.items()):
        if person.scores.get(name, float("-inf")) < least:
            return f"the score {name} is below {_number(least)}, or not known"
    for name, most in sorted(offer.when.max_scores.items()):
        if person.scores.get(name, float("inf")) > most:
            return f"the score {name} is above {_number(most)}, or not known"
    return None


def _below(value: float, least: float | None) -> bool:
    return least is not None and value < least


def _above(value: float, most: float | None) -> bool:
    return most is not None and value > most


def _content(value: float | None, most: float | None) -> bool:
    return most is not None and (value is None or value > most)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
