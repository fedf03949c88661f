"""Contracts made at random, every field of them, for tests."""

from typing import Any

from hypothesis import strategies as st

from contracts.decisions import Answer, Fact, Offer, Segment, ServedItem, Trigger
from contracts.events import CLICK_TYPES, FEEDBACK_TYPES, Event, Item
from contracts.profile import (
    PROFILE_VERSION,
    TOUCH_TYPES,
    CartLine,
    Profile,
    Recent,
    Satisfaction,
    Session,
)

characters = st.characters(exclude_categories=["Cs"])
texts = st.text(characters, max_size=12)
ids = st.text(characters, min_size=1, max_size=12)
millis = st.integers(-(1 << 53), 1 << 53)
amounts = st.floats(0, 1e12)
numbers = st.floats(-1e12, 1e12)
maybe = st.none()

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
props = st.dictionaries(texts, trees, max_size=4)
currencies = st.from_regex("[A-Z]{3}", fullmatch=True)

events = st.builds(
    Event,
    id=ids,
    type=st.sampled_from(sorted(CLICK_TYPES | FEEDBACK_TYPES)),
    time=millis,
    site=ids,
    source=ids,
    user=maybe | ids,
    device=maybe | ids,
    item=maybe | ids,
    price=maybe | amounts,
    currency=maybe | currencies,
    quantity=maybe | amounts,
    value=maybe | numbers,
    session=maybe | ids,
    query=maybe | texts,
    text=maybe | texts,
    order=maybe | ids,
    request=maybe | ids,
    position=maybe | st.integers(0, 1_000_000),
    campaign=maybe | ids,
    variant=maybe | ids,
    consent=maybe | st.lists(st.sampled_from(["personalization", "marketing"]), max_size=2),
    props=props,
)
items = st.builds(
    Item,
    id=ids,
    time=millis,
    site=ids,
    title=texts,
    category=texts,
    brand=texts,
    tags=st.lists(texts, max_size=3),
    price=maybe | amounts,
    currency=maybe | currencies,
    in_stock=st.booleans(),
    url=texts,
    image=texts,
    props=props,
)
weights = st.dictionaries(ids, numbers, max_size=3)
profiles = st.builds(
    Profile,
    v=st.just(PROFILE_VERSION),
    site=ids,
    id=ids,
    first_seen=millis,
    last_seen=millis,
    session=maybe | st.builds(Session, id=ids, start=millis, last=millis, value=amounts),
    counts=st.dictionaries(ids, st.integers(0, 1 << 40), max_size=3),
    recents=st.lists(st.builds(Recent.of, ids, st.sampled_from(sorted(TOUCH_TYPES)), millis)),
    categories=weights,
    cart=st.dictionaries(ids, st.builds(CartLine, amounts, amounts, millis), max_size=3),
    owned=st.dictionaries(ids, millis, max_size=3),
    satisfaction=maybe | st.builds(Satisfaction, score=st.floats(-1, 1), nps=maybe | amounts),
    traits=st.dictionaries(ids, texts | numbers | st.booleans(), max_size=3),
    stage=st.sampled_from(["new", "active", "customer", "loyal", "at_risk", "lapsed"]),
)
segments = st.builds(
    Segment, id=ids, name=texts, size=st.integers(0), share=st.floats(0, 1), centre=weights
)
facts = st.builds(
    Fact, id=ids, site=ids, user=ids, name=ids, time=millis, value=trees, previous=trees
)
answers = st.builds(
    Answer,
    request=ids,
    site=ids,
    user=ids,
    kind=ids,
    time=millis,
    items=st.lists(st.builds(ServedItem, ids, st.integers(0), numbers, ids), max_size=3),
    as_of=maybe | millis,
)
triggers = st.builds(
    Trigger,
    id=ids,
    site=ids,
    campaign=ids,
    version=st.integers(1),
    user=ids,
    time=millis,
    event=ids,
    segment=maybe | ids,
    holdout=st.booleans(),
    send=props,
    recommendations=st.lists(ids, max_size=3),
    evidence=props,
)
offers = st.builds(Offer, id=ids, kind=ids, value=numbers, text=texts)

JSON_RECORDS: dict[type[Any], st.SearchStrategy[Any]] = {
    Event: events,
    Item: items,
    Segment: segments,
    Fact: facts,
    Answer: answers,
    Trigger: triggers,
    Offer: offers,
}
"""Each contract that travels as JSON, and how to make one; `Rejected` has tests of its own."""
