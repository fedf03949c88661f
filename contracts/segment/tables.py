"""Which Segment and GA4 names become which canonical events and fields.

Names are compared without regard to case, spaces and underscores. docs/events.md shows the same
tables to people.
"""

import re
from typing import Final, NamedTuple, get_args

from contracts.events import EventType, Purpose


class Rule(NamedTuple):
    """A canonical type, and whether each product of the message makes an event of its own."""

    type: EventType
    by_line: bool = False


NAMES: Final[dict[str, Rule]] = {
    # Segment e-commerce, version 2
    "Products Searched": Rule("search"),
    "Product List Viewed": Rule("impression", by_line=True),
    "Product List Filtered": Rule("impression", by_line=True),
    "Promotion Viewed": Rule("impression"),
    "Promotion Clicked": Rule("click"),
    "Product Clicked": Rule("click"),
    "Product Viewed": Rule("view"),
    "Product Added": Rule("add_to_cart"),
    "Product Removed": Rule("remove_from_cart"),
    "Cart Viewed": Rule("view"),
    "Order Completed": Rule("purchase", by_line=True),
    "Order Cancelled": Rule("cancel", by_line=True),
    "Order Refunded": Rule("return", by_line=True),
    "Product Added to Wishlist": Rule("like"),
    "Wishlist Product Added to Cart": Rule("add_to_cart"),
    "Product Shared": Rule("share"),
    "Cart Shared": Rule("share", by_line=True),
    "Product Reviewed": Rule("rating"),
    # Segment e-commerce, version 1
    "Viewed Product": Rule("view"),
    "Added Product": Rule("add_to_cart"),
    "Removed Product": Rule("remove_from_cart"),
    "Completed Order": Rule("purchase", by_line=True),
    # Segment email and push: the approach of a campaign, and the answer to it
    "Email Delivered": Rule("impression"),
    "Push Notification Received": Rule("impression"),
    "Email Opened": Rule("response"),
    "Email Link Clicked": Rule("response"),
    "Email Marked as Spam": Rule("response"),
    "Unsubscribed": Rule("response"),
    "Push Notification Tapped": Rule("response"),
    # Google Analytics 4
    "page_view": Rule("view"),
    "screen_view": Rule("view"),
    "view_search_results": Rule("search"),
    "view_item_list": Rule("impression", by_line=True),
    "view_promotion": Rule("impression", by_line=True),
    "select_promotion": Rule("click", by_line=True),
    "select_item": Rule("click", by_line=True),
    "view_item": Rule("view", by_line=True),
    "add_to_wishlist": Rule("like", by_line=True),
    "view_cart": Rule("view"),
    "refund": Rule("return", by_line=True),
    # Names that GA4 and Headrace share
    "add_to_cart": Rule("add_to_cart", by_line=True),
    "remove_from_cart": Rule("remove_from_cart", by_line=True),
    "purchase": Rule("purchase", by_line=True),
}

WITHOUT_ITEM: Final = frozenset(
    {
        "Promotion Viewed",
        "Promotion Clicked",
        "Email Delivered",
        "Push Notification Received",
    }
)
"""Their `id` or `product_id`, where there is one, is not what the visitor looked at."""

OTHER: Final = Rule("click")
"""Any other name: something happened. It counts as activity, and has no item."""


def _folded(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name).strip().casefold()


_TYPES: Final[tuple[EventType, ...]] = get_args(EventType)
_RULES: Final = {
    **{
        _folded(name): Rule(name)
        for name in _TYPES
        if name not in ("identify", "decision", "status")
    },
    **{_folded(name): rule for name, rule in NAMES.items()},
}
_WITHOUT_ITEM: Final = frozenset(map(_folded, WITHOUT_ITEM))


def rule_of(name: str) -> Rule | None:
    """Return what a track call of this name becomes; `None` where `OTHER` holds.

    >>> rule_of("Order Completed"), rule_of("select_item").type, rule_of("Song Played")
    (Rule(type='purchase', by_line=True), 'click', None)
    """
    return _RULES.get(_folded(name))


def names_an_item(name: str) -> bool:
    """Tell whether the product id of a track call of this name is the event's item."""
    folded = _folded(name)
    return folded in _RULES and folded not in _WITHOUT_ITEM


LISTS: Final = ("products", "items")
"""Properties that hold the products of a message."""

ITEM_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "item": ("product_id", "item_id", "sku", "id"),
    "price": ("price",),
    "quantity": ("quantity",),
}
"""Canonical field to the properties of a product that it is read from, the first one present."""

LINK_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "currency": ("currency",),
    "request": ("headrace_request", "request"),
    "position": ("headrace_position", "position", "index"),
}
"""Read from the product, else from the message."""

MESSAGE_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "order": ("order_id", "transaction_id"),
    "query": ("query", "search_term"),
    "session": ("session_id", "ga_session_id"),
}

OF_CAMPAIGN: Final[dict[str, tuple[str, ...]]] = {
    "campaign": ("campaign_id", "campaign"),
    "variant": ("variant", "variation_id"),
}

TYPE_FIELDS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "rating": {"value": ("rating", "value"), "text": ("review_body", "text")},
    "csat": {"value": ("score", "rating", "value"), "text": ("text", "comment")},
    "nps": {"value": ("score", "rating", "value"), "text": ("text", "comment")},
    "complaint": {"text": ("text", "comment", "message")},
    "suggestion": {"text": ("text", "comment", "message")},
    "return": {"text": ("reason", "text")},
    "impression": OF_CAMPAIGN,
    "response": OF_CAMPAIGN,
}
"""What only events of one type read; elsewhere `value` is an amount of money and stays in props."""

ORDER_AMOUNT: Final = ("total", "value", "revenue")
"""The price of an order whose products are not listed."""

RENAMED: Final = {
    "item_name": "name",
    "item_brand": "brand",
    "item_category": "category",
    "item_variant": "variant",
}
"""GA4's names of a product's attributes, to the names that the catalogue uses."""

PAGE_RENAMED: Final = {"name": "page", "category": "page_category"}
"""The name and category of a page are not those of an item."""

CONTEXT: Final[dict[str, tuple[str, ...]]] = {
    "url": ("page", "url"),
    "title": ("page", "title"),
    "referrer": ("page", "referrer"),
    "campaign": ("campaign",),
    "locale": ("locale",),
    "timezone": ("timezone",),
    "user_agent": ("userAgent",),
    "app": ("app", "name"),
    "platform": ("os", "name"),
    "group": ("groupId",),
}
"""What is kept of the context, and under which name in `props`. Not kept: the IP address,
advertising ids, the location, the library."""

WEB_LIBRARIES: Final = frozenset({"analytics.js", "analytics-next", "RudderLabs JavaScript SDK"})
"""SDKs whose events have the source `web`; those of others have the library's name."""

CONSENT: Final[dict[str, Purpose]] = {
    "personalization": "personalization",
    "personalisation": "personalization",
    "functional": "personalization",
    "functionality": "personalization",
    "preferences": "personalization",
    "c0003": "personalization",
    "marketing": "marketing",
    "advertising": "marketing",
    "targeting": "marketing",
    "c0004": "marketing",
}
"""Consent category, without regard to case, to the purpose that it grants. C0003 and C0004 are
OneTrust's ids of functional and targeting cookies. A category that is not listed grants nothing."""
