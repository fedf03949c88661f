"""The canonical event, and the catalogue record beside it.

An event is one JSON object per Kafka message. `Event` is what every source, importer and
collector produces and every operator reads; `Item` is one record of the topic `catalog`.

>>> import msgspec
>>> raw = b'{"id": "1", "type": "view", "user": "ada", "time": 1511544070000, "item": "kettle"}'
>>> event = msgspec.json.decode(raw, type=Event)
>>> event.type, event.site, event.source
('view', 'default', 'web')
"""

from typing import Annotated, Any, Final, Literal, get_args

from msgspec import Meta, Struct

from contracts.personal import PERSONAL, TAG

EVENT_VERSION: Final = 1
ITEM_VERSION: Final = 1

Id = Annotated[str, Meta(min_length=1, max_length=256)]
Text = Annotated[str, Meta(max_length=16_384)]
PersonId = Annotated[str, Meta(min_length=1, max_length=256, extra=TAG)]
PersonText = Annotated[str, Meta(max_length=16_384, extra=TAG)]
NonNegative = Annotated[float, Meta(ge=0, le=1e12)]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Millis = Annotated[
    int, Meta(ge=-(1 << 53), le=1 << 53, description="milliseconds since 1970-01-01 UTC")
]

ClickType = Literal[
    "view",
    "click",
    "search",
    "add_to_cart",
    "remove_from_cart",
    "purchase",
    "cancel",
    "impression",
    "share",
    "identify",
    "decision",
]
FeedbackType = Literal[
    "rating",
    "like",
    "dislike",
    "csat",
    "nps",
    "complaint",
    "suggestion",
    "return",
    "response",
    "status",
]
EventType = Literal[ClickType, FeedbackType]

CLICK_TYPES: Final[frozenset[str]] = frozenset(get_args(ClickType))
TouchName = Literal[
    "view",
    "click",
    "rating",
    "share",
    "like",
    "add_to_cart",
    "purchase",
    "remove_from_cart",
    "dislike",
    "cancel",
    "return",
]
"""Types of events that say something of interest in an item: `online_models.touches`."""

FEEDBACK_TYPES: Final[frozenset[str]] = frozenset(get_args(FeedbackType))

DECISION: Final = "decision"
"""An offer that Headrace itself chose; no collector takes it from others."""

STATUS: Final = "status"
"""What became of a complaint or a suggestion; the API writes it, no collector takes it."""

OWN_TYPES: Final = frozenset({DECISION, STATUS})
"""What Headrace, or the shop, did; nothing of the person."""

Purpose = Literal["personalization", "marketing"]

PERSONALIZATION: Final = "personalization"
"""Without it, nothing is profiled and nothing learnt."""


class Event(Struct, kw_only=True, omit_defaults=True, gc=False):
    """One thing that a visitor did, or said, on one site.

    `id` is unique with `site` and `source`: a repeat within 24 hours takes no effect. At least
    one of `user` and `device` is set; `identify` carries both and joins them. `time` is event
    time. `request` and `position` name the recommendation answer that the event reacts to.
    """

    id: Id
    type: EventType
    time: Millis
    site: Id = "default"
    source: Id = "web"
    user: PersonId | None = None
    device: PersonId | None = None
    item: Id | None = None
    price: NonNegative | None = None
    currency: Currency | None = None
    quantity: NonNegative | None = None
    value: Number | None = None
    session: PersonId | None = None
    query: PersonText | None = None
    text: PersonText | None = None
    order: PersonId | None = None
    request: Id | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    campaign: Id | None = None
    variant: Id | None = None
    consent: list[Purpose] | None = None
    props: Annotated[dict[str, Any], PERSONAL] = {}
    v: Annotated[int, Meta(ge=1, description="schema version")] = EVENT_VERSION


class Item(Struct, kw_only=True):
    """One catalogue record: what an item is from `time` on, until the next record of it.

    Written whole. Defaults are not left out, since whether a string is one is asked by identity:
    the same record would have other bytes in another process.
    """

    id: Id
    time: Millis = 0
    site: Id = "default"
    title: Text = ""
    category: Text = ""
    brand: Text = ""
    tags: list[Text] = []
    price: NonNegative | None = None
    currency: Currency | None = None
    in_stock: bool = True
    url: Text = ""
    image: Text = ""
    props: dict[str, Any] = {}
    v: Annotated[int, Meta(ge=1, description="schema version")] = ITEM_VERSION


DEVICE_PREFIX: Final = "device:"


def refuses(event: Event) -> bool | None:
    """Return whether the event forbids to profile and learn; None if it says nothing of it.

    >>> said = (None, [], ["personalization"])
    >>> [refuses(Event(id="1", type="view", time=1, consent=consent)) for consent in said]
    [None, True, False]
    """
    return None if event.consent is None else PERSONALIZATION not in event.consent


def subject_of(user: str | None, device: str | None) -> str:
    """Return the id that a profile is kept under: the user's, or `device:ID` without one.

    >>> subject_of("ada", "d1"), subject_of(None, "d1")
    ('ada', 'device:d1')
    """
    return user if user is not None else f"{DEVICE_PREFIX}{device}"
