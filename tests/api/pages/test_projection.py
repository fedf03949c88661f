"""A map of segments on which near means alike."""

import math

import pytest

from api.pages.projection import projected
from contracts.decisions import Segment


def segment(id_, **lift):
    return Segment(id=id_, name=id_, size=1, share=0.2, lift=lift)


SEGMENTS = [
    segment("shoppers", carts=4.0, orders=4.0, searches=1.0),
    segment("buyers", carts=4.5, orders=3.5, searches=1.1),
    segment("lookers", carts=0.1, orders=0.0, searches=1.0),
    segment("searchers", carts=0.5, orders=0.2, searches=8.0),
]


def test_segments_alike_are_near():
    shoppers, buyers, lookers, searchers = projected(SEGMENTS)
    assert math.dist(shoppers, buyers) < 0.2
    assert math.dist(shoppers, lookers) > 1
    assert math.dist(lookers, searchers) > 0.4


def test_the_map_does_not_turn_over_when_segments_move_a_little():
    before = projected(SEGMENTS)
    moved = [segment(s.id, **{k: v * 1.03 for k, v in s.lift.items()}) for s in SEGMENTS]
    for old, new in zip(before, projected(moved), strict=True):
        assert math.dist(old, new) < 0.1


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_to_be_a_map_lie_in_the_middle(count):
    assert projected(SEGMENTS[:count]) == [(0.0, 0.0)] * count


def test_segments_without_any_difference_lie_in_one_place():
    assert set(projected([segment("a", carts=1.0), segment("b", carts=1.0)])) == {(0.0, 0.0)}
