"""What passes as it is, and what Segment archives become."""

import gzip
from pathlib import Path

import pytest

from flows.importers import catalog, detect, read
from tests.flows.importers.reading import sample, skipped
from tests.flows.importers.samples import SAMPLES, write


def test_events_pass_as_they_are(tmp_path: Path) -> None:
    events = sample("events", tmp_path)
    assert [event.id for event in events] == ["a", "b"]
    assert events[0].source == "web"
    assert [record.time for record in catalog("events", tmp_path)] == [10, 20]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id":"c","type":"view","time":1700000002000}', "no subject"),
        ('{"id":"c","type":"look","time":1700000002000,"user":"ada"}', "invalid"),
        ('{"id":"c","type":"view","time":1700000002,"user":"ada"}', "bad time"),
        ('{"id":"c","type":"view","time":1700000002000,"user":"ada","v":99}', "newer version"),
        ('{"id":"c"', "malformed"),
        ("[" * 30_000, "invalid"),
        (
            '{"id":"c","type":"view","time":1700000002000,"user":"a","props":{"a":'
            f"{'[' * 20}{']' * 20}}}}}",
            "too deep",
        ),
        ('{"id":"c","type":"view","time":1700000002000,"user":"' + "a" * 40_000, "too large"),
    ],
)
def test_events_are_refused_for_what_the_flow_would_refuse(
    line: str, reason: str, tmp_path: Path
) -> None:
    good = SAMPLES["events"]["events.jsonl"]
    report = skipped("events", tmp_path / "x.jsonl", f"{good}{line}\n")
    assert report.skipped == {reason: 1}


def test_segment(tmp_path: Path) -> None:
    events = sample("segment", tmp_path)
    assert [(e.id, e.type, e.user, e.device, e.item, e.order) for e in events] == [
        ("m1", "identify", "ada", "a1", None, None),
        ("m2", "view", None, "a1", "kettle", None),
        ("m3:0", "purchase", "ada", None, "kettle", "o1"),
        ("m3:1", "purchase", "ada", None, "cup", "o1"),
    ]
    assert events[2].time == 1714824005000  # when the batch was sent


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type":"track","event":"X","userId":"u","messageId":"m"}', "no time"),
        ('{"type":"dance","userId":"u","timestamp":"2024-05-04T12:00:00Z"}', "invalid"),
        ('{"type":"track","event":"X","timestamp":"2024-05-04T12:00:00Z"}', "no subject"),
        ('{"batch":"none"}', "not a message"),
        ("[1]", "not a message"),
        ("{", "malformed"),
    ],
)
def test_segment_skips(line: str, reason: str, tmp_path: Path) -> None:
    good = SAMPLES["segment"]["segment_log.jsonl"]
    report = skipped("segment", tmp_path / "x.jsonl", f"{good}{line}\n")
    assert report.skipped == {reason: 1}


def test_segment_messages_without_id_get_the_same_one_in_every_run(tmp_path: Path) -> None:
    line = '{"type":"page","userId":"u","timestamp":"2024-05-04T12:00:00Z"}\n'
    file = write(tmp_path / "segment.jsonl", line)
    (first,), (second,) = read("segment", file), read("segment", file)
    assert first.id == second.id


def test_segment_archives_are_read_from_a_folder_of_packed_files(tmp_path: Path) -> None:
    for hour in (1, 2):
        line = f'{{"type":"page","userId":"u","messageId":"m{hour}","sentAt":"2024-05-0{hour}"}}\n'
        write(tmp_path / f"segment-{hour}.json.gz", gzip.compress(line.encode()))
    assert detect(tmp_path) == "segment"
    assert [event.id for event in read("segment", tmp_path)] == ["m1", "m2"]
