from random import Random

import numpy as np
import pytest

from cli.demo.simulator.shop import HEAT_SECONDS, Shop, draw
from contracts.codec import decode_json, encode_json
from contracts.events import Item

START = 1_700_000_000_000


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop(7, START, "default")


def test_the_catalogue_is_valid_and_says_that_it_is_made_up(shop: Shop) -> None:
    assert 200 <= len(shop.items) <= 500
    assert len({item.id for item in shop.items}) == len(shop.items)
    for item in shop.items:
        assert decode_json(encode_json(item), Item) == item
        assert item.title
        assert item.category
        assert item.brand
        assert item.tags
        assert item.price is not None
        assert item.price > 0
        assert item.props["simulated"] is True


def test_a_seed_makes_a_catalogue(shop: Shop) -> None:
    assert Shop(7, START, "default").items == shop.items
    assert {i.id for i in Shop(8, START, "default").items} != {i.id for i in shop.items}


def test_few_items_draw_most_and_some_are_sold_out(shop: Shop) -> None:
    appeal = np.sort(shop.appeal)[::-1]
    assert appeal[: len(appeal) // 5].sum() > 0.4 * appeal.sum()
    sold_out = [not item.in_stock for item in shop.items]
    assert 0 < sum(sold_out) < len(sold_out) / 10
    assert ((shop.appeal == 0) == sold_out).all()


def test_a_trend_starts_with_a_quiet_item_and_two_are_enough() -> None:
    shop, rng = Shop(7, START, "default"), Random(1)
    first, second = shop.start_trend(rng, 0.0), shop.start_trend(rng, 1.0)
    assert first is not None
    assert second is not None
    assert shop.appeal[shop.row_of[first.id]] < np.median(shop.appeal)
    assert shop.start_trend(rng, 2.0) is None
    assert shop.start_trend(rng, 3 * HEAT_SECONDS) is not None


def test_draws_follow_the_weights() -> None:
    rng = Random(1)
    drawn = np.bincount([draw(np.array([1.0, 0.0, 3.0]), rng) for _ in range(4000)], minlength=3)
    assert drawn[1] == 0
    assert drawn[2] / drawn[0] == pytest.approx(3, rel=0.15)
