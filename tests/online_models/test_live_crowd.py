"""Counts that are exact after each touch say what rankings made anew say."""

import numpy as np
import pytest

from online_models.crowd import HEAD, LINKED, crowd_of
from online_models.live_crowd import LiveCrowd
from online_models.popularity import HOUR_MS, Popularity
from online_models.slot_table import DAY_MS, SlotTable
from online_models.touches import WEIGHTS, Touch

ITEMS = np.arange(90, dtype=np.uint64)


def stream(seed: int, count: int, step_ms: int) -> list[tuple[Touch, list[int]]]:
    rng = np.random.default_rng(seed)
    types = ["view", "view", "purchase", "dislike"]
    return [
        (
            Touch(int(rng.zipf(1.4)) % 90, str(rng.choice(types)), at * step_ms),
            (rng.permutation(90)[: rng.integers(0, 9)]).tolist(),
        )
        for at in range(count)
    ]


@pytest.mark.parametrize("step_ms", [1_000, HOUR_MS, 3 * DAY_MS])
def test_it_says_what_the_rankings_say(step_ms: int) -> None:
    """Also where decay moves its landmark, and where the table lets rows go."""
    table, counts = SlotTable(slots=8, max_rows=60), Popularity()
    live = LiveCrowd(table)
    for at, (touch, others) in enumerate(stream(1, 900, step_ms)):
        others = [item for item in others if item != touch.item]
        table.learn_touch(touch, others)
        live.paired([touch.item, *others])
        live.count(touch)
        weight = np.array([WEIGHTS[touch.type]])
        counts.learn_many(np.array([touch.item], np.uint64), weight, np.array([touch.time]))
        if at % 50 == 49:
            every = {**counts.top(90, touch.time), LINKED: table.heaviest(90, touch.time)}
            wanted, found = crowd_of(every), live.crowd(touch.time)
            positive = np.maximum(found.of(ITEMS), 0.0)  # rankings leave out what is below 0
            assert np.allclose(positive, wanted.of(ITEMS), rtol=1e-5, atol=1e-12)
            assert found.heads.tolist() == wanted.heads.tolist()


def test_it_is_bounded_and_the_least_go() -> None:
    live = LiveCrowd(SlotTable(), max_items=64)
    for at in range(1_000):
        live.count(Touch(at % 7 if at % 2 else 100 + at, "view", at * 60_000))
        assert len(live) <= 64
    known = set(live.crowd(0).keys.tolist())
    assert set(range(7)) <= known
    assert max(known) == 1_098
    assert set(live.crowd(0).heads[:7].tolist()) >= set(range(6))


def test_heads_are_at_most_so_many_of_each_horizon() -> None:
    live = LiveCrowd(SlotTable())
    for item in range(100):
        live.count(Touch(item, "view", 0))
    assert live.crowd(0).heads.tolist() == 3 * list(range(HEAD))


def test_no_room_is_refused() -> None:
    with pytest.raises(ValueError, match="max_items"):
        LiveCrowd(SlotTable(), max_items=0)
