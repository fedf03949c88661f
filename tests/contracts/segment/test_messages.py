"""Segment messages become canonical events by the tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import DecodeError, decode_event, encode_json
from contracts.events import Event
from contracts.segment import translate
from contracts.segment.lines import MAX_LINES
from contracts.validation import check

NOW = 1_714_816_800_000
KETTLE = {"product_id": "kettle", "price": 20, "quantity": 2, "category": "kitchen"}
CUP = {"sku": "cup", "price": "3.50", "name": "Cup"}


def events(message: dict[str, Any], **options: Any) -> list[Event]:
    message = {"messageId": "m1", "anonymousId": "d1", "type": "track", **message}
    return translate(message, site="shop", received=NOW, **options)


def track(name: str, **properties: Any) -> list[Event]:
    return events({"event": name, "properties": properties})


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("Product Viewed", KETTLE, ("view", "kettle", 20.0, 2.0)),
        ("viewed product", {"id": "k"}, ("view", "k", None, None)),
        ("Product Clicked", KETTLE, ("click", "kettle", 20.0, 2.0)),
        ("Product Added", {"sku": 17, "price": "5"}, ("add_to_cart", "17", 5.0, None)),
        ("Product Removed", KETTLE, ("remove_from_cart", "kettle", 20.0, 2.0)),
        ("Product Added to Wishlist", KETTLE, ("like", "kettle", 20.0, 2.0)),
        ("Product Shared", KETTLE, ("share", "kettle", 20.0, 2.0)),
        ("Cart Viewed", {"products": [KETTLE]}, ("view", None, None, None)),
        ("Order Completed", {"order_id": "o", "total": 9}, ("purchase", None, 9.0, None)),
        ("purchase", {"transaction_id": "o", "value": 9}, ("purchase", None, 9.0, None)),
        ("share", {"item_id": "k", "content_type": "x"}, ("share", "k", None, None)),
        ("view_item", {"items": [{"item_id": "k", "price": 1}]}, ("view", "k", 1.0, None)),
        ("begin_checkout", {"items": [KETTLE]}, ("click", None, None, None)),
        ("Checkout Started", {"order_id": "o"}, ("click", None, None, None)),
        ("Song Played", {"product_id": "s"}, ("click", None, None, None)),
        ("Promotion Clicked", {"promotion_id": "p", "id": "x"}, ("click", None, None, None)),
    ],
)
def test_one_event(name: str, properties: dict[str, Any], expected: tuple[Any, ...]) -> None:
    (event,) = track(name, **properties)
    assert (event.type, event.item, event.price, event.quantity) == expected
    assert event.props["event"] == name
    assert (event.site, event.device, event.time) == ("shop", "d1", NOW)


@pytest.mark.parametrize(
    ("name", "list_name", "type_"),
    [
        ("Order Completed", "products", "purchase"),
        ("Completed Order", "products", "purchase"),
        ("Order Refunded", "products", "return"),
        ("Order Cancelled", "products", "cancel"),
        ("Product List Viewed", "products", "impression"),
        ("purchase", "items", "purchase"),
        ("refund", "items", "return"),
        ("add_to_cart", "items", "add_to_cart"),
        ("remove_from_cart", "items", "remove_from_cart"),
        ("view_item_list", "items", "impression"),
        ("select_item", "items", "click"),
    ],
)
def test_an_event_for_each_product(name: str, list_name: str, type_: str) -> None:
    found = track(
        name, **{list_name: [KETTLE, CUP], "order_id": "o1", "currency": "eur", "total": 43.5}
    )
    assert [e.id for e in found] == ["m1:0", "m1:1"]
    assert {e.type for e in found} == {type_}
    assert [(e.item, e.price, e.quantity) for e in found] == [
        ("kettle", 20.0, 2.0),
        ("cup", 3.5, None),
    ]
    assert {(e.order, e.currency) for e in found} == {("o1", "EUR")}
    assert [e.props.get("total") for e in found] == [43.5, None]
    assert found[0].props["category"] == "kitchen"
    assert found[1].props["name"] == "Cup"


def test_ga4_attributes_get_the_names_of_the_catalogue() -> None:
    items = [{"item_id": "k", "item_name": "K", "item_brand": "B", "item_category": "C"}]
    (event,) = track("view_item", items=items)
    assert event.props == {"event": "view_item", "name": "K", "brand": "B", "category": "C"}


def test_links_to_an_answer() -> None:
    (clicked,) = track("Product Clicked", product_id="k", headrace_request="r1", position=3)
    assert (clicked.request, clicked.position) == ("r1", 3)
    seen = track("view_item_list", items=[{"item_id": "a", "index": 0}], request="r2")
    assert (seen[0].request, seen[0].position) == ("r2", 0)
    (promotion,) = track("Promotion Viewed", position="banner-top")
    assert (promotion.position, promotion.props["position"]) == (None, "banner-top")


def test_search_rating_and_answer_to_a_campaign() -> None:
    assert track("Products Searched", query="red shoes")[0].query == "red shoes"
    assert track("search", search_term="red shoes")[0].query == "red shoes"
    (rating,) = track("Product Reviewed", product_id="k", rating="4", review_body="Good.")
    assert (rating.type, rating.item, rating.value, rating.text) == ("rating", "k", 4.0, "Good.")
    (opened,) = track("Email Opened", campaign_id="spring", email_id="e")
    assert (opened.type, opened.campaign, opened.props["event"]) == (
        "response",
        "spring",
        "Email Opened",
    )
    (score,) = track("nps", score=9)
    assert (score.type, score.value) == ("nps", 9.0)


@pytest.mark.parametrize("call", ["page", "screen"])
def test_a_page_is_a_view_without_item(call: str) -> None:
    properties = {"url": "https://s/p", "title": "T", "category": "Docs"}
    (event,) = events({"type": call, "name": "Home", "properties": properties})
    assert (event.type, event.item) == ("view", None)
    assert event.props == {
        "url": "https://s/p",
        "title": "T",
        "page": "Home",
        "page_category": "Docs",
    }


def test_identify() -> None:
    (both,) = events({"type": "identify", "userId": "ada", "traits": {"plan": "gold"}})
    assert (both.type, both.user, both.device, both.props) == (
        "identify",
        "ada",
        "d1",
        {"plan": "gold"},
    )
    server = {"type": "identify", "userId": "ada", "anonymousId": None}
    (traits,) = events({**server, "traits": {"plan": "gold"}})
    assert (traits.type, traits.device, traits.props) == ("identify", None, {"plan": "gold"})
    (nothing,) = events(server)
    assert (nothing.type, nothing.props) == ("click", {"event": "identify"})


def test_alias_and_group() -> None:
    (alias,) = events({"type": "alias", "previousId": "d7", "userId": "ada", "anonymousId": None})
    assert (alias.type, alias.user, alias.device) == ("identify", "ada", "d7")
    (group,) = events({"type": "group", "groupId": 7, "traits": {"size": 3}})
    assert (group.type, group.props) == ("identify", {"group": "7", "group_size": 3})


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, NOW),
        ({"timestamp": "2024-05-04T12:00:00.5+02:00"}, NOW + 500),
        ({"timestamp": "2024-05-04T10:00:00Z"}, NOW),
        ({"timestamp": "2024-05-04T10:00:00"}, NOW),
        ({"timestamp": "2024-05-04T10:00:00.123456789Z"}, NOW + 123),
        ({"timestamp": NOW - 5}, NOW - 5),
        (
            {"originalTimestamp": "2031-01-01T00:00:00Z", "sentAt": "2031-01-01T00:00:09Z"},
            NOW - 9_000,
        ),
        ({"originalTimestamp": "2024-05-04T09:00:00Z"}, NOW - 3_600_000),
    ],
)
def test_event_time(times: dict[str, Any], expected: int) -> None:
    assert events({"type": "page", **times})[0].time == expected


def test_the_clock_of_a_batch_corrects_its_messages() -> None:
    message = {"type": "page", "originalTimestamp": "2024-05-04T09:00:00Z"}
    assert events(message, sent=NOW - 3_600_000 + 2_000)[0].time == NOW - 2_000


def test_context_is_kept_by_the_table() -> None:
    context = {
        "ip": "10.0.0.1",
        "page": {"url": "https://s/p", "title": "T"},
        "campaign": {"name": "spring"},
        "userAgent": "UA",
        "library": {"name": "analytics-python", "version": "1"},
    }
    (event,) = events({"event": "x", "context": context}, context={"locale": "de-DE"})
    assert event.source == "analytics-python"
    assert event.props == {
        "event": "x",
        "url": "https://s/p",
        "title": "T",
        "campaign": {"name": "spring"},
        "user_agent": "UA",
        "locale": "de-DE",
    }
    (web,) = events({"event": "x", "context": {"library": {"name": "analytics.js"}}})
    assert web.source == "web"


@pytest.mark.parametrize(
    ("preferences", "consent"),
    [
        (
            {"Advertising": True, "Functional": True, "Analytics": False},
            "marketing personalization",
        ),
        ({"C0004": True, "C0003": False}, "marketing"),
        ({"personalization": True}, "personalization"),
        ({"Advertising": False}, ""),
        ({"Functional": "yes"}, ""),
        ({}, ""),
    ],
)
def test_consent(preferences: dict[str, Any], consent: str) -> None:
    context = {"consent": {"categoryPreferences": preferences}}
    assert events({"event": "x", "context": context})[0].consent == consent.split()


def test_no_consent_given_is_no_consent_said() -> None:
    assert events({"event": "x", "context": {"consent": {}}})[0].consent is None


@pytest.mark.parametrize(
    ("message", "reason", "words"),
    [
        ({"type": "toString"}, "invalid", "`type`: expected one of track, page"),
        ({"type": None}, "invalid", "`type`: expected one of"),
        ({"type": ["track"]}, "invalid", "got a list"),
        ({}, "invalid", "`event`: expected the name"),
        ({"event": 3}, "invalid", "`event`"),
        ({"event": " "}, "invalid", "`event`"),
        ({"event": "x", "properties": []}, "invalid", "`properties`: expected an object"),
        ({"event": "x", "context": "c"}, "invalid", "`context`"),
        ({"event": "x", "anonymousId": None}, "no_subject", "`userId`, `anonymousId`"),
        ({"event": "x", "userId": {"a": 1}}, "invalid", "`userId`: expected"),
        ({"event": "x", "userId": True}, "invalid", "`userId`: expected"),
        ({"event": "x", "userId": "device:7"}, "reserved_id", "`userId`"),
        ({"event": "x", "userId": "a\x00"}, "invalid", "`userId`"),
        ({"event": "x", "messageId": "m" * 257}, "invalid", "`messageId`"),
        ({"event": "x", "timestamp": "yesterday"}, "invalid", "`timestamp`: 'yesterday' is not"),
        ({"event": "x", "timestamp": True}, "invalid", "`timestamp`"),
        ({"event": "x", "timestamp": "0001-01-01T00:00:00+14:00"}, "bad_time", "`timestamp`"),
        ({"event": "x", "timestamp": NOW // 1000}, "bad_time", "`timestamp`"),
        ({"event": "Product Added", "properties": {"price": -1}}, "invalid", "`properties.price`"),
        ({"event": "Product Added", "properties": {"price": "$3"}}, "invalid", "properties.price"),
        ({"event": "Product Added", "properties": {"price": "nan"}}, "invalid", "properties.price"),
        ({"event": "Product Added", "properties": {"currency": "euro"}}, "invalid", ".currency"),
        ({"event": "x", "properties": {"a": [1e400]}}, "invalid", "`properties.a[0]`: inf"),
        ({"event": "x", "properties": {"a": 2**64}}, "invalid", "`properties.a`"),
        (
            {"event": "Order Completed", "properties": {"products": [KETTLE, {"price": 1}]}},
            "invalid",
            "`properties.products[1]`: the product has no id",
        ),
        (
            {"event": "purchase", "properties": {"items": [{"item_id": "a", "price": -1}]}},
            "invalid",
            "`properties.items[0].price`",
        ),
        (
            {"event": "purchase", "properties": {"items": ["kettle"]}},
            "invalid",
            "`properties.items[0]`",
        ),
        ({"event": "purchase", "properties": {"items": "a"}}, "invalid", "`properties.items`"),
        (
            {"event": "purchase", "properties": {"items": [KETTLE] * (MAX_LINES + 1)}},
            "invalid",
            f"at most {MAX_LINES}",
        ),
        ({"type": "alias", "userId": "ada", "anonymousId": None}, "invalid", "`previousId`"),
        ({"type": "group"}, "invalid", "`groupId`"),
        ({"type": "identify", "traits": []}, "invalid", "`traits`"),
        (
            {"event": "x", "context": {"consent": {"categoryPreferences": [1]}}},
            "invalid",
            "categoryPreferences",
        ),
    ],
)
def test_bad_messages_name_their_own_field(
    message: dict[str, Any], reason: str, words: str
) -> None:
    with pytest.raises(DecodeError) as caught:
        events(message)
    assert caught.value.reason == reason
    assert words in caught.value.detail


def test_a_message_without_id_gets_the_same_one_again() -> None:
    message = {"messageId": None, "event": "x"}
    first = events(message, raw=b"{1}")[0].id
    assert events(message, raw=b"{1}")[0].id == first
    assert len({first, *(events(message, raw=b"{1}", index=1)[0].id, events(message)[0].id)}) == 3


words_of_the_spec = st.sampled_from(
    ["track", "identify", "Order Completed", "purchase", "Product Added", "a", "2024-05-04", ""]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words_of_the_spec | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["product_id", "price", "quantity", "page", "library", "consent", "name"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


NAMES = (
    *("type", "event", "userId", "anonymousId", "previousId", "groupId", "messageId"),
    *("timestamp", "originalTimestamp", "sentAt", "context", "traits", "name"),
)
PROPERTIES = ("products", "items", "price", "currency", "position", "order_id")


@given(
    st.dictionaries(st.sampled_from(NAMES), anything, max_size=6),
    st.dictionaries(st.sampled_from(PROPERTIES), anything, max_size=4),
)
def test_any_message_is_events_or_a_reason(
    message: dict[str, Any], properties: dict[str, Any]
) -> None:
    try:
        found = events({"event": "purchase", "properties": properties, **message})
    except DecodeError:
        return
    for event in found:
        assert check(event) is None
        assert decode_event(encode_json(event)) == event


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ([1], "`properties`: expected an object, got a list"),
        ("x", "`properties`: expected an object, got 'x'"),
        (True, "`properties`: expected an object, got true or false"),
    ],
)
def test_what_is_no_object_is_named_in_english(properties: object, words: str) -> None:
    message = {"type": "track", "event": "Product Viewed", "properties": properties}
    with pytest.raises(DecodeError) as error:
        events({"userId": "ada", "messageId": "1", **message})
    assert error.value.detail == words
