from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_models.pairs import PairArrays
from online_models.rows import unpack_row
from online_models.slot_table import SlotTable

DAY = 86_400_000


def columns(*pairs: tuple[int, int, int, float, int]) -> PairArrays:
    items, neighbours, channels, weights, times = zip(*pairs, strict=True)
    return PairArrays(
        np.array(items, np.uint64),
        np.array(neighbours, np.uint64),
        np.array(channels, np.int8),
        np.array(weights, np.float32),
        np.array(times, np.int64),
    )


def random_pairs(seed: int, count: int, items: int = 30, days: int = 10) -> PairArrays:
    rng = np.random.default_rng(seed)
    return PairArrays(
        rng.integers(items, size=count).astype(np.uint64),
        rng.integers(items, size=count).astype(np.uint64),
        rng.integers(2, size=count).astype(np.int8),
        rng.random(count).astype(np.float32),
        np.sort(rng.integers(days * DAY, size=count)),
    )


def weights_of(table: SlotTable, item: int, time: int) -> dict[int, list[float]]:
    row = table.row(item, time)
    return dict(zip(row.keys.tolist(), row.weights.tolist(), strict=True))


def test_weights_add_up_by_channel_and_halve_with_time() -> None:
    table = SlotTable(slots=4, half_life_ms=DAY)
    table.learn_many(*columns((1, 2, 0, 1.0, 0), (1, 2, 0, 2.0, 0), (1, 2, 1, 4.0, 0)))
    assert weights_of(table, 1, 0) == {2: [3.0, 4.0]}
    assert weights_of(table, 1, DAY) == {2: [1.5, 2.0]}


def test_an_event_that_comes_late_counts_what_it_would_have_kept() -> None:
    table = SlotTable(slots=4, half_life_ms=DAY)
    table.learn_many(*columns((1, 2, 0, 1.0, DAY)))
    table.learn_many(*columns((1, 3, 0, 1.0, 0)))
    assert weights_of(table, 1, DAY) == {2: [1.0, 0.0], 3: [0.5, 0.0]}


def test_touched_rows_are_told() -> None:
    table = SlotTable(slots=4)
    touched = table.learn_many(*columns((9, 2, 0, 1.0, 0), (1, 2, 0, 1.0, 0), (9, 3, 0, 1.0, 0)))
    assert touched.tolist() == [1, 9]


def test_item_number_zero_is_an_item_like_any_other() -> None:
    table = SlotTable(slots=4)
    table.learn_many(*columns((1, 0, 0, 1.0, 0), (1, 0, 0, 1.0, 0), (0, 1, 0, 1.0, 0)))
    assert weights_of(table, 1, 0) == {0: [2.0, 0.0]}
    assert weights_of(table, 0, 0) == {1: [1.0, 0.0]}


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 400), min_size=1, max_size=8))
def test_how_input_is_cut_into_batches_does_not_matter(seed: int, cuts: list[int]) -> None:
    pairs = random_pairs(seed, 400, days=300)
    whole, pieces = (SlotTable(slots=30, half_life_ms=DAY) for _ in range(2))
    whole.learn_many(*pairs)
    bounds = [0, *sorted(cuts), 400]
    for begin, end in pairwise(bounds):
        pieces.learn_many(*(column[begin:end] for column in pairs))
    assert pieces.dump() == whole.dump()


def test_a_newcomer_takes_the_least_slot_and_not_its_weight() -> None:
    table = SlotTable(slots=2)
    table.learn_many(*columns((1, 2, 0, 5.0, 0), (1, 3, 0, 4.0, 0)))
    table.learn_many(*columns((1, 4, 0, 1.0, 0)))
    assert weights_of(table, 1, 0) == {2: [5.0, 0.0], 4: [1.0, 0.0]}


def test_newcomers_in_one_batch_are_admitted_one_after_another() -> None:
    """As if each had come alone: the last is in, the others as far as they outweigh it all."""
    pairs = columns(*((1, neighbour, 0, float(neighbour % 7 + 1), 0) for neighbour in range(2, 40)))
    whole, single = SlotTable(slots=5), SlotTable(slots=5)
    whole.learn_many(*pairs)
    for at in range(len(pairs.items)):
        single.learn_many(*(column[at : at + 1] for column in pairs))
    assert weights_of(whole, 1, 0) == weights_of(single, 1, 0)
    assert 39 in weights_of(whole, 1, 0)


def test_eviction_in_many_rows_at_once_is_that_of_each_row_alone() -> None:
    pairs = random_pairs(3, 3_000, items=20)
    table = SlotTable(slots=6, half_life_ms=DAY)
    table.learn_many(*pairs)
    for item in range(20):
        alone = SlotTable(slots=6, half_life_ms=DAY)
        mine = pairs.items == item
        # The same chunks as in the large batch: what is found in a row comes before newcomers.
        for begin in range(0, 3_000, 2_048):
            cut = slice(begin, begin + 2_048)
            alone.learn_many(*(column[cut][mine[cut]] for column in pairs))
        assert weights_of(alone, item, 10 * DAY) == weights_of(table, item, 10 * DAY)


