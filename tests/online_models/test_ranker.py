"""The ranker: what it learns, that it saw nothing of the future, and its bounds."""

import random

import numpy as np
import pytest

from contracts.profile import Recent
from online_models.offers import FEATURES, RAW, Traits, features, personal
from online_models.rank_weights import RankWeights
from online_models.ranker import LASTS_MS, Ranker
from online_models.shown import MAX_LIST
from online_models.tracks import CLICKS, EXPECTED, ROW_BYTES, SHOWN, Tracks, unpack_row

NOBODY = (0.0, 0.0, 0.0, 0.0)
MINUTE = 60_000


def shown(ranker: Ranker, request: str, items: list[int], time: int) -> None:
    ranker.show(request, items, list(range(len(items))), [NOBODY] * len(items), 0, time)


def feed(ranker: Ranker, lists: int, seed: int = 1, attract: float = 0.6) -> None:
    """Show lists of 10 in random order; people look on with chance .7 a place, item 0 is best."""
    rng = random.Random(seed)
    for n in range(lists):
        items = rng.sample(range(30), 10)
        shown(ranker, f"r{n}", items, n * MINUTE)
        for place, item in enumerate(items):
            if rng.random() < 0.7**place and rng.random() < attract * 0.9**item:
                ranker.click(f"r{n}", item, n * MINUTE + 1_000)
                break


def test_finds_the_attractive_items() -> None:
    ranker = Ranker()
    feed(ranker, 1_500)
    scores = ranker.score(list(range(30)), [NOBODY] * 30, 0, 1_500 * MINUTE)
    assert np.corrcoef(scores, -np.arange(30))[0, 1] > 0.8


def test_finds_how_far_people_look() -> None:
    ranker = Ranker()
    feed(ranker, 4_000)
    bias = ranker.weights.bias(np.arange(6))
    assert (np.diff(bias[:5]) < 0.0).all()
    assert bias[0] - bias[4] == pytest.approx(-4 * np.log(0.7), rel=0.5)


def test_an_item_shown_low_is_not_blamed_for_it() -> None:
    """Two equal items, one always first, one always last: ranking leaves out what place did."""
    rng = random.Random(3)
    ranker = Ranker()
    feed(ranker, 1_500, seed=4)
    naive = {101: 0, 102: 0}
    for n in range(1_000):
        time = (2_000 + n) * MINUTE
        items = [101, *rng.sample(range(10, 30), 3), 102]
        shown(ranker, f"s{n}", items, time)
        for place, item in enumerate(items):
            if rng.random() < 0.7**place and rng.random() < (0.3 if item > 100 else 0.1):
                ranker.click(f"s{n}", item, time + 1_000)
                if item > 100:
                    naive[item] += 1
                break
    one, other = ranker.tracks.rows([101, 102], 3_000 * MINUTE)[:, [5, 8]]
    assert naive[101] > 3 * naive[102]
    rates = one[0] / one[1], other[0] / other[1]
    assert rates[0] / rates[1] < 0.6 * naive[101] / naive[102]


def test_facts_are_those_of_when_it_was_shown() -> None:
    ranker = Ranker()
    shown(ranker, "a", [1, 2], 0)
    before = ranker.lists.get("a")
    assert before is not None
    kept = before.facts().copy()
    for n in range(20):
        shown(ranker, f"b{n}", [1, 2], n + 1)
        ranker.click(f"b{n}", 2, n + 1)
    after = ranker.lists.get("a")
    assert after is not None
    np.testing.assert_array_equal(after.facts(), kept)
    assert (kept[:, SHOWN] == 0.0).all()


def test_a_click_after_the_list_is_over_teaches_nothing() -> None:
    ranker = Ranker()
    shown(ranker, "a", [1, 2], 0)
    assert ranker.click("a", 1, LASTS_MS - 1)
    assert not ranker.click("a", 2, LASTS_MS)
    assert ranker.counts()["unmatched"] == 1
    assert ranker.counts()["lists"] == 1


def test_clicks_that_do_not_belong_are_counted_apart() -> None:
    ranker = Ranker()
    shown(ranker, "a", [1, 2], 0)
    assert not ranker.click("b", 1, 1)
    assert not ranker.click("a", 3, 1)
    assert ranker.click("a", 1, 1)
    assert not ranker.click("a", 1, 2)  # the same again
    assert ranker.counts() | {"unmatched": 3, "clicks": 1} == ranker.counts()


