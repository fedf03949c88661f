"""Recordings in files: JSON lines, CSV, gzip, folders, and what is wrong with them."""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from contracts.events import Event
from flows.importers.errors import ImporterError
from flows.records import Raw
from flows.replaying.files import (
    FileError,
    event_files,
    fingerprint,
    imported,
    is_event_table,
    recorded,
    records,
)
from flows.replaying.total_order import in_order
from tests.flows.replaying.lines import AHEAD, DAY, LATENESS, MINUTE, NOON, line, values


def write(file: Path, *lines: bytes) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    data = b"".join(each + b"\n" for each in lines)
    file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
    return file


def read(path: Path) -> list[Raw]:
    return [record for *_, record in recorded(path, AHEAD, LATENESS)]


def minutes(start: int, count: int) -> list[bytes]:
    return [line(start + n * MINUTE).value for n in range(count)]


class TestLines:
    def test_a_line_is_a_record_with_its_place(self, tmp_path: Path) -> None:
        file = write(tmp_path / "a.jsonl", b'{"id": 1}', b"", b"  \t", b"{", b"\xff\xfe")
        assert [(r.value, r.origin) for r in records(file)] == [
            (b'{"id": 1}', f"{file}:1"),
            (b"{", f"{file}:4"),
            (b"\xff\xfe", f"{file}:5"),
        ]

    @pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl", "a.txt"])
    def test_gzip_is_unpacked_whatever_the_name(self, tmp_path: Path, name: str) -> None:
        file = tmp_path / name
        file.write_bytes(gzip.compress(b"1\n2\n"))
        assert [r.value for r in records(file)] == [b"1", b"2"]

    def test_line_ends_and_marks_are_no_part_of_a_record(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl"
        file.write_bytes(b"\xef\xbb\xbf1\r\n2\r\n3")
        assert [r.value for r in records(file)] == [b"1", b"2", b"3"]

    def test_an_empty_file_has_no_records(self, tmp_path: Path) -> None:
        assert read(write(tmp_path / "a.jsonl")) == []

    def test_a_cut_gzip_file_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "a.jsonl.gz"
        file.write_bytes(gzip.compress(os.urandom(100_000))[:500])
        with pytest.raises(ImporterError, match=r"a\.jsonl\.gz: cannot be read"):
            list(records(file))


class TestTable:
    HEAD = b"id,time,type,user,device,item,price,quantity,consent,props,text"

    def row(self, tmp_path: Path, *rows: bytes, head: bytes = HEAD) -> list[Raw]:
        return list(records(write(tmp_path / "a.csv", head, *rows)))

    def test_a_row_is_an_event(self, tmp_path: Path) -> None:
        raw = b"1,1511544070000,purchase,007,,cup,2.5,3,marketing|personalization,"
        (record,) = self.row(tmp_path, raw + b'"{""a"": [1]}","said ""hi"",\nand left"')
        assert record.number == 2
        assert msgspec.json.decode(record.value, type=Event) == Event(
            id="1",
            time=1511544070000,
            type="purchase",
            user="007",
            item="cup",
            price=2.5,
            quantity=3,
            consent=["marketing", "personalization"],
            props={"a": [1]},
            text='said "hi",\nand left',
        )

    def test_what_is_no_number_stays_as_it_is_and_is_refused_later(self, tmp_path: Path) -> None:
        rows = [b"1,noon,view,u,,,nan,1e999,,{,", b"2,1.5,view,u,,,,,,,"]
        first, second = (json.loads(r.value) for r in self.row(tmp_path, *rows))
        assert first["time"] == "noon"
        assert (first["price"], first["quantity"], first["props"]) == ("nan", "1e999", "{")
        assert second["time"] == "1.5"

    def test_rows_that_cannot_be_split_are_passed_on(self, tmp_path: Path) -> None:
        good = b"3,1511544070000,view,u,,,,,,,"
        bad = [b"1,2", b'1,"open', b"\xff,1511544070000,view,u,,,,,,,"]
        assert values(self.row(tmp_path, *bad, good))[:3] == bad
        assert len(self.row(tmp_path, *bad, good)) == 4

    @pytest.mark.parametrize(
        ("head", "fault"),
        [
            (b"id,type,user", "it lacks time"),
            (b"1,1511544070000,view", "it lacks id, type, time"),
            (b"id,type,time,colour", "there is no 'colour'"),
            (b"id,type,time,id", "a name comes twice"),
            (b"\xff", "line 1 is bad"),
            (b"", "it lacks id"),
        ],
    )
    def test_a_wrong_header_is_refused(self, tmp_path: Path, head: bytes, fault: str) -> None:
        with pytest.raises(ImporterError, match=fault):
            self.row(tmp_path, b"1", head=head)
        assert not is_event_table(tmp_path / "a.csv")

    def test_a_table_of_events_is_known_by_its_header(self, tmp_path: Path) -> None:
        assert is_event_table(write(tmp_path / "a.csv.gz", self.HEAD))
        assert not is_event_table(write(tmp_path / "a.jsonl", self.HEAD))


class TestFolder:
    def test_files_are_merged_by_time_whatever_their_names(self, tmp_path: Path) -> None:
        write(tmp_path / "b" / "monday.jsonl.gz", *minutes(0, 20))
        write(tmp_path / "a" / "tuesday.jsonl", *minutes(DAY, 20))
        write(tmp_path / "clicks.ndjson", *minutes(30_000, 20))
        table = [b"id,time,type"] + [
            b"t%d,%d,view" % (n, NOON + DAY + n * MINUTE + 30_000) for n in range(20)
        ]
        write(tmp_path / "feedback.csv", *table)
        write(tmp_path / "catalog.jsonl", b'{"id": "cup"}')
        write(tmp_path / "README.md", b"no events")
        write(tmp_path / "empty.jsonl")
        times = [json.loads(r.value)["time"] for r in read(tmp_path)]
        assert len(times) == 80
        assert times == sorted(times)

    def test_many_files_are_open_a_few_at_a_time(self, tmp_path: Path) -> None:
        for day in range(60):
            write(tmp_path / f"{60 - day:02d}.jsonl", *minutes(day * DAY, 3))
        limit = len(os.listdir("/proc/self/fd")) + 3
        read_: Iterator[object] = recorded(tmp_path, AHEAD, LATENESS)
        count = 0
        for _ in read_:
            count += 1
            assert len(os.listdir("/proc/self/fd")) <= limit
        assert count == 180

    def test_a_split_recording_has_the_order_of_the_whole(self, tmp_path: Path) -> None:
        lines = minutes(0, 300)
        whole = write(tmp_path / "whole" / "a.jsonl", *lines)
        parts = tmp_path / "parts"
        for part in range(3):
            write(parts / f"{part}.jsonl", *lines[part::3])
        orders = [
            [r.value for r in in_order(recorded(path, AHEAD, LATENESS), LATENESS)]
            for path in (whole, parts)
        ]
        assert orders[0] == orders[1] == lines

    def test_what_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileError, match="there is no such file or folder"):
            event_files(tmp_path / "none")
        with pytest.raises(FileError, match="it holds nothing"):
            event_files(tmp_path)
        write(tmp_path / "notes.txt")
        with pytest.raises(FileError, match=r"holds no \.jsonl or \.csv file; it holds notes\.txt"):
            event_files(tmp_path)


