"""Rules: bounds that hold, exact counts where nothing was cut, and what they say."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_models.frequent import FrequentCounts
from online_models.rules import RuleMiner, lower_bound

DAY_MS = 86_400_000
DATA = Path(__file__).resolve().parents[3] / "shared/data/online-retail"
RETAIL = DATA / "online_retail_2010-2011.parquet"

letters = st.sampled_from("abcdefghijklmnop")
streams = st.lists(st.tuples(letters, st.integers(1, 9)), max_size=300)
baskets = st.lists(st.sets(letters, min_size=1, max_size=6), max_size=120)


@given(streams, st.integers(1, 12))
def test_counts_are_off_by_no_more_than_they_say(stream, capacity):
    counts, true, seen = FrequentCounts(capacity), Counter(), Counter()
    for key, weight in stream:
        counts.add([key], float(weight))
        true[key] += weight
        seen[key] += 1
    total = sum(true.values())
    assert counts.total == total
    assert counts.missed <= total / (capacity + 1)
    assert len(counts) <= 2 * capacity
    for key in "abcdefghijklmnop":
        known = counts.get(key)
        assert known.missed <= counts.missed
        assert known.weight <= true[key] <= known.weight + known.missed
        assert known.seen <= seen[key] <= known.seen + known.seen_missed
        if true[key] > total / (capacity + 1):
            assert key in counts


@given(streams, st.integers(1, 12), st.lists(st.integers(0, 299), max_size=4))
def test_dumps_of_changes_make_the_same_counts(stream, capacity, at):
    counts, parts = FrequentCounts(capacity), []
    for number, (key, weight) in enumerate(stream):
        counts.add([key], float(weight))
        if number in at:
            parts.append(counts.dump(full=not parts))
    parts.append(counts.dump(full=not parts))
    copy = FrequentCounts(capacity)
    copy.load(parts)
    copy.sort()
    counts.sort()
    assert copy.dump(full=True) == counts.dump(full=True)
    assert {key: copy.get(key) for key in copy} == {key: counts.get(key) for key in counts}


def exact(baskets, size):
    return Counter(key for one in baskets for key in combinations(sorted(one), size))


@given(baskets, st.integers(3, 40))
def test_pairs_and_triples_lie_within_the_bound(baskets, rows):
    miner = RuleMiner(None, items=rows, pairs=rows, triples=rows, min_weight=2.0)
    for number, basket in enumerate(baskets):
        miner.learn_one(basket, number)
    pairs, triples = exact(baskets, 2), exact(baskets, 3)
    assert miner.pairs.missed <= sum(pairs.values()) / (rows + 1)
    for pair, true in pairs.items():
        known = miner.pairs.get(pair)
        assert known.weight <= true <= known.weight + known.missed
    bound = 2.0 + miner.pairs.missed + miner.triples.missed
    for triple, true in triples.items():
        known = miner.triples.weight(triple)
        assert known <= true <= known + bound
    for item in "abcdefghijklmnop":
        for rule in miner.rules(item, limit=1_000):
            true = sum(set(rule.given) | {rule.then} <= basket for basket in baskets)
            assert rule.seen <= true <= rule.seen + rule.missed


@given(baskets, st.integers(1, 5))
def test_an_order_in_parts_teaches_what_the_whole_teaches(baskets, step):
    whole, parts = (RuleMiner(half_life_ms=50, min_weight=2.0) for _ in range(2))
    for number, basket in enumerate(baskets):
        whole.learn_one(basket, number)
        lines = sorted(basket)
        for begin in range(0, len(lines), step):
            parts.learn_one(lines[begin : begin + step], number, lines[:begin])
    for one, other in ((whole.pairs, parts.pairs), (whole.items, parts.items)):
        assert {key: one.get(key) for key in one} == {key: other.get(key) for key in other}
        assert one.total == pytest.approx(other.total)
    assert whole.baskets == parts.baskets


@settings(max_examples=30)
@given(baskets)
def test_decay_halves_what_is_old(baskets):
    miner = RuleMiner(half_life_ms=DAY_MS, min_weight=0.01)
    for number, basket in enumerate(baskets):
        miner.learn_one(basket, number * DAY_MS)
    newest = len(baskets) - 1
    weight = sum(0.5 ** (newest - number) for number in range(len(baskets)))
    assert miner.weight == pytest.approx(weight)
    for pair in miner.pairs:
        true = sum(
            0.5 ** (newest - number) for number, basket in enumerate(baskets) if set(pair) <= basket
        )
        assert miner.pairs.weight(pair) * miner._factor() == pytest.approx(true, abs=1e-9)


def test_old_rules_fade_and_many_half_lives_lose_nothing_new():
    miner = RuleMiner(half_life_ms=1_000)
    for number in range(40):
        miner.learn_one(["cup", "saucer"], number)
        miner.learn_one(["rake"], number)
    assert miner.rules("cup")[0].then == "saucer"
    for number in range(80):
        miner.learn_one(["pot", "lid"] if number % 2 else ["hose"], 900_000 + number)
    assert miner.rules("cup") == []
    assert [rule.then for rule in miner.rules("pot")] == ["lid"]


def test_memory_is_bounded_whatever_comes():
    miner = RuleMiner(items=50, pairs=100, triples=20, min_weight=1.0)
    for number in range(3_000):
        miner.learn_one([f"i{number * k % 997}" for k in range(1, 9)], number)
    assert len(miner.items) <= 100
    assert len(miner.pairs) <= 200
    assert len(miner.triples) <= 40
    assert len(miner.antecedents()) <= 400
    assert len(miner.dump()) < 60_000


def test_a_basket_too_large_is_left_out_and_counted():
    miner = RuleMiner(max_items=10)
    miner.learn_one([f"i{n}" for n in range(11)], 0)
    assert (miner.baskets, miner.oversized, len(miner.items)) == (0, 1, 0)
    # One that grows too large in parts counts once.
    miner.learn_one([f"i{n}" for n in range(8)], 0)
    miner.learn_one(["a", "b", "c"], 0, [f"i{n}" for n in range(8)])
    miner.learn_one(["d"], 0, [*(f"i{n}" for n in range(8)), "a", "b", "c"])
    assert (miner.baskets, miner.oversized) == (1, 2)


def test_triples_say_more_than_their_pairs():
    miner = RuleMiner(min_weight=3.0)
    for number in range(300):
        basket = {0: ["a", "b", "c"], 1: ["a", "x"], 2: ["b", "y"], 3: ["c", "z"]}[number % 4]
        miner.learn_one(basket, number)
    best = next(rule for rule in miner.rules("a") if rule.given == ("a", "b"))
    assert best.then == "c"
    assert best.confidence > 0.95
    assert best.lift == pytest.approx(2.0, rel=0.05)
    # By itself a says nothing of c: half of all baskets have it, and so have half of those with a.
    assert all(rule.then == "x" for rule in miner.rules("a") if len(rule.given) == 1)


def test_a_few_coincidences_do_not_lead():
    assert lower_bound(1.0, 3) < lower_bound(0.8, 100)
    assert lower_bound(0.0, 0) == 0.0


@pytest.mark.skipif(not RETAIL.is_file(), reason="the data set online-retail is not there")
def test_a_year_of_invoices_matches_an_exact_count():
    pytest.importorskip("pyarrow")
    from flows.importers import read

    orders: dict[str, set[str]] = {}
    for event in read("online-retail", RETAIL):
        if event.type == "purchase" and event.order and event.item:
            orders.setdefault(event.order, set()).add(event.item)
    all_of_them = list(orders.values())[:3_000]
    learnt = [basket for basket in all_of_them if len(basket) <= 50]
    miner = RuleMiner(None, pairs=10_000, max_items=50)
    for number, basket in enumerate(all_of_them):
        miner.learn_one(basket, number)
    assert miner.oversized == len(all_of_them) - len(learnt)
    pairs = exact(learnt, 2)
    bound = sum(pairs.values()) / (10_000 + 1)
    assert 0 < miner.pairs.missed <= bound
    for pair, true in pairs.items():
        known = miner.pairs.get(pair)
        assert known.weight <= true <= known.weight + known.missed
        if true > bound:
            assert pair in miner.pairs
    checked = 0
    for item in miner.antecedents():
        for rule in miner.rules(item, limit=50):
            whole = {*rule.given, rule.then}
            if rule.seen > 30:
                true = sum(whole <= basket for basket in learnt)
                assert rule.seen <= true <= rule.seen + rule.missed
                everything = true + sum(whole <= b for b in all_of_them if len(b) > 50)
                assert rule.seen <= everything <= rule.seen + rule.missed + miner.oversized
                checked += 1
    assert checked > 100
