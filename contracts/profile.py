"""What is known of one person: the profile, its open session, and the model's view of both.

`Profile` is packed as a MessagePack array, so a field is only ever appended, with a default, and
never renamed in place or removed: an older reader ignores what it does not know, and an older
record reads with the defaults. `PROFILE_VERSION` counts the changes of meaning.
"""

from typing import Final, Literal

from msgspec import Struct

PROFILE_VERSION: Final = 1

Stage = Literal["new", "active", "customer", "loyal", "at_risk", "lapsed"]
"""Lifecycle: no order yet (`new` on the first visit, then `active`), one order, several, quiet."""


class Decayed(Struct, array_like=True):
    """A sum that halves every half-life: `weight` is its value as of `time` (epoch ms)."""

    weight: float
    time: int


class Recent(Struct, array_like=True):
    """One of the last items that the person touched."""

    item: str
    type: str
    time: int


class CartLine(Struct, array_like=True):
    """One item in the cart."""

    quantity: float
    price: float
    time: int


class Session(Struct, array_like=True):
    """One visit: it ends when the person is quiet for longer than the gap (30 min by default)."""

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


class Satisfaction(Struct, array_like=True):
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
    categories: dict[str, Decayed] = {}
    brands: dict[str, Decayed] = {}
    tags: dict[str, Decayed] = {}
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
    traits: dict[str, str | float | bool] = {}
    devices: list[str] = []
    stage: Stage = "new"


class FeatureVector(Struct, array_like=True):
    """Named, finite numbers about one person at one moment, in the order of `names`."""

    site: str
    user: str
    time: int
    values: tuple[float, ...]
