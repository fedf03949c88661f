"""The words of conditions: which facts there are, and which functions, with what they mean.

A fact holds until it changes. What is told of an event or of an item of the catalogue is there in
the moment in which it happens, and empty otherwise.
"""

from typing import Final, NamedTuple

from contracts.events import CLICK_TYPES, FEEDBACK_TYPES, OWN_TYPES

NUMBER: Final = "number"
TEXT: Final = "text"
MAP: Final = "map"


class Word(NamedTuple):
    """A fact: its type, and what it says."""

    type: str
    meaning: str


PROFILE: Final[dict[str, Word]] = {
    "profile.orders": Word(NUMBER, "orders so far"),
    "profile.monetary": Word(NUMBER, "what all orders came to, less cancelled and returned lines"),
    "profile.sessions": Word(NUMBER, "visits so far"),
    "profile.events": Word(NUMBER, "events so far"),
    "profile.stage": Word(TEXT, "new, active, customer, loyal, at_risk or lapsed"),
    "profile.cart_items": Word(NUMBER, "different items in the cart"),
    "profile.cart_value": Word(NUMBER, "what the cart is worth, at the prices of adding"),
    "profile.days_since_order": Word(NUMBER, "days since the last order; -1 without one"),
    "profile.satisfaction": Word(NUMBER, "from -1 to 1; 0 is neutral or unknown"),
    "profile.nps": Word(NUMBER, "the last NPS answer, 0 to 10; -1 without one"),
    "profile.csat": Word(NUMBER, "the last CSAT answer; -1 without one"),
    "profile.complaints": Word(NUMBER, "complaints so far"),
    "profile.session_views": Word(NUMBER, "views and clicks of the visit that is open"),
}
SCORES: Final[dict[str, Word]] = {
    "score.intent": Word(NUMBER, "probability of an order in this visit"),
    "score.churn": Word(NUMBER, "probability that the person does not come back"),
    "score.spend": Word(NUMBER, "what the person is expected to spend"),
    "score.order_value": Word(NUMBER, "what the next order is expected to come to"),
    "score.sentiment": Word(NUMBER, "how the last feedback with a text sounded, -1 to 1"),
    "score.overdue": Word(NUMBER, "complaints and suggestions whose answer is overdue"),
    "score.emerging": Word(
        NUMBER, "how many times as often as usual others complain of the same; 0 unless it emerges"
    ),
    "score.anomaly": Word(NUMBER, "how unusual the last visit was, 0 to 1"),
}
OTHERS: Final[dict[str, Word]] = {
    "segment": Word(TEXT, "id of the person's segment; empty without one"),
    "traits": Word(MAP, "what `identify` told, by name: `traits.plan`"),
}
EVENT: Final[dict[str, Word]] = {
    "event.type": Word(TEXT, "`view`, `purchase`, `complaint`, ..."),
    "event.item": Word(TEXT, "id of its item"),
    "event.category": Word(TEXT, "category of its item"),
    "event.brand": Word(TEXT, "brand of its item"),
    "event.query": Word(TEXT, "what was searched for"),
    "event.text": Word(TEXT, "what was written"),
    "event.order": Word(TEXT, "id of the order"),
    "event.campaign": Word(TEXT, "of a response: to which campaign"),
    "event.variant": Word(TEXT, "of a response: to which variant"),
    "event.price": Word(NUMBER, "unit price of its item"),
    "event.quantity": Word(NUMBER, "pieces"),
    "event.value": Word(NUMBER, "rating or score given"),
}
ITEM: Final[dict[str, Word]] = {
    "item.id": Word(TEXT, "of a price drop, or of what is back in stock"),
    "item.category": Word(TEXT, "its category"),
    "item.brand": Word(TEXT, "its brand"),
    "item.price": Word(NUMBER, "its price now"),
    "item.was": Word(NUMBER, "its price when the person saw it"),
}
FACTS: Final[dict[str, Word]] = {**PROFILE, **SCORES, **OTHERS, **EVENT, **ITEM}
"""All facts, by name."""

LEVELS: Final = frozenset({*PROFILE, *SCORES, *OTHERS})
"""Facts that hold until they change."""

EMPTY: Final[dict[str, object]] = {
    name: {NUMBER: 0.0, TEXT: "", MAP: {}}[word.type] for name, word in FACTS.items()
} | {"profile.days_since_order": -1.0, "profile.nps": -1.0, "profile.csat": -1.0}
"""What facts are worth for somebody of whom nothing is known."""

CART: Final = frozenset({"add_to_cart", "remove_from_cart"})
GROUPS: Final[dict[str, frozenset[str]]] = {
    "any": (CLICK_TYPES | FEEDBACK_TYPES) - {"response", "impression", *OWN_TYPES},
    "cart": CART,
}
"""Names for several types of events: whatever a person does themselves, and what they do to the
cart."""
TYPES: Final = CLICK_TYPES | FEEDBACK_TYPES
NAMES: Final = TYPES | GROUPS.keys()


class Function(NamedTuple):
    """A function: what its arguments are, what it answers, and what it says.

    An argument is an `event` (a type, or a group of them), `events` (a list of types), a `duration`
    such as `30m`, a `fact`, an `amount`, an `occasion` or a `text`. A `pulse` is true in one moment
    only.
    """

    arguments: tuple[str, ...]
    answers: str
    pulse: bool
    meaning: str


FUNCTIONS: Final[dict[str, Function]] = {
    "count": Function(("event", "duration"), NUMBER, False, "how many such events lately"),
    "count_item": Function(
        ("event", "duration"), NUMBER, False, "how many such events with the same item lately"
    ),
    "seen": Function(("event", "duration"), "bool", False, "whether there was one lately"),
    "sequence": Function(
        ("events", "duration"), "bool", True, "now the last of these, the others before, in order"
    ),
    "quiet": Function(
        ("event", "duration"), "bool", True, "now it is so long since the last such event"
    ),
    "quiet_item": Function(
        ("event", "duration"), "bool", True, "now it is so long since the last one with its item"
    ),
    "entered": Function(("text",), "bool", True, "now the person came into this segment"),
    "left": Function(("text",), "bool", True, "now the person left this segment"),
    "changed": Function(("fact",), "bool", True, "now this fact became another than it was"),
    "rose": Function(
        ("fact", "amount", "duration"), "bool", True, "now so much above its lowest lately"
    ),
    "fell": Function(
        ("fact", "amount", "duration"), "bool", True, "now so much below its highest lately"
    ),
    "price_drop": Function(
        ("amount", "duration"), "bool", True, "now an item viewed lately costs that share less"
    ),
    "back_in_stock": Function(
        ("duration",), "bool", True, "now an item viewed lately is there again"
    ),
    "anniversary": Function(
        ("occasion",), "bool", True, "now, once a year: `first_order`, or a trait with a date"
    ),
}
"""All functions of our own, by name; CEL brings its own operators and functions beside them."""

CEL_FUNCTIONS: Final = frozenset(
    """_&&_ _||_ !_ _==_ _!=_ _<_ _<=_ _>_ _>=_ _+_ _-_ _*_ _/_ _%_ -_ @in _?_:_ _[_]
    startsWith endsWith contains matches size int double string""".split()  # noqa: SIM905  # prose
)
"""What of CEL's own may be used: all that costs about the same whatever it is given."""
