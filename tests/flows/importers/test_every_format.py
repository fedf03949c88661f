"""What holds for every importer, on a tiny sample of each format."""

from itertools import permutations
from pathlib import Path

import pytest

from contracts.codec import encode_json
from contracts.events import Item
from contracts.validation import check
from flows.importers import FORMATS, ImporterError, Report, WrongFormatError, catalog, detect, read
from tests.flows.importers.samples import EVENTS, ITEMS, MAIN, SAMPLES, lay_out, write

every_format = pytest.mark.parametrize("name", FORMATS)

OWN_IDS = {"events", "segment"}
WITHOUT_HEADER = {"events", "taobao", "movietweetings", "yoochoose", "mind", "segment"}
SAME_SHAPE = {("movielens", "movietweetings"), ("movietweetings", "movielens")}
"""Both are `user::item::rating::seconds`, so either reads the other."""


def accounted(report: Report) -> bool:
    return report.lines == report.used + report.left_out.total() + report.skipped.total()


def test_the_formats_are_those_that_replay_and_import_promise() -> None:
    promised = """events taobao movielens movietweetings yoochoose retailrocket deskdrop trivago
        mind online-retail open-bandit instacart cfpb segment"""
    assert set(FORMATS) == set(promised.split())
    assert all(importer.name == name for name, importer in FORMATS.items())
    assert all(importer.description and importer.files for importer in FORMATS.values())


@every_format
def test_a_folder_gives_valid_events_in_time_order(name: str, tmp_path: Path) -> None:
    report = Report()
    events = list(read(name, lay_out(tmp_path, name), report))
    assert len(events) == report.events == EVENTS[name]
    assert [event.time for event in events] == sorted(event.time for event in events)
    assert len({event.id for event in events}) == len(events)
    assert [check(event) for event in events] == [None] * len(events)
    assert accounted(report)
    assert not report.skipped, report.samples


@every_format
def test_ids_sort_like_lines_inside_equal_times(name: str, tmp_path: Path) -> None:
    if name in OWN_IDS:
        return  # they keep the ids that the recording has
    keys = [(event.time, event.id) for event in read(name, lay_out(tmp_path, name))]
    assert keys == sorted(keys)


@every_format
def test_the_source_is_the_format_and_the_site_is_the_default(name: str, tmp_path: Path) -> None:
    events = list(read(name, lay_out(tmp_path, name)))
    assert {event.site for event in events} == {"default"}
    if name not in OWN_IDS:
        assert {event.source for event in events} == {name}


@every_format
def test_reading_twice_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    first = [encode_json(event) for event in read(name, tmp_path)]
    assert first == [encode_json(event) for event in read(name, tmp_path)]


