"""Lines to cells."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.importers.errors import BadLineError, WrongFormatError
from flows.importers.rows import MAX_RECORD_LINES, Splitter, joined, with_header, without_header
from flows.importers.source import MAX_LINE, lines
from tests.flows.importers.samples import write


def rows(file: Path, *columns: str, optional: Sequence[str] = (), sep: str = ",") -> list[object]:
    body, split = with_header(file, columns, optional, sep=sep)
    return [tuple(split(line)) for _, line in body]


def test_columns_are_found_by_name_in_any_order_and_case(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "b,A,c\n1,2,3\n")
    assert rows(file, "a", "b") == [("2", "1")]
    assert rows(file, "b", "a", "c") == [("1", "2", "3")]
    assert rows(file, "c") == [("3",)]
    assert rows(file, "x|b", optional=("nowhere", "c")) == [("1", "", "3")]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "x.csv", "a,b\n1,2\n")
    with pytest.raises(WrongFormatError, match=r"expected a header with 'a,q'; it lacks q; found"):
        rows(file, "a", "q")


@pytest.mark.parametrize("head", [b"\xff\xfe\n", b'"a,b\n', b'a"b\n"c\n'])
def test_a_header_that_is_none(head: bytes, tmp_path: Path) -> None:
    with pytest.raises(WrongFormatError, match=r"x\.csv: expected a header"):
        rows(write(tmp_path / "x.csv", head), "a")


def test_an_unbalanced_quote_spoils_its_own_line_only(tmp_path: Path) -> None:
    text = 'a,b\n1,"open\n2,fine\n3,"two\nlines"\n4,"open\n'
    body, split = with_header(write(tmp_path / "x.csv", text), ("a", "b"), multiline=True)
    got: list[object] = []
    for number, line in body:
        try:
            got.append((number, *split(line)))
        except BadLineError as error:
            got.append((number, error.reason))
    assert got == [
        (2, "bad quoting"),
        (3, "2", "fine"),
        (4, "3", "two\nlines"),
        (6, "bad quoting"),
    ]


def test_records_over_several_lines(tmp_path: Path) -> None:
    text = 'a,b\n1,"x\n\ny, ""z"""\n2,w\n'
    body, split = with_header(write(tmp_path / "x.csv", text), ("a", "b"), multiline=True)
    assert [(number, *split(line)) for number, line in body] == [
        (2, "1", 'x\n\ny, "z"'),
        (5, "2", "w"),
    ]


def test_a_quote_without_end_gives_the_lines_after_it_back() -> None:
    numbered = [(at, b'"\n' if at == 1 else b"x\n") for at in range(1, MAX_RECORD_LINES + 500)]
    assert list(joined(numbered, Splitter(",", 1))) == numbered


@given(st.lists(st.sampled_from([b"a\n", b'"\n', b'""\n', b'b"c\n', b"\n"]), max_size=40))
def test_joining_loses_and_reorders_nothing(parts: list[bytes]) -> None:
    records = list(joined(enumerate(parts, 1), Splitter(",", 1)))
    assert b"".join(line for _, line in records) == b"".join(parts)
    assert [number for number, _ in records] == sorted({number for number, _ in records})
    assert all(parts[number - 1] == line[: len(parts[number - 1])] for number, line in records)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00"))))
def test_what_a_csv_writer_wrote_is_read_back(cells: list[str]) -> None:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow([*cells, "end"])
    line = out.getvalue().encode()
    if not any(mark in line.decode()[:-2] for mark in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        assert Splitter(",", len(cells) + 1)(line) == [*cells, "end"]


def test_an_added_header_is_passed_over(tmp_path: Path) -> None:
    assert list(without_header(write(tmp_path / "x", "user,item\n1,2\n"), ",")) == [(2, b"1,2\n")]
    assert len(list(without_header(write(tmp_path / "x", "u1,item\n1,2\n"), ","))) == 2
    assert list(without_header(write(tmp_path / "x", ""), ",")) == []


def test_an_endless_line_is_cut_and_the_next_one_is_found(tmp_path: Path) -> None:
    file = write(tmp_path / "x", b"a" * (3 * MAX_LINE) + b"\nnext\n")
    (one, two) = lines(file)
    assert (one[0], len(one[1])) == (1, MAX_LINE)
    assert two == (2, b"next\n")
    with pytest.raises(BadLineError, match="more than"):
        Splitter(",", 1)(one[1])


def test_a_line_of_exactly_the_limit_is_whole(tmp_path: Path) -> None:
    file = write(tmp_path / "x", b"a" * (MAX_LINE - 1) + b"\nnext\n")
    assert [len(line) for _, line in lines(file)] == [MAX_LINE, 5]
