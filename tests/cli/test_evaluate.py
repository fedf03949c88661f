"""`headrace evaluate`, from its arguments to its table, its JSON and its exit code."""

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from cli import main
from contracts.codec import encode_json
from tests.builders import MINUTE, event

Run = Callable[..., int]
MUST_HAVE = {
    *("hr@10", "hr@20", "mrr@10", "mrr@20", "ndcg@10", "coverage", "score_us", "learn_us"),
}
ALWAYS = {"random", "popular", "trending", "repeat", "transition", "blend"}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line in this process; return its exit code."""
    monkeypatch.setattr(logging.getLogger("headrace"), "handlers", [])

    def headrace(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["headrace", "evaluate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return int(ended.value.code or 0)

    return headrace


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    made = [  # visits of four touches
        event(user=f"u{user}", item=f"i{(user + n) % 7}", at=(5 * user + n) * MINUTE)
        for user in range(20)
        for n in range(4)
    ]
    made.sort(key=lambda e: e.time)
    file.write_bytes(b"".join(encode_json(e) + b"\n" for e in made))
    return file


@pytest.mark.parametrize("protocol", ["user", "session"])
def test_the_json_has_all_figures(
    run: Run, recording: Path, tmp_path: Path, protocol: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "table.json"
    assert run(recording, "--format", "events", "--protocol", protocol, "--json", file) == 0
    board = json.loads(file.read_text())
    assert (board["protocol"], board["events"]) == (protocol, 80)
    assert board["models"].keys() >= ALWAYS
    for name, figures in board["models"].items():
        assert figures.keys() >= MUST_HAVE, name
        assert 0.0 <= figures["hr@10"] <= figures["hr@20"] <= 1.0
        assert 0.0 <= figures["coverage"] <= 1.0
        assert figures["score_us"] > 0.0
    printed = capsys.readouterr().out
    assert f"protocol {protocol}: 80 events" in printed
    assert all(name in printed for name in board["models"])


def test_only_the_last_part_counts(run: Run, recording: Path, tmp_path: Path) -> None:
    file = tmp_path / "table.json"
    assert run(recording, "--test-from", "0.9", "--models", "popular,blend", "--json", file) == 0
    board = json.loads(file.read_text())
    assert list(board["models"]) == ["popular", "blend"]
    assert board["predictions"] == 8


def test_the_curves_are_drawn_beside_the_json_or_where_it_is_said(
    run: Run, recording: Path, tmp_path: Path
) -> None:
    assert run(recording, "--models", "popular,blend", "--json", tmp_path / "table.json") == 0
    assert run(recording, "--models", "popular,blend", "--svg", tmp_path / "here.svg") == 0
    drawn = (tmp_path / "table.svg").read_text()
    assert ElementTree.fromstring(drawn).tag.endswith("svg")
    assert drawn == (tmp_path / "here.svg").read_text()


def test_stdout_takes_the_json_alone(
    run: Run, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recording, "--models", "popular", "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["events"] == 80


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--format", "nonsense"], "nonsense"),
        (["--protocol", "nobody"], "expected user or session"),
        (["--task", "guess"], "next-item"),
        (["--models", "magic"], "magic"),
        (["--test-from", "1.5"], "--test-from 1.5"),
        (["--until", "0"], "--until 0"),
        (["--by", "colour"], "without colour 80"),
        (["--json", "nowhere/table.json"], "folder that exists"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_do(
    run: Run, recording: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(recording, *options) == 2
    assert said in capsys.readouterr().err


def test_a_source_that_is_not_there(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "gone.csv") == 2
    assert "there is no such file or folder" in capsys.readouterr().err