def test_negative_evidence_takes_weight_off_and_is_not_served() -> None:
    table = SlotTable(slots=4)
    table.learn_many(*columns((1, 2, 0, 3.0, 0), (1, 3, 0, 1.0, 0), (1, 3, 0, -3.0, 0)))
    table.learn_many(*columns((1, 2, 0, -1.0, 0)))
    assert weights_of(table, 1, 0) == {2: [2.0, 0.0]}


def test_rows_are_capped_and_the_least_used_go() -> None:
    table = SlotTable(slots=4, max_rows=16)
    for item in range(100):
        weight = 100.0 if item < 5 else 1.0
        table.learn_many(*columns((item, 7, 0, weight, 0)))
    assert len(table) <= 16
    assert all(item in table for item in range(5))
    assert 50 not in table
    assert len(table.row(50, 0).keys) == 0


def test_a_row_that_was_evicted_starts_afresh() -> None:
    table = SlotTable(slots=4, max_rows=4)
    for item in range(10):
        table.learn_many(*columns((item, 7, 0, 1.0 + item, 0)))
    assert 0 not in table
    table.learn_many(*columns((0, 8, 0, 50.0, 0)))
    assert weights_of(table, 0, 0) == {8: [50.0, 0.0]}


def test_forget_drops_what_has_faded() -> None:
    table = SlotTable(slots=4, half_life_ms=DAY)
    table.learn_many(*columns((1, 2, 0, 1.0, 0), (3, 2, 0, 1.0, 20 * DAY)))
    assert table.forget(below=0.01) == 1
    assert 1 not in table
    assert 3 in table


def test_decades_pass_without_overflow() -> None:
    table = SlotTable(slots=4, half_life_ms=1000)
    for step in range(500):
        table.learn_many(*columns((1, step % 3 + 2, 0, 1.0, step * 10_000_000)))
    assert table.row(1, table.time).weights.tolist() == [[1.0, 0.0]]


def test_packed_rows_are_those_that_can_be_read() -> None:
    table = SlotTable(slots=8, half_life_ms=DAY)
    table.learn_many(*random_pairs(1, 500))
    for item, raw in zip([3, 4], table.pack_many(np.array([3, 4], np.uint64)), strict=True):
        assert raw == table.pack(item)
        row = unpack_row(raw)
        assert row.keys.tolist() == table.row(item, table.time).keys.tolist()
        totals = row.weights.sum(axis=1)
        assert (np.diff(totals) <= 0).all()
    assert table.rows([3, 999], table.time).keys() == {3}


def test_base_and_changes_restore_the_table_to_the_bit() -> None:
    table = SlotTable(slots=6, half_life_ms=DAY, max_rows=20)
    parts = []
    for step in range(6):
        pairs = random_pairs(step, 200, items=40)
        table.learn_many(*pairs._replace(times=pairs.times + step * 70 * DAY))
        parts.append(table.dump(full=step == 0))
    copy = SlotTable(slots=6, half_life_ms=DAY, max_rows=20)
    copy.load(parts)
    assert copy.dump() == table.dump()
    more = random_pairs(9, 300, items=40)
    for each in (table, copy):
        each.learn_many(*more._replace(times=more.times + 500 * DAY))
    assert copy.dump() == table.dump()


def test_changes_hold_only_what_changed() -> None:
    table = SlotTable(slots=64)
    table.learn_many(*random_pairs(1, 5_000, items=200))
    base = len(table.dump())
    table.learn_many(*columns((1, 2, 0, 1.0, 0)))
    assert len(table.dump(full=False)) < base / 50
    assert len(table.dump(full=False)) < 500


def test_saved_rows_are_narrowed_to_fewer_slots() -> None:
    wide, narrow = SlotTable(slots=8), SlotTable(slots=2)
    wide.learn_many(*columns(*((1, n, 0, float(n), 0) for n in range(2, 8))))
    narrow.load([wide.dump()])
    assert weights_of(narrow, 1, 0) == {7: [7.0, 0.0], 6: [6.0, 0.0]}


def test_saved_state_of_another_half_life_is_refused() -> None:
    raw = SlotTable(half_life_ms=DAY).dump()
    with pytest.raises(ValueError, match="half_life_ms is 86400000, the setting says 1000"):
        SlotTable(half_life_ms=1000).load([raw])


@pytest.mark.parametrize("weight", [np.nan, np.inf, 1e7])
def test_absurd_weights_are_refused_before_anything_changes(weight: float) -> None:
    table = SlotTable(slots=4)
    table.learn_many(*columns((1, 2, 0, 1.0, 0)))
    before = table.dump()
    with pytest.raises(ValueError, match="weights"):
        table.learn_many(*columns((1, 3, 0, 1.0, 5), (1, 2, 0, weight, 5)))
    assert table.dump() == before


def test_unknown_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="channels: expected 0 to 1"):
        SlotTable().learn_many(*columns((1, 2, 2, 1.0, 0)))


def test_nothing_to_learn_changes_nothing() -> None:
    table = SlotTable()
    assert table.learn_many(*(column[:0] for column in columns((1, 2, 0, 1.0, 0)))).tolist() == []
    assert len(table) == 0


def test_memory_is_about_a_kilobyte_an_item() -> None:
    table = SlotTable(slots=64)
    table.learn_many(*random_pairs(1, 20_000, items=1_024))
    assert len(table) == 1_024
    assert table.nbytes / len(table) < 1_100