def test_a_list_without_a_click_still_counts_against_its_items() -> None:
    ranker = Ranker()
    shown(ranker, "a", [1, 2], 0)
    shown(ranker, "b", [3], LASTS_MS)
    rows = ranker.tracks.rows([1, 2, 3], LASTS_MS)
    assert (rows[:2, EXPECTED] > 0.0).all()
    assert (rows[2, EXPECTED] == 0.0).all()
    assert (rows[:, CLICKS] == 0.0).all()


def test_shown_one_by_one_or_at_once_is_the_same() -> None:
    once, singly = Ranker(), Ranker()
    for n in range(30):
        shown(once, str(n), [n, n + 1, n + 2], n)
        for place in range(3):
            singly.show(str(n), [n + place], [place], [NOBODY], 0, n)
        for ranker in (once, singly):
            ranker.click(str(n), n + 1, n)
    assert once.dump() == singly.dump()


def test_bounds_of_items_and_of_open_lists() -> None:
    ranker = Ranker(max_items=100, max_shown=200)
    for n in range(300):
        shown(ranker, str(n), list(range(n * 7, n * 7 + 10)), n)
        assert len(ranker.tracks) <= 100
    counts = ranker.counts()
    assert counts["open"] <= 21
    assert counts["lists"] == 300 - counts["open"]
    shown(ranker, "long", list(range(10_000, 11_000)), 400)
    kept = ranker.lists.get("long")
    assert kept is not None
    assert len(kept) == MAX_LIST


def test_an_evicted_item_leaves_with_its_row() -> None:
    tracks = Tracks(max_items=16)
    for item in range(40):
        tracks.show([item], item)
    assert len(tracks) <= 16
    assert 39 in tracks
    assert 0 not in tracks
    assert tracks.packed(0) is None
    assert (tracks.rows([0], 40)[0, SHOWN] == 0.0).all()


def test_changes_add_up_to_the_whole() -> None:
    ranker, copy = Ranker(max_items=50, max_shown=80), Ranker(max_items=50, max_shown=80)
    rng = random.Random(5)
    parts = [ranker.dump()]
    for n in range(200):
        items = rng.sample(range(90), 6)
        shown(ranker, str(n), items, n * MINUTE)
        if n % 3:
            ranker.click(str(n), items[n % 6], n * MINUTE + 5)
        if n % 20 == 19:
            parts.append(ranker.dump(full=False))
    copy.load(parts)
    assert copy.dump() == ranker.dump()
    for each in (ranker, copy):
        shown(each, "x", [1, 2, 3], 300 * MINUTE)
        each.click("x", 2, 300 * MINUTE)
    assert copy.dump() == ranker.dump()


def test_a_packed_row_comes_back() -> None:
    tracks = Tracks()
    tracks.show([7], 5)
    raw = tracks.packed(7)
    assert raw is not None
    row = unpack_row(raw)
    assert row is not None
    np.testing.assert_array_equal(row, tracks.rows([7], 5)[0])
    assert unpack_row(raw[:-1]) is None
    assert unpack_row(None) is None
    assert unpack_row(np.full(ROW_BYTES // 8, np.nan).tobytes()) is None


def test_weights_of_other_features_are_refused() -> None:
    raw = RankWeights().pack()
    with pytest.raises(ValueError, match="other features"):
        RankWeights.unpack(raw.replace(b"dearest", b"cheapes"))


def test_personal_facts() -> None:
    recents = [Recent.of("cup", "view", 1), Recent.of("pot", "click", 2)]
    traits = Traits(recents, {"lid": 3}, {"kitchen": 3.0, "garden": 1.0})
    assert traits.history == 2
    assert personal(traits, "pot", "kitchen", 4.0) == (1.0, 0.0, 0.75, 4.0)
    assert personal(traits, "lid", "toys", float("nan")) == (0.0, 3.0, 0.0, 0.0)


@pytest.mark.parametrize("absurd", [np.nan, np.inf, -np.inf, 1e300, -5.0])
def test_features_are_finite(absurd: float) -> None:
    raw = np.full((3, RAW), absurd)
    raw[0] = 1.0
    found = features(raw, np.array([0.0, 1e12, 5.0]))
    assert found.shape == (3, len(FEATURES))
    assert np.isfinite(found).all()


def test_price_is_seen_against_the_list() -> None:
    raw = np.zeros((4, RAW))
    raw[:, -1] = [10.0, 20.0, 40.0, 0.0]
    found = features(raw, np.zeros(4))
    dearer, dearest = found[:, FEATURES.index("dearer")], found[:, FEATURES.index("dearest")]
    np.testing.assert_allclose(dearer, [-np.log(2), 0.0, np.log(2), 0.0])
    np.testing.assert_allclose(dearest, [-0.5, 0.0, 0.5, 0.0])
