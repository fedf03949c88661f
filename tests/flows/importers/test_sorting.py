"""Sorting within bounded memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.importers import ImporterError, sorting
from flows.importers.sorting import FAN_IN, Record, in_order

records = st.lists(
    st.tuples(
        st.integers(-(1 << 53), 1 << 53) | st.integers(0, 3),
        st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")),
    )
)


@given(records, st.integers(1, 2_000))
def test_it_is_a_stable_sort_whatever_the_memory(rows: list[Record], memory: int) -> None:
    assert list(in_order(rows, memory)) == sorted(rows, key=lambda row: row[0])


def test_more_runs_than_files_that_may_be_open(tmp_path: Path) -> None:
    rows = [(at % 7, b"%d" % at) for at in range(3 * FAN_IN)]
    assert list(in_order(rows, memory=1)) == sorted(rows, key=lambda row: row[0])


def test_it_holds_no_more_than_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    spilled: list[int] = []
    write = sorting._write_to

    def watched(held: list[Record], path: Path) -> Path:
        spilled.append(len(held) if isinstance(held, list) else 0)
        return write(held, path)

    monkeypatch.setattr(sorting, "_write_to", watched)
    rows = [(-at, b"x" * 70) for at in range(1_000)]
    assert list(in_order(rows, memory=20_000)) == rows[::-1]
    assert max(spilled) == 100


def test_temporary_files_go_when_the_reader_stops_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    merged: Iterator[Record] = in_order([(at, b"x") for at in range(100)], memory=1_000)
    assert next(merged) == (0, b"x")
    assert list(tmp_path.iterdir())
    del merged
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, *args: object, **kwargs: object) -> object:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ImporterError, match=r"No space left .* TMPDIR"):
        list(in_order([(1, b"x")] * 10, memory=1))
