"""What is known of one person: the profile, its open session, and the model's view of both.

`Profile` is packed as a MessagePack array, so a field is only ever appended, with a default, and
never renamed in place or removed: an older reader ignores what it does not know, and an older
record reads with the defaults. `PROFILE_VERSION` counts the changes of meaning.
"""

from typing import Annotated, Final, Literal

from msgspec import Struct

from contracts.personal import PERSONAL

PROFILE_VERSION: Final = 1

Stage = Literal["new", "active", "customer", "loyal", "at_risk", "lapsed"]
"""Lifecycle: no order yet (`new` on the first visit, then `active`), one order, several, quiet."""


class Recent(Struct, array_like=True, gc=False):
    """One of the last items that the person touched: `code` is the event type's, see `of`.

    >>> touch = Recent.of("kettle", "view", 1511544070000)
    >>> touch.item, touch.type
    ('kettle', 'view')
    """

    item: str
    code: int
    time: int

    @classmethod
    def of(cls, item: str, type_: str, time: int) -> "Recent":
        """Return the touch of an item by an event of type `type_` at `time` (ms)."""
        return cls(item, _CODES[type_], time)

    @property
    def type(self) -> str:
        """The event type."""
        return _TYPES[self.code]


# A byte in place of a word, fifty times a profile. Appended to, never reordered.
_TYPES: Final = (
    "view",
    "click",
    "share",
    "add_to_cart",
    "purchase",
    "like",
    "rating",
    "dislike",
)
_CODES: Final = {name: code for code, name in enumerate(_TYPES)}

TOUCH_TYPES: Final = frozenset(_TYPES)
"""Types that put their item among the recents."""


class CartLine(Struct, array_like=True, gc=False):
    """One item in the cart."""

    quantity: float
    price: float
    time: int


class Session(Struct, array_like=True, gc=False):
    """One visit: it ends when the person is quiet for longer than the gap (30 min by default).

    `items` counts views and clicks that named an item, the same one again as well; `value` is the
    price times quantity of what was put into the cart, whatever became of it.
    """

    id: str
    start: int
    last: int
    events: int = 0
    views: int = 0
    searches: int = 0
    carts: int = 0
    purchases: int = 0
    items: int = 0
    value: float = 0.0


class BotMark(Struct, array_like=True, gc=False):
    """Why somebody is taken for a program: the rule, since when, and when it last said so."""

    reason: str
    since: int
    last: int


class Satisfaction(Struct, array_like=True, gc=False):
    """Decayed means of what the person said; `score` is in [-1, 1], 0 is neutral."""

    score: float = 0.0
    weight: float = 0.0
    time: int = 0
    nps: float | None = None
    csat: float | None = None
    complaints: int = 0


class Profile(Struct, array_like=True):
    """Everything that is known of one person on one site. Times are epoch milliseconds.

    Under 2 KB packed for a typical person: `recents` holds at most 50, each interest map 20.
    Interests are decayed sums as of `interests_since`: `interest_at` says what one is worth now.
    """

    v: int
    site: str
    id: str
    first_seen: int = 0
    last_seen: int = 0
    as_of: int = 0
    events: int = 0
    late: int = 0
    sessions: int = 0
    session: Session | None = None
    counts: dict[str, int] = {}
    recents: list[Recent] = []
    interests_since: int = 0
    categories: dict[str, float] = {}
    brands: dict[str, float] = {}
    tags: dict[str, float] = {}
    cart: dict[str, CartLine] = {}
    owned: dict[str, int] = {}
    orders: int = 0
    last_order: str | None = None
    first_purchase: int = 0
    last_purchase: int = 0
    monetary: float = 0.0
    currency: str | None = None
    satisfaction: Satisfaction | None = None
    disliked: dict[str, int] = {}
    impressions: dict[str, int] = {}
    consent: list[str] | None = None
    traits: Annotated[dict[str, str | int | float | bool], PERSONAL] = {}
    devices: Annotated[list[str], PERSONAL] = []
    stage: Stage = "new"
    bot: BotMark | None = None


class FeatureVector(Struct, array_like=True):
    """Named, finite numbers about one person at one moment, in the order of `names`."""

    site: str
    user: Annotated[str, PERSONAL]
    time: int
    values: tuple[float, ...]


def interest_at(weight: float, since: int, now: int, half_life_ms: float) -> float:
    """Return what an interest, a decayed sum as of `since`, weighs at `now` (ms).

    >>> interest_at(4.0, since=0, now=2000, half_life_ms=1000)
    1.0
    """
    decayed: float = weight * 2.0 ** ((since - now) / half_life_ms)
    return decayed
