"""Variety: at most m of a category, difference against relevance, and the rules beside them."""

from collections import Counter
from collections.abc import Iterator

import pytest

from api.serve.rules import Rule
from api.serve.shape import Pick, Policy
from api.serve.varied import Variety, varied
from contracts.events import Item
from tests.api.serve.shop import Shop, fill, now_ms, open_shop, shop
from tests.storage.servers import StoreServer

ADA = "/v1/users/ada/recommendations"


def pick(id_: str, score: float = 1.0) -> Pick:
    """Return an item whose category is the first letter of its id."""
    return Pick(Item(id=id_, category=id_[0]), score, "together")


def order(
    picks: list[Pick],
    variety: Variety,
    n: int = 4,
    more: tuple[str, ...] = (),
    pinned: tuple[str, ...] = (),
    policy: Policy | None = None,
) -> list[str]:
    items = [pick(id_).item for id_ in pinned]
    others = (pick(id_, 0.0) for id_ in more)
    shown = varied(picks, others, items, policy or Policy(), variety, n)
    return [one.item.id for one in shown][:n]


RANKED = [pick(id_, 1.0 / 2**at) for at, id_ in enumerate(["a1", "a2", "a3", "b1", "b2", "c1"])]


def test_the_cap_lets_the_best_of_each_category_through_in_their_order() -> None:
    assert order(RANKED, Variety(cap=1), 3) == ["a1", "b1", "c1"]
    assert order(RANKED, Variety(cap=2), 5) == ["a1", "a2", "b1", "b2", "c1"]


def test_what_is_over_the_cap_comes_before_nothing_at_all() -> None:
    assert order(RANKED, Variety(cap=1), 5) == ["a1", "b1", "c1", "a2", "a3"]
    assert order(RANKED, Variety(cap=1), 5, ("d1", "a9", "e1")) == ["a1", "b1", "c1", "d1", "e1"]


def test_items_without_a_category_are_never_too_many() -> None:
    nameless = [Pick(Item(id=str(n)), 1.0, "together") for n in range(4)]
    assert order(nameless, Variety(cap=1)) == ["0", "1", "2", "3"]


def test_what_will_be_pinned_counts_and_stays() -> None:
    assert order(RANKED, Variety(cap=1), 3, pinned=("a3",)) == ["a3", "b1", "c1"]


def test_what_is_buried_stays_behind() -> None:
    bury = Rule.model_validate({"name": "b", "action": "bury", "match": {"items": ["a1", "b1"]}})
    policy = Policy(rules=[bury])
    ranked = sorted(RANKED, key=lambda one: policy.behind(one.item))
    assert order(ranked, Variety(cap=1), 6, policy=policy) == ["a2", "b2", "c1", "a3", "a1", "b1"]


def test_difference_weighs_against_relevance() -> None:
    assert order(RANKED, Variety(strength=0.0)) == ["a1", "a2", "a3", "b1"]
    assert order(RANKED, Variety(strength=0.1))[:2] == ["a1", "a2"]
    assert order(RANKED, Variety(strength=0.6), 3) == ["a1", "b1", "c1"]


@pytest.fixture(scope="module")
def opened(store_server: StoreServer) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    with open_shop(store_server, **{"api.max_per_category": 1}) as opened:
        yield opened


def categories(shop: Shop, path: str, **params: object) -> Counter[str]:
    shown = [shop.serving.site("default").catalogue.get(i) for i in shop.items(path, **params)]
    return Counter(item.category for item in shown if item is not None)


def test_the_setting_caps_recommendations_and_a_request_may_ask_otherwise(opened: Shop) -> None:
    assert categories(opened, ADA, n=3) == {"kitchen": 1, "garden": 1, "odd": 1}
    assert categories(opened, ADA, n=3, max_per_category=2)["garden"] == 2
    assert max(categories(opened, ADA, n=3, max_per_category=0).values()) == 2
    many = {"users": ["ada"], "n": 3}
    (told,) = opened.post("/v1/recommendations", many)["answers"]
    assert [one["item"] for one in told["items"]] == opened.items(ADA, n=3)
    (told,) = opened.post("/v1/recommendations", {**many, "max_per_category": 2})["answers"]
    assert [one["item"] for one in told["items"]] == opened.items(ADA, n=3, max_per_category=2)


def test_a_category_page_is_not_capped(opened: Shop) -> None:
    assert categories(opened, ADA, n=2, category="garden") == {"garden": 2}


def test_similar_and_trending_are_varied_where_it_is_asked_for(opened: Shop) -> None:
    similar = "/v1/items/kettle/similar"
    assert categories(opened, similar, n=3)["kitchen"] == 3
    assert categories(opened, similar, n=3, max_per_category=1)["kitchen"] == 1
    assert categories(opened, "/v1/trending", n=2, max_per_category=1)["garden"] == 1


def test_difference_changes_the_order_and_nothing_else(opened: Shop) -> None:
    asked = {"n": 9, "item": "kettle", "max_per_category": 0}
    plain = opened.items("/v1/users/zoe/recommendations", **asked)
    other = opened.items("/v1/users/zoe/recommendations", **asked, diversity=0.9)
    assert plain[0] == other[0]
    assert plain != other
    assert sorted(plain) == sorted(other)
