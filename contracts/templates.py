"""Built-in templates of campaigns: a condition with some parameters, and what goes well with it.

>>> TEMPLATES["cart_abandoned"].fill({"after": "2h"})
["quiet('cart', '2h') && profile.cart_items > 0 && profile.cart_value >= 0.0"]
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from contracts.conditions.durations import parse_duration
from contracts.wording import closest_of, shown


class TemplateError(ValueError):
    """Parameters that a template does not take: `faults` has what is wrong with each."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {detail}" for name, detail in faults.items()))
        self.faults = faults


class Template(NamedTuple):
    """One template: `{name}` in a condition stands for a parameter; `given` has the defaults."""

    meaning: str
    conditions: tuple[str, ...]
    given: Mapping[str, Any]
    cooldown: str = "7d"
    service: bool = False
    """Whether it is about something that the person asked for, which needs no consent."""

    def fill(self, parameters: Mapping[str, Any]) -> list[str]:
        """Return the conditions; raise `TemplateError`."""
        faults = {
            name: f"the template has no such parameter{closest_of(name, list(self.given))}"
            for name in parameters
            if name not in self.given
        }
        values = {}
        for name, default in self.given.items():
            try:
                values[name] = _checked(parameters.get(name, default), default)
            except ValueError as error:
                faults[name] = str(error)
        if faults:
            raise TemplateError(faults)
        return [condition.format(**values) for condition in self.conditions]


def _checked(value: Any, default: Any) -> Any:
    """Return a parameter as it stands in a condition: no text may end the text it stands in."""
    if isinstance(default, str):
        parse_duration(value if isinstance(value, str) else repr(value))
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1e12:
        raise ValueError(f"expected a number, got {shown(value)}")
    return int(value) if isinstance(default, int) and value == int(value) else float(value)


TEMPLATES: Final[dict[str, Template]] = {
    "cart_abandoned": Template(
        "something lies in the cart, which was not touched for a while",
        ("quiet('cart', '{after}') && profile.cart_items > 0 && profile.cart_value >= {value}",),
        {"after": "1h", "value": 0.0},
        "3d",
    ),
    "browse_abandoned": Template(
        "several items looked at, then a while of quiet, and nothing bought or put into the cart",
        (
            "quiet('view', '{after}') && count('view', '{within}') >= {views}"
            " && !seen('purchase', '{within}') && !seen('add_to_cart', '{within}')",
        ),
        {"after": "30m", "views": 3, "within": "2h"},
        "3d",
    ),
    "back_in_stock": Template(
        "an item that the person looked at lately is there again",
        ("back_in_stock('{within}')",),
        {"within": "30d"},
        "1d",
    ),
    "price_drop": Template(
        "an item that the person looked at lately costs less by some share",
        ("price_drop({share}, '{within}')",),
        {"share": 0.1, "within": "30d"},
        "1d",
    ),
    "first_purchase": Template(
        "the first order was placed",
        ("profile.orders == 1",),
        {},
        "400d",
    ),
    "replenishment": Template(
        "so long ago an item was bought, and not again since",
        ("quiet_item('purchase', '{after}')",),
        {"after": "30d"},
        "7d",
    ),
    "churn_rising": Template(
        "the risk of losing the person rose by some amount, or over a level",
        (
            "rose('score.churn', {by}, '{within}') && score.churn >= {least}",
            "score.churn >= {level}",
        ),
        {"by": 0.2, "within": "30d", "least": 0.3, "level": 0.8},
        "30d",
    ),
    "high_intent": Template(
        "an order in this visit became likely",
        ("score.intent >= {level} && profile.cart_items >= {items}",),
        {"level": 0.6, "items": 0},
        "1d",
    ),
    "vip": Template(
        "all orders together came to an amount",
        ("profile.monetary >= {value}",),
        {"value": 1000.0},
        "400d",
    ),
    "detractor": Template(
        "an NPS answer, or a CSAT answer, was bad",
        (
            "event.type == 'nps' && event.value <= {nps}",
            "event.type == 'csat' && event.value <= {csat}",
        ),
        {"nps": 6, "csat": 2},
        "7d",
        service=True,
    ),
    "complaint": Template(
        "somebody complained", ("event.type == 'complaint'",), {}, "1h", service=True
    ),
    "answer_overdue": Template(
        "a complaint or suggestion of the person's has waited too long for an answer",
        ("score.overdue >= {cases}",),
        {"cases": 1},
        "1d",
        service=True,
    ),
    "topic_emerging": Template(
        "somebody complains, or suggests, what many suddenly do, some times as often as usual",
        ("score.emerging >= {times}",),
        {"times": 2.0},
        "7d",
        service=True,
    ),
    "win_back": Template(
        "a customer has not been here for some time",
        ("quiet('any', '{after}') && profile.orders >= {orders}",),
        {"after": "14d", "orders": 1},
        "30d",
    ),
    "segment_change": Template(
        "the person came from one segment into another", ("changed('segment')",), {}, "7d"
    ),
    "birthday": Template(
        "it is the person's birthday, from the trait `birthday` (YYYY-MM-DD or MM-DD)",
        ("anniversary('birthday')",),
        {},
        "300d",
    ),
    "anniversary": Template(
        "the first order was a year ago, or several", ("anniversary('first_order')",), {}, "300d"
    ),
}
"""All templates, by name."""
