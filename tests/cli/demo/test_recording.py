import io
from pathlib import Path

import msgspec
import pytest

from cli.demo.recording import format_of, prepare, session_gap
from cli.errors import CommandError, WrongUseError
from cli.import_progress import PlainLines
from contracts.codec import encode_json
from contracts.events import Event, Item
from tests.builders import MINUTE, NOON, event


def write(folder: Path, events: list[Event], items: list[Item] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    lines = b"".join(encode_json(one) + b"\n" for one in events)
    (folder / "events.jsonl").write_bytes(lines)
    if items is not None:
        lines = b"".join(encode_json(one) + b"\n" for one in items)
        (folder / "catalog.jsonl").write_bytes(lines)
    return folder


def read(file: Path, type_: type[msgspec.Struct]) -> list[msgspec.Struct]:
    return [msgspec.json.decode(line, type=type_) for line in file.read_bytes().splitlines()]


def nobody_looks() -> PlainLines:
    return PlainLines(io.StringIO())


def test_a_recording_is_put_in_order_and_belongs_to_the_demo_s_site(tmp_path: Path) -> None:
    events = [event(at=2 * MINUTE, site="shop"), event(at=MINUTE, site="shop")]
    source = write(tmp_path / "source", events, [Item(id="kettle", site="shop", time=NOON)])
    found = prepare(source, "events", tmp_path / "out", nobody_looks())
    assert (found.count, found.items, found.skipped) == (2, 1, 0)
    assert (found.origin, found.bulk_ms) == (NOON + MINUTE, MINUTE)
    first, second = read(found.events, Event)
    assert (first.id, second.id) == (events[1].id, events[0].id)  # type: ignore[attr-defined]
    assert first.site == "default"  # type: ignore[attr-defined]
    (item,) = read(found.catalog, Item)
    assert (item.id, item.site) == ("kettle", "default")  # type: ignore[attr-defined]


def test_a_wrong_clock_does_not_settle_the_speed(tmp_path: Path) -> None:
    events = [event(at=number * 1000) for number in range(600)]
    events += [event(at=-2_000_000 * MINUTE), event(at=500_000 * MINUTE)]
    source = write(tmp_path / "source", events)
    found = prepare(source, "events", tmp_path / "out", nobody_looks())
    assert NOON <= found.origin < NOON + 20_000
    assert found.speed_for(rate=10) == pytest.approx(10, rel=0.02)


def test_one_event_is_a_recording_and_none_is_not(tmp_path: Path) -> None:
    source = write(tmp_path / "source", [event()])
    found = prepare(source, "events", tmp_path / "out", nobody_looks())
    assert (found.origin, found.bulk_ms, found.speed_for(100)) == (NOON, 0, 100)
    source = write(tmp_path / "source", [])
    with pytest.raises(CommandError, match="there is no event in it, as events reads it"):
        prepare(source, "events", tmp_path / "out", nobody_looks())


def test_a_recording_of_another_format_is_told(tmp_path: Path) -> None:
    source = write(tmp_path / "source", [event()]) / "events.jsonl"
    with pytest.raises(CommandError, match="it looks like format events"):
        prepare(source, "taobao", tmp_path / "out", nobody_looks())


def test_the_format_is_guessed_or_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path / "source", [event()])
    assert format_of(source, None) == "events"
    assert format_of(source, "mind") == "mind"
    with pytest.raises(WrongUseError, match="'parquet' is not a format"):
        format_of(source, "parquet")
    with pytest.raises(WrongUseError, match="there is no such file or folder"):
        format_of(tmp_path / "nowhere", None)
    (tmp_path / "prose.txt").write_text("It was a dark and stormy night.\n")
    with pytest.raises(WrongUseError, match="say which one it is with --format"):
        format_of(tmp_path / "prose.txt", None)


def test_sessions_end_sooner_where_time_runs_faster() -> None:
    assert [session_gap(speed) for speed in (1, 100, 1_000_000)] == [1800, 18, 1]