@every_format
def test_gzipped_files_give_the_same(name: str, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    lay_out(plain, name)
    lay_out(packed, name, packed=True)
    assert list(read(name, packed)) == list(read(name, plain))
    assert list(catalog(name, packed)) == list(catalog(name, plain))
    assert detect(packed) == name


@every_format
def test_spilling_every_event_to_disk_changes_nothing(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    assert list(read(name, tmp_path, memory=1)) == list(read(name, tmp_path))


@every_format
def test_the_catalogue_comes_in_time_order(name: str, tmp_path: Path) -> None:
    report = Report()
    records = list(catalog(name, lay_out(tmp_path, name), report))
    assert len(records) == ITEMS[name]
    assert all(isinstance(record, Item) for record in records)
    assert [record.time for record in records] == sorted(record.time for record in records)
    assert accounted(report)
    assert not report.skipped


@every_format
def test_folder_and_file_are_recognised(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    assert detect(tmp_path) == name
    assert detect(tmp_path / MAIN[name]) == name


@every_format
def test_a_renamed_file_is_read_and_recognised(name: str, tmp_path: Path) -> None:
    if name == "instacart":
        return  # its orders and their lines are told apart by their names
    renamed = write(tmp_path / "data", SAMPLES[name][MAIN[name]])
    assert detect(renamed) == name
    assert list(read(name, renamed))


@every_format
def test_bad_lines_are_skipped_counted_and_shown(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    file = tmp_path / {"instacart": "order_products__prior.csv"}.get(name, MAIN[name])
    text = file.read_bytes()
    number = text.count(b"\n")
    file.write_bytes(text + b"what is this\n\xff\xfe\x00\n")
    report = Report()
    assert len(list(read(name, tmp_path, report))) == EVENTS[name]
    assert report.skipped.total() == 2
    assert accounted(report)
    assert report.samples[0].startswith(f"{file.name}:{number + 1}: ")
    assert report.samples[1].startswith(f"{file.name}:{number + 2}: ")


@every_format
def test_blank_lines_and_windows_line_ends_do_no_harm(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    expected = list(read(name, tmp_path))
    for file in tmp_path.rglob("*.*"):
        if file.is_file() and file.name != "shared_articles.csv":
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n\r\n")
    report = Report()
    assert list(read(name, tmp_path, report)) == expected
    assert report.left_out["blank line"] >= 2
    assert accounted(report)


@every_format
def test_a_byte_order_mark_does_no_harm(name: str, tmp_path: Path) -> None:
    lay_out(tmp_path, name)
    expected = list(read(name, tmp_path))
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert list(read(name, tmp_path)) == expected


@pytest.mark.parametrize(
    ("name", "other"),
    [pair for pair in permutations(FORMATS, 2) if pair not in SAME_SHAPE],
)
def test_a_file_of_another_format_is_refused_with_the_right_guess(
    name: str, other: str, tmp_path: Path
) -> None:
    file = lay_out(tmp_path, other) / MAIN[other]
    with pytest.raises(ImporterError) as caught:
        list(read(name, file))
    if isinstance(caught.value, WrongFormatError):
        assert f"it looks like format {other}" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


@every_format
def test_an_empty_folder_is_refused_by_what_is_missing(name: str, tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match="the folder holds no"):
        list(read(name, tmp_path))
    assert detect(tmp_path) is None


@every_format
def test_a_missing_source_is_refused(name: str, tmp_path: Path) -> None:
    for reader in (read, catalog):
        with pytest.raises(ImporterError, match="there is no such file or folder"):
            list(reader(name, tmp_path / "nowhere"))


@every_format
def test_an_empty_file_has_no_events_or_lacks_its_header(name: str, tmp_path: Path) -> None:
    file = write(tmp_path / Path(MAIN[name]).name, "")
    if name in WITHOUT_HEADER:
        assert list(read(name, file)) == []
    else:
        with pytest.raises(WrongFormatError, match=r"expected a header with .*; found ''"):
            list(read(name, file))


def test_an_unknown_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ImporterError, match=r"'nope' is not a format; there are: events, taobao"):
        list(read("nope", tmp_path))


@pytest.mark.parametrize(
    ("magic", "what"), [(b"PK\x03\x04", "ZIP"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"BZh9", "bzip2")]
)
def test_archives_are_named_for_what_they_are(magic: bytes, what: str, tmp_path: Path) -> None:
    file = write(tmp_path / "UserBehavior.csv", magic + b"1,2,3,pv,1511544070\n")
    with pytest.raises(ImporterError, match=what):
        list(read("taobao", file))
    assert detect(file) is None


def test_a_damaged_gzip_file_says_how_far_it_was_read(tmp_path: Path) -> None:
    folder = lay_out(tmp_path, "taobao", packed=True)
    file = folder / "UserBehavior.csv.gz"
    file.write_bytes(file.read_bytes()[:-12])
    with pytest.raises(ImporterError, match=r"UserBehavior.csv.gz: cannot be read after line \d"):
        list(read("taobao", file))


def test_a_line_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    good = "1\tU1\t11/11/2019 9:05:58 AM\t\tN1-0\n"
    bad = f"2\tU1\t11/11/2019 9:05:58 AM\t\tN1-0 {'N' * 300}-0\n"
    report = Report()
    events = list(read("mind", write(tmp_path / "behaviors.tsv", good + bad), report))
    assert [event.request for event in events] == ["1"]
    assert report.skipped == {"invalid": 1}


def test_a_hundred_bad_lines_before_a_good_one_are_another_format(tmp_path: Path) -> None:
    file = write(tmp_path / "UserBehavior.csv", "no\n" * 100 + "1,2,3,pv,1511544070\n")
    with pytest.raises(WrongFormatError, match=r"expected user,item,category.*found .*:1: wrong"):
        list(read("taobao", file))
    file.write_text("no\n" * 99 + "1,2,3,pv,1511544070\n")
    assert len(list(read("taobao", file))) == 1


def test_progress_is_told_in_bytes(tmp_path: Path) -> None:
    rows = "1,2,3,pv,1511544070\n" * 20_000
    told: list[tuple[Path, int, int]] = []
    file = write(tmp_path / "UserBehavior.csv", rows)
    report = Report(progress=lambda *what: told.append(what))
    assert sum(1 for _ in read("taobao", file, report)) == 20_000
    assert len(told) == 3
    assert told[-1] == (file, len(rows), len(rows))
    assert 0 < told[0][1] <= told[1][1] <= len(rows)


@every_format
def test_the_page_of_data_sets_tells_of_it(name: str) -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "data-sets.md"
    rows = [line for line in page.read_text("utf-8").splitlines() if f"`{name}`" in line]
    # Where it comes from, what becomes of it, what its catalogue holds.
    assert len([line for line in rows if line.startswith("| ")]) == 3
