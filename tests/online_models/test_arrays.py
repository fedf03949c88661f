import msgspec
import numpy as np
import pytest

from online_models.arrays import VERSION, pack_arrays, unpack_arrays
from online_models.row_index import FIRST_ROWS, RowIndex, grown
from online_models.rows import NeighbourRow, TopList, pack_row, pack_top, unpack_row, unpack_top


def test_arrays_of_every_kind_come_back() -> None:
    arrays = {
        name: np.arange(6).astype(name).reshape(2, 3)
        for name in ("u1", "i1", "i4", "i8", "u8", "f4", "f8", "?")
    }
    arrays["empty"] = np.empty((0, 4))
    _, back = unpack_arrays("demo", pack_arrays("demo", {}, arrays))
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        assert np.array_equal(back[name], array)


def test_what_cannot_be_read_is_told_in_words() -> None:
    raw = pack_arrays("demo", {}, {"a": np.ones(3)})
    with pytest.raises(ValueError, match="these bytes hold a 'demo'"):
        unpack_arrays("other", raw)
    with pytest.raises(ValueError, match="not readable"):
        unpack_arrays("demo", raw[:-1])
    newer = msgspec.msgpack.encode([VERSION + 1, "demo", {}, {}])
    with pytest.raises(ValueError, match="Upgrade Headrace"):
        unpack_arrays("demo", newer)
    objects = msgspec.msgpack.encode([VERSION, "demo", {}, {"a": ["|O", [1], b"x" * 8]}])
    with pytest.raises(ValueError, match="unknown type"):
        unpack_arrays("demo", objects)
    short = msgspec.msgpack.encode([VERSION, "demo", {}, {"a": ["<f8", [9], b"x" * 8]}])
    with pytest.raises(ValueError, match="`a` is damaged"):
        unpack_arrays("demo", short)


def test_a_packed_row_that_was_cut_is_refused() -> None:
    row = NeighbourRow(np.array([1, 2], np.uint64), np.ones((2, 2), np.float32), 5)
    raw = pack_row(row)
    assert len(raw) == 12 + 2 * 4 + 2 * (8 + 2 * 4)
    assert unpack_row(raw).time == 5
    for cut in (b"", raw[:5], raw[:-1]):
        with pytest.raises(ValueError, match="cut"):
            unpack_row(cut)
    top = pack_top(TopList(np.array([1], np.uint64), np.ones(1, np.float32), 5, 2.0))
    assert unpack_top(top).total == 2.0
    for cut in (b"", top[:5], top[:-1]):
        with pytest.raises(ValueError, match="cut"):
            unpack_top(cut)
    with pytest.raises(ValueError, match="2 channels; a ranking has one"):
        unpack_top(top[:8] + raw)


def test_rows_are_given_out_given_back_and_remembered() -> None:
    index = RowIndex()
    keys = np.arange(100, 100 + 3 * FIRST_ROWS).astype(np.uint64)
    rows = index.claim(keys)
    assert sorted(rows.tolist()) == list(range(3 * FIRST_ROWS))
    assert index.capacity >= len(index) == 3 * FIRST_ROWS
    assert (index.key_of[rows] == keys).all()
    index.mark_saved()
    index.release([100, 101])
    index.claim(np.array([101, 7], np.uint64))
    assert index.gone == {100}
    assert index.key_of[index.rows(changed_only=True)].tolist() == [7, 101]
    assert 100 not in index


def test_grown_arrays_keep_what_they_hold() -> None:
    array = grown(np.ones((2, 3), np.float32), 5)
    assert array.shape == (5, 3)
    assert array.sum() == 6