def test_a_data_set_is_read_through_its_importer(tmp_path: Path) -> None:
    rows = [b"7,42,3,buy,1511544070", b"7,42,3,pv,1511540000"]
    file = write(tmp_path / "UserBehavior.csv", *rows)
    found = [record for *_, record in imported("taobao", file, AHEAD, LATENESS)]
    assert [json.loads(r.value)["type"] for r in found] == ["view", "purchase"]
    assert [r.origin for r in found] == ["UserBehavior.csv#1", "UserBehavior.csv#2"]


def test_the_bad_lines_of_a_data_set_are_records_with_place_and_fault(tmp_path: Path) -> None:
    rows = [b"7,42", b"7,42,3,buy,1511544070", b"7,42,3,hop,1511540000", b"\xff,42,3,pv,1"]
    file = write(tmp_path / "UserBehavior.csv", *rows, b"7,42,3,pv,12", b"7,42,3,pv,1511540000")
    found = [record for *_, record in imported("taobao", file, AHEAD, LATENESS)]
    assert [(r.value, r.origin) for r in found if r.fault] == [
        (rows[0], f"{file}:1"),
        (rows[2], f"{file}:3"),
        (rows[3], f"{file}:4"),
        (b"7,42,3,pv,12", f"{file}:5"),
    ]
    faults = [r.fault for r in found if r.fault]
    assert [reason for reason, _ in faults] == ["malformed", "invalid", "malformed", "bad_time"]
    assert faults[1][1] == "unknown behaviour: 'hop' is not pv, cart, fav or buy"
    origins = [r.origin for r in found if not r.fault]
    assert origins == ["UserBehavior.csv#1", "UserBehavior.csv#2"]


def test_a_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    file = write(tmp_path / "a.jsonl", b"1")
    before = [fingerprint(tmp_path), fingerprint(file)]
    assert before == [fingerprint(tmp_path), fingerprint(file)]
    write(file, b"1", b"2")
    assert fingerprint(file) != before[1]
    write(tmp_path / "b.jsonl", b"1")
    assert fingerprint(tmp_path) != before[0]
