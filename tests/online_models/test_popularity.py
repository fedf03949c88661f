import numpy as np
import pytest

from online_models.popularity import HORIZONS, HOUR_MS, Popularity, merge, trending
from online_models.rows import TopList, pack_top, unpack_top

DAY_MS = 24 * HOUR_MS


def learn(counts: Popularity, items: list[int], times: list[int]) -> None:
    counts.learn_many(np.array(items, np.uint64), np.ones(len(items)), np.array(times, np.int64))


def ranking(top: TopList) -> dict[int, float]:
    return dict(zip(top.keys.tolist(), top.weights.tolist(), strict=True))


def top_list(weights: dict[int, float], time: int = 0, total: float | None = None) -> TopList:
    keys = sorted(weights, key=lambda key: (-weights[key], key))
    values = np.array([weights[key] for key in keys], np.float32)
    return TopList(np.array(keys, np.uint64), values, time, total or float(values.sum()))


def test_each_horizon_forgets_at_its_own_pace() -> None:
    counts = Popularity()
    learn(counts, [1, 1, 1, 1, 2], [0, 0, 0, 0, DAY_MS])
    tops = counts.top(10, DAY_MS)
    assert list(tops) == list(HORIZONS)
    assert tops["short"].keys.tolist() == [2, 1]
    assert ranking(tops["medium"]) == pytest.approx({1: 2.0, 2: 1.0})
    assert ranking(tops["long"]) == pytest.approx({1: 4 * 0.5 ** (1 / 14), 2: 1.0})
    assert tops["medium"].total == pytest.approx(3.0)


def test_ties_go_to_the_smaller_number() -> None:
    counts = Popularity()
    learn(counts, [9, 5, 7, 3], [0, 0, 0, 0])
    assert counts.top(2, 0)["long"].keys.tolist() == [3, 5]


def test_how_input_is_cut_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    items = rng.integers(50, size=500).astype(np.uint64)
    weights, times = rng.random(500), np.sort(rng.integers(90 * DAY_MS, size=500))
    whole, pieces = Popularity(), Popularity()
    whole.learn_many(items, weights, times)
    for at in range(0, 500, 7):
        pieces.learn_many(items[at : at + 7], weights[at : at + 7], times[at : at + 7])
    assert pieces.dump() == whole.dump()


def test_items_are_capped_and_what_is_hot_or_steady_stays() -> None:
    counts = Popularity(max_items=32)
    learn(counts, [1] * 50, [0] * 50)
    learn(counts, [2] * 5, [30 * DAY_MS] * 5)
    learn(counts, list(range(100, 200)), [30 * DAY_MS] * 100)
    assert len(counts) <= 32
    tops = counts.top(200, 30 * DAY_MS)
    assert tops["long"].keys[0] == 1
    assert tops["short"].keys[0] == 2
    # What went counts in the total all the same.
    assert tops["short"].total == pytest.approx(105.0, rel=1e-6)


def test_base_and_changes_restore_the_counts_to_the_bit() -> None:
    counts = Popularity(max_items=40)
    rng = np.random.default_rng(5)
    parts = []
    for step in range(5):
        items = rng.integers(60, size=100).tolist()
        learn(counts, items, [step * 9 * DAY_MS] * 100)
        parts.append(counts.dump(full=step == 0))
    copy = Popularity(max_items=40)
    copy.load(parts)
    assert copy.dump() == counts.dump()


def test_saved_counts_of_other_half_lives_are_refused() -> None:
    raw = Popularity().dump()
    with pytest.raises(ValueError, match="half-lives"):
        Popularity((1, 2, 3)).load([raw])


def test_merged_shards_are_the_ranking_of_all() -> None:
    rng = np.random.default_rng(6)
    items = rng.integers(300, size=5_000)
    whole, shards = Popularity(), [Popularity() for _ in range(4)]
    learn(whole, items.tolist(), [0] * 5_000)
    for number, shard in enumerate(shards):
        mine = items[items % 4 == number].tolist()
        learn(shard, mine, [0] * len(mine))
    expected = whole.top(20, 0)["long"]
    merged = merge([shard.top(20, 0)["long"] for shard in shards], 20, 14 * DAY_MS)
    assert pack_top(merged) == pack_top(expected)


def test_merge_brings_shards_to_one_time() -> None:
    merged = merge([top_list({1: 4.0}), top_list({2: 3.0}, time=2000)], 5, half_life_ms=1000)
    assert ranking(merged) == {2: 3.0, 1: 1.0}
    assert (merged.time, merged.total) == (2000, 4.0)


def test_merge_of_nothing_is_empty() -> None:
    assert ranking(merge([], 5, 1000)) == {}


def test_trending_is_what_is_hotter_than_usual() -> None:
    long = top_list({1: 900.0, 2: 90.0, 3: 10.0})
    short = top_list({1: 45.0, 2: 45.0, 3: 1.0, 4: 9.0})
    trend = trending(short, long, 10)
    # Item 1 has half of what its share lets expect, 2 five times, 4 is new and rising.
    assert trend.keys.tolist()[:2] == [2, 4]
    assert 1 not in trend.keys


def test_one_visit_of_a_rare_item_is_hardly_a_trend() -> None:
    trend = trending(top_list({1: 1.0, 2: 30.0}), top_list({3: 1000.0, 2: 10.0, 1: 0.1}), 10)
    weights = ranking(trend)
    assert weights[1] < 1.3 < weights[2]


def test_trending_without_the_past_is_what_is_popular_now() -> None:
    nothing = top_list({}, total=0.0)
    assert trending(top_list({1: 3.0, 2: 9.0}), nothing, 10).keys.tolist() == [2, 1]
    assert ranking(trending(nothing, top_list({1: 1.0}), 10)) == {}


def test_shares_are_of_all_weight_and_survive_packing() -> None:
    top = unpack_top(pack_top(top_list({7: 3.0, 2: 1.0}, total=8.0)))
    assert top.shares_of(np.array([2, 5, 7], np.uint64)).tolist() == [0.125, 0.0, 0.375]
