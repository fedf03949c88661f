"""`headrace import`, from its arguments to its files, its summary and its exit code."""

import gzip
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli import main
from cli.import_progress import PlainLines, progress_on
from cli.importing import import_
from contracts.codec import decode_event, decode_json
from contracts.events import Item
from flows.importers import FORMATS
from tests.flows.importers.samples import EVENTS, ITEMS, lay_out, write

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process; return its exit code."""
    # Each run adds a handler, which writes to the stderr of its own time.
    monkeypatch.setattr(logging.getLogger("headrace"), "handlers", [])

    def headrace(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["headrace", "import", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return int(ended.value.code or 0)

    return headrace


@pytest.mark.parametrize("name", FORMATS)
def test_events_and_catalogue_are_written(
    name: str, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, items = tmp_path / "out.jsonl", tmp_path / "items.jsonl"
    source = lay_out(tmp_path / name, name)
    assert run(name, source, "-o", out, "--catalog", items, "--json") == 0
    events = [decode_event(line) for line in out.read_bytes().splitlines()]
    assert len(events) == EVENTS[name]
    assert [event.time for event in events] == sorted(event.time for event in events)
    records = [decode_json(line, Item) for line in items.read_bytes().splitlines()]
    assert len(records) == ITEMS[name]
    summary = json.loads(capsys.readouterr().out)
    assert summary["written"] == summary["events"] == sum(summary["types"].values()) == len(events)
    assert summary["catalog"]["events"] == len(records)
    assert summary["lines"] == summary["used"] + sum(summary["left_out"].values())
    assert (summary["format"], summary["source"], summary["output"]) == (
        name,
        str(source),
        str(out),
    )


def test_what_it_writes_imports_as_events_unchanged(run: Run, tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    assert run("trivago", lay_out(tmp_path / "in", "trivago"), "-o", one) == 0
    assert run("events", one, "-o", two) == 0
    assert one.read_bytes() == two.read_bytes()
    assert run("events", one, "-o", one) == 0
    assert one.read_bytes() == two.read_bytes()


def test_the_summary_in_words(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert run("online-retail", lay_out(tmp_path / "in", "online-retail"), "-o", out) == 0
    said = capsys.readouterr()
    assert said.out.startswith("5 events of 9 lines in ")
    assert "2010-12-01T08:26:00.000+00:00 to 2010-12-01T14:32:00.000+00:00" in said.out
    assert "purchase 4, cancel 1" in said.out
    assert "left out on purpose: stock correction 2, service code 1, bad debt 1" in said.out
    assert said.err == ""


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    lines = ["1,2,3,pv,1511544070\n", *["1,2,3,pv,then\n"] * 12, "1,2,3,look,1511544070\n"]
    return write(tmp_path / "UserBehavior.csv", "".join(lines))


def test_bad_lines_are_warned_of_and_the_run_succeeds(
    damaged: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("taobao", damaged, "-o", tmp_path / "out.jsonl") == 0
    warning = capsys.readouterr().err
    assert warning.startswith("warning: skipped 13 lines: bad number 12, unknown behaviour 1\n")
    assert "  UserBehavior.csv:2: bad number: timestamp is 'then', not a number\n" in warning
    assert warning.endswith("  and 3 more\n")


def test_one_bad_line_is_not_lines(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path / "UserBehavior.csv", "7,42,3,pv,1511544070\n7\n")
    assert run("taobao", source, "-o", tmp_path / "out.jsonl") == 0
    said = capsys.readouterr()
    assert said.out.startswith("1 event of 2 lines ")
    assert said.err.startswith("warning: skipped 1 line: wrong number of columns 1\n")
    assert "wrong number of columns: 1 column: '7'" in said.err


def test_strict_fails_for_bad_lines_only(
    damaged: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert run("taobao", damaged, "-o", out, "--strict") == 1
    assert "headrace: 13 lines were skipped" in capsys.readouterr().err
    assert len(out.read_bytes().splitlines()) == 1
    retail = lay_out(tmp_path / "in", "online-retail")
    assert run("online-retail", retail, "-o", out, "--strict") == 0


def test_strict_minds_the_catalogue_too(run: Run, tmp_path: Path) -> None:
    source = lay_out(tmp_path / "in", "mind")
    write(source / "news.tsv", "N1\ta\tb\ttitle\t\turl\nbroken\n")
    arguments = ("mind", source, "-o", tmp_path / "out", "--catalog", tmp_path / "items")
    assert run(*arguments) == 0
    assert run(*arguments, "--strict") == 1


def test_limit_takes_the_first_in_time(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assert run("taobao", lay_out(tmp_path / "in", "taobao"), "-o", out, "--limit", 2) == 0
    assert [decode_event(line).id for line in out.read_bytes().splitlines()] == [
        "taobao-000000001",
        "taobao-000000005",
    ]


def test_a_site_of_one_s_own(run: Run, tmp_path: Path) -> None:
    out, items = tmp_path / "out.jsonl", tmp_path / "items.jsonl"
    source = lay_out(tmp_path / "in", "mind")
    assert run("mind", source, "-o", out, "--catalog", items, "--site", "news") == 0
    assert {decode_event(line).site for line in out.read_bytes().splitlines()} == {"news"}
    assert {decode_json(line, Item).site for line in items.read_bytes().splitlines()} == {"news"}


@pytest.mark.parametrize("site", ["a\nb", "x" * 257])
def test_a_site_that_the_flow_would_refuse(site: str, run: Run, tmp_path: Path) -> None:
    source = lay_out(tmp_path / "in", "mind")
    assert run("mind", source, "-o", tmp_path / "out", "--site", site) == 2


def test_packed_output_is_the_same_every_time(run: Run, tmp_path: Path) -> None:
    source = lay_out(tmp_path / "in", "mind")
    packed = [tmp_path / name for name in ("one.jsonl.gz", "two.jsonl.gz")]
    assert [run("mind", source, "-o", path) for path in packed] == [0, 0]
    assert packed[0].read_bytes() == packed[1].read_bytes()
    assert len(gzip.decompress(packed[0].read_bytes()).splitlines()) == EVENTS["mind"]


def test_standard_output_holds_events_only(
    run: Run, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = lay_out(tmp_path / "in", "mind")
    assert run("mind", source, "-o", "-", "--json") == 0
    said = capfdbinary.readouterr()
    assert len([decode_event(line) for line in said.out.splitlines()]) == EVENTS["mind"]
    assert json.loads(said.err)["written"] == EVENTS["mind"]


def test_a_reader_that_stops_ends_it_without_a_trace(tmp_path: Path) -> None:
    write(tmp_path / "UserBehavior.csv", "1,2,3,pv,1511544070\n" * 50_000)
    command = [sys.executable, "-m", "cli.main", "import", "taobao", str(tmp_path), "-o", "-"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 1


def test_pipes_are_written_to_and_not_replaced(run: Run, tmp_path: Path) -> None:
    assert run("mind", lay_out(tmp_path / "in", "mind"), "-o", "/dev/null") == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nope", "{in}", "-o", "{out}"), "'nope' is not a format (events, taobao,"),
        (("nope", "{in}", "-o", "{out}"), "looks like mind"),
        (("mind", "{in}/nowhere", "-o", "{out}"), "there is no such file or folder"),
        (("mind", "{in}", "-o", "{in}"), "expected a file in a folder that exists"),
        (("mind", "{in}", "-o", "{in}/no/out"), "expected a file in a folder that exists"),
        (("mind", "{in}", "-o", "{out}", "--catalog", "{out}"), "cannot go to the same place"),
        (("mind", "{in}"), "with -o FILE; or --dry-run"),
        (("mind",), "Missing argument"),
        (("mind", "{in}", "-o", "{out}", "--limit", "0"), "--limit"),
        (("mind", "{in}", "-o", "{out}", "--limit", "many"), "--limit"),
    ],
)
def test_wrong_use_ends_with_2(
    arguments: tuple[str, ...],
    words: str,
    run: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"in": lay_out(tmp_path / "in", "mind"), "out": tmp_path / "out.jsonl"}
    assert run(*(argument.format(**places) for argument in arguments)) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_wrong_format_fails_with_the_right_one_named(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = write(tmp_path / "out.jsonl", "what was there before\n")
    source = lay_out(tmp_path / "in", "mind") / "behaviors.tsv"
    assert run("taobao", source, "-o", out) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"headrace: {source}: expected user,item,category,behaviour,seconds; ")
    assert "it looks like format mind" in said
    # A failed run leaves what was there, and nothing beside it.
    assert out.read_text() == "what was there before\n"
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out.jsonl"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert run("mind", lay_out(tmp_path / "in", "mind"), "-o", closed / "out.jsonl") == 1
    assert "cannot be written: Permission denied" in capsys.readouterr().err


def test_a_full_disk(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    assert run("mind", lay_out(tmp_path / "in", "mind"), "-o", "/dev/full") == 1
    assert "/dev/full: cannot be written: No space left on device" in capsys.readouterr().err


def test_help_has_examples_and_every_format(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    said = "".join(capsys.readouterr().out.split())
    assert "headraceimporttaobaoUserBehavior.csv" in said
    assert all(name in said for name in FORMATS)


def test_it_is_a_plain_function_to_register_anywhere(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command("import")(import_)
    app.command("other")(lambda: None)
    out = tmp_path / "out.jsonl"
    source = lay_out(tmp_path / "in", "mind")
    result = CliRunner().invoke(app, ["import", "mind", str(source), "-o", str(out)])
    assert result.exit_code == 0
    assert len(out.read_bytes().splitlines()) == EVENTS["mind"]


def test_plain_lines_come_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    with progress_on(sys.stderr) as progress:
        assert isinstance(progress, PlainLines)
        progress.read(Path("x.csv"), 10, 100)
        clock[0] = 11.0
        progress.read(Path("x.csv"), 50, 100)
        progress.read(Path("x.csv"), 60, 100)
        clock[0] = 22.0
        progress.write(1, 4)
    assert capsys.readouterr().err == "reading x.csv: 50 %\nwriting events: 25 %\n"


def test_a_terminal_gets_bars(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "UserBehavior.csv", "1,2,3,pv,1511544070\n" * 20_000)
    command = [sys.executable, "-m", "cli.main", "import", "taobao", str(tmp_path)]
    parent, child = os.openpty()
    with subprocess.Popen(
        [*command, "-o", str(tmp_path / "out.jsonl")],
        stdout=subprocess.DEVNULL,
        stderr=child,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(child)
        shown = b""
        while True:
            try:
                part = os.read(parent, 65_536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        os.close(parent)
        assert process.wait(60) == 0
    assert b"reading UserBehavior.csv" in shown
    assert b"writing events" in shown


MAPPING = """
[event]
user = "who"
time = "when"
type = { value = "view" }
"""


def test_a_dry_run_shows_the_first_events_and_writes_nothing(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    lines = [f"u{n},2024-05-04T12:00:0{n}Z" for n in range(9)]
    table = write(tmp_path / "table.csv", "\n".join(["who,when", *lines, "u,never"]))
    before = sorted(tmp_path.iterdir())
    assert run("mapped", table, "--mapping", tmp_path / "m.toml", "--dry-run") == 0
    told = capsys.readouterr()
    shown = [json.loads(line) for line in told.out.splitlines() if line.startswith("{")]
    assert [event["user"] for event in shown] == ["u0", "u1", "u2", "u3", "u4"]
    assert "9 events of 10 lines" in told.out
    assert "nothing was written" in told.out
    assert "skipped 1 line: bad time 1" in told.err
    assert sorted(tmp_path.iterdir()) == before
    assert run("mapped", table, "--dry-run") == 2
    assert run("mapped", table, "--mapping", tmp_path / "m.toml") == 2
    assert "-o FILE" in capsys.readouterr().err


def test_items_of_one_s_own_tables_are_shown_and_written(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    both, goods = tmp_path / "both.toml", tmp_path / "goods.toml"
    goods.write_text('[item]\nid = "sku"\nprice = "price"\n')
    both.write_text(f'{MAPPING}item = "sku"\n{goods.read_text()}')
    rows = ["who,when,sku,price", "u,2024-05-04T12:00Z,cup,4", "u,2024-05-04T12:01Z,cup,5"]
    table, out, items = write(tmp_path / "t.csv", "\n".join(rows)), tmp_path / "o", tmp_path / "i"
    assert run("mapped", table, "--mapping", both, "--dry-run") == 0
    told = capsys.readouterr().out
    shown = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert [(one["id"], one.get("price")) for one in shown] == [
        *((f"both-00000000{n}", None) for n in (2, 3)),
        *(("cup", price) for price in (4.0, 5.0)),
    ]
    assert "2 events of 2 lines" in told
    assert "2 item records; nothing was written" in told
    assert run("mapped", table, "--mapping", both, "-o", out, "--catalog", items) == 0
    records = [decode_json(line, Item) for line in items.read_bytes().splitlines()]
    assert [(one.id, one.price) for one in records] == [("cup", 4.0), ("cup", 5.0)]
    assert run("mapped", table, "--mapping", goods, "--catalog", items) == 0
    assert "2 item records to" in capsys.readouterr().out
    for wrong, said in (
        (("--mapping", goods), "--catalog FILE"),
        (("--mapping", goods, "-o", out), "no [event]"),
    ):
        assert run("mapped", table, *wrong) == 2
        assert said in capsys.readouterr().err
    both.write_text(MAPPING)
    assert run("mapped", table, "--mapping", both, "-o", out, "--catalog", items) == 2
    assert "no [item]" in capsys.readouterr().err
