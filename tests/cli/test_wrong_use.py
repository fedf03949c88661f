"""Mistakes that are found before anything runs: one clear line, exit code 2, nothing made."""

import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli import main
from contracts.codec import encode_json
from tests.builders import event
from tests.cli.running import Up, until

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run a command line in this process, in a folder of its own; return its exit code."""
    monkeypatch.setattr(logging.getLogger("headrace"), "handlers", [])
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name in [name for name in os.environ if name.startswith("HEADRACE")]:
        monkeypatch.delenv(name)

    def headrace(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["headrace", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main.main()
        return int(ended.value.code or 0)

    return headrace


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "events.jsonl"
    file.write_bytes(encode_json(event(item="cup")) + b"\n")
    return file


@pytest.mark.parametrize("command", [("diff", "live", "replay"), ("promote", "replay")])
def test_a_mistyped_data_folder_is_named_and_not_made(
    run: Run, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*command, "--data-dir", "vra") == 2
    assert "vra: there is no such folder" in capsys.readouterr().err
    assert list(Path().iterdir()) == []
    Path("vra").mkdir()
    assert run(*command, "--data-dir", "vra") == 2
    assert "the folder holds no store" in capsys.readouterr().err
    assert list(Path("vra").iterdir()) == []


@pytest.mark.parametrize("command", ["replay", "evaluate"])
def test_figures_that_could_not_be_written_are_refused_at_the_start(
    run: Run, command: str, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(command, recording, "--json", "no/x.json") == 2
    assert "no/x.json: expected a file in a folder that exists" in capsys.readouterr().err
    assert list(Path().iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
@pytest.mark.parametrize("command", ["replay", "evaluate"])
def test_a_folder_that_may_not_be_written_to_is_refused_at_the_start(
    run: Run, command: str, recording: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("closed").mkdir(mode=0o500)
    assert run(command, recording, "--json", "closed/x.json") == 2
    assert "closed/x.json: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    "command",
    [
        ("import", "taobao", "{folder}", "-o", "out.jsonl"),
        ("replay", "{folder}"),
        ("replay", "{folder}", "--format", "taobao"),
        ("replay", "{folder}", "--format", "events"),
        ("evaluate", "{folder}"),
    ],
)
def test_a_folder_without_data_is_wrong_use_everywhere(
    run: Run, command: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "notes.txt").write_text("nothing")
    assert run(*(word.format(folder=folder) for word in command)) == 2
    assert str(folder) in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_an_import_of_an_empty_file_says_so(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.jsonl").touch()
    assert run("import", "events", tmp_path / "empty.jsonl", "-o", "out.jsonl") == 0
    assert f"warning: {tmp_path}/empty.jsonl holds no lines" in capsys.readouterr().err


@pytest.mark.parametrize("command", [("config", "check"), ("up", "--port", "0")])
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[rule]]\nname = "sale"\naction = "boost"\n', 'rule 1 ("sale")'),
        ("[[rule", "not valid TOML"),
        (None, "cannot be read"),
    ],
)
def test_a_mistake_in_the_rules_is_found_before_anything_starts(
    run: Run,
    command: tuple[str, ...],
    text: str | None,
    fault: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    rules, config = tmp_path / "rules.toml", tmp_path / "headrace.toml"
    if text is not None:
        rules.write_text(text)
    config.write_text(f'[api]\nrules_file = "{rules}"\n')
    assert run(*command, "--config", config) == 2
    said = capsys.readouterr().err
    assert f"headrace: api.rules_file: {rules}: " in said
    assert fault in said
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", ["check", "show"])
def test_a_folder_is_no_settings_file(
    run: Run, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("config", command, "-c", tmp_path) == 2
    assert f"headrace: {tmp_path}: is a folder" in capsys.readouterr().err


def test_waiting_for_a_broker_is_said_at_once(tmp_path: Path) -> None:
    with Up(tmp_path, "--kafka", "127.0.0.1:1") as up:
        until(lambda: "asking Kafka" in up.errors)
        assert "asking Kafka at 127.0.0.1:1" in up.errors
        assert "gives up within about" in up.errors
        assert "starts again" not in up.errors
        up.end()
