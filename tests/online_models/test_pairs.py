import pytest

from contracts.events import CLICK_TYPES, FEEDBACK_TYPES
from contracts.keys import item_key
from contracts.profile import Recent
from online_models.pairs import (
    LAG,
    NEXT,
    NEXT_WINDOW,
    TOGETHER,
    PairArrays,
    PairBuffer,
    last_liked,
    pairs_of,
)
from online_models.touches import WEIGHTS, Touch, touches_of

MINUTE = 60_000


def rows(pairs: PairArrays) -> list[tuple[int, int, int, float]]:
    columns = (pairs.items, pairs.neighbours, pairs.channels, pairs.weights)
    return [
        (item, neighbour, channel, round(weight, 5))
        for item, neighbour, channel, weight in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def views(*items: int) -> list[Touch]:
    return [Touch(item, "view", at * MINUTE) for at, item in enumerate(items)]


def test_an_item_meets_the_recents_in_both_directions_and_follows_the_last() -> None:
    pairs = pairs_of(views(1, 2), Touch(3, "view", 2 * MINUTE))
    assert rows(pairs) == [
        (3, 2, TOGETHER, 1.0),
        (3, 1, TOGETHER, LAG),
        (2, 3, TOGETHER, 1.0),
        (1, 3, TOGETHER, LAG),
        (2, 3, NEXT, 1.0),
        (1, 3, NEXT, 0.5),
    ]
    assert set(pairs.times.tolist()) == {2 * MINUTE}


def test_what_came_long_before_is_followed_by_nothing() -> None:
    pairs = rows(pairs_of(views(*range(NEXT_WINDOW + 3)), Touch(99, "view", 60 * MINUTE)))
    followed = [(item, weight) for item, _, channel, weight in pairs if channel == NEXT]
    newest = NEXT_WINDOW + 2
    assert followed == [(newest - lag, round(0.5**lag, 5)) for lag in range(NEXT_WINDOW)]


def test_the_same_item_again_is_no_pair_of_itself() -> None:
    assert rows(pairs_of(views(1), Touch(1, "view", MINUTE))) == []
    pairs = rows(pairs_of(views(1, 2), Touch(2, "purchase", 2 * MINUTE)))
    assert {pair[:2] for pair in pairs} == {(1, 2), (2, 1)}


def test_stronger_events_weigh_more() -> None:
    weights = {
        type_: rows(pairs_of(views(1), Touch(2, type_, MINUTE)))[0][3]
        for type_ in ("view", "like", "add_to_cart", "purchase")
    }
    assert weights["view"] < weights["like"] <= weights["add_to_cart"] < weights["purchase"]


@pytest.mark.parametrize("type_", ["dislike", "return", "cancel"])
def test_what_is_sent_back_loses_what_it_had(type_: str) -> None:
    pairs = rows(pairs_of(views(1), Touch(2, type_, MINUTE)))
    assert {(item, neighbour) for item, neighbour, _, _ in pairs} == {(1, 2), (2, 1)}
    assert all(weight < 0 for _, _, _, weight in pairs)


def test_what_was_disliked_before_says_nothing() -> None:
    recents = [Touch(1, "view", 0), Touch(2, "dislike", MINUTE)]
    assert rows(pairs_of(recents, Touch(3, "view", 2 * MINUTE))) == [
        (3, 1, TOGETHER, 1.0),
        (1, 3, TOGETHER, 1.0),
        (1, 3, NEXT, 1.0),
    ]


def test_a_disliked_item_stays_out_even_if_it_was_viewed_earlier() -> None:
    recents = [Touch(1, "view", 0), Touch(1, "dislike", MINUTE), Touch(2, "view", MINUTE)]
    assert last_liked(recents, 9, 20) == [2]


def test_the_window_counts_distinct_items() -> None:
    assert last_liked(views(1, 2, 1, 3, 3), 9, 2) == [3, 1]
    assert len(rows(pairs_of(views(*range(1, 40)), Touch(99, "view", 0), window=5))) == 15


@pytest.mark.parametrize("type_", ["search", "impression", "identify", "nps"])
def test_events_without_a_weight_teach_nothing(type_: str) -> None:
    assert rows(pairs_of(views(1), Touch(2, type_, MINUTE))) == []


def test_weights_are_of_types_that_exist() -> None:
    assert set(WEIGHTS) <= CLICK_TYPES | FEEDBACK_TYPES


def test_a_buffer_gives_what_single_events_give() -> None:
    buffer = PairBuffer()
    events = [(views(1, 2), Touch(3, "view", 0)), (views(4), Touch(5, "like", 9))]
    for recents, event in events:
        buffer.add(recents, event)
    together = buffer.take()
    assert rows(together) == [row for each in events for row in rows(pairs_of(*each))]
    assert len(buffer) == 0
    assert rows(buffer.take()) == []
    # What was taken does not change when the buffer is used again.
    buffer.add(*events[0])
    assert len(together.items) == 9


def test_shards_get_their_items_in_order_and_nothing_is_lost() -> None:
    pairs = pairs_of(views(*range(1, 15)), Touch(99, "view", 0))
    parts = pairs.by_shard(4)
    assert all((part.items % 4 == shard).all() for shard, part in parts.items())
    assert sorted(row for part in parts.values() for row in rows(part)) == sorted(rows(pairs))


def test_packed_pairs_come_back() -> None:
    pairs = pairs_of(views(1, 2), Touch(3, "view", 7))
    back = PairArrays.unpack(pairs.pack())
    assert rows(back) == rows(pairs)
    assert back.times.tolist() == pairs.times.tolist()
    with pytest.raises(ValueError, match="not a multiple"):
        PairArrays.unpack(pairs.pack()[:-1])


def test_recents_of_a_profile_become_numbers() -> None:
    assert touches_of([Recent.of("kettle", "view", 5)]) == [Touch(item_key("kettle"), "view", 5)]
