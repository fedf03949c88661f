"""What the pages say is so: commands run, answers are real, links lead somewhere."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cli.commands import COMMANDS
from tests.cli.running import WAIT_SECONDS, Up

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SERVED_AT = "http://127.0.0.1:8000"

VOLATILE = {"request", "as_of", "lag_ms", "time", "start", "last", "first_seen", "last_seen", "id"}
"""Fields that differ from run to run: their type is compared."""

REAL = ("-m", "cli.main")


class Call(NamedTuple):
    """A command of the README, and the answer that it promises."""

    command: str
    answer: Any


def calls() -> list[Call]:
    found = re.findall(r"```sh\n(curl .*?)```\s*```json\n(.*?)```", README, re.DOTALL)
    return [Call(command, json.loads(answer)) for command, answer in found]


def shape(answer: Any, name: str = "") -> Any:
    """An answer with what differs from run to run replaced by its type, and scores rounded."""
    if isinstance(answer, dict):
        return {key: shape(value, key) for key, value in answer.items()}
    if isinstance(answer, list):
        return [shape(value) for value in answer]
    if name in VOLATILE and answer is not None:
        return type(answer).__name__
    return round(answer, 3) if name == "score" else answer


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with Up(tmp_path_factory.mktemp("readme"), program=REAL) as up:
        yield up.ready()
        assert up.end() == 0


@pytest.mark.timeout(600)  # a start of the whole engine, on a machine that may be busy
@pytest.mark.skipif(shutil.which("curl") is None, reason="the README's calls are made with curl")
def test_the_first_five_calls_get_the_answers_that_are_shown(url: str) -> None:
    assert len(calls()) == 5
    for number, call in enumerate(calls(), 1):
        asks = " -d " not in call.command
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = _run(call.command.replace(SERVED_AT, url))
            # What was posted a moment ago shows in an answer a moment later; a post is sent once.
            if not asks or shape(answer) == shape(call.answer) or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        assert shape(answer) == shape(call.answer), f"call {number}"


def _run(command: str) -> Any:
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.timeout(600)
def test_the_example_replays_into_the_summary_that_is_shown(tmp_path: Path) -> None:
    [(command, shown)] = re.findall(
        r"```sh\n\.venv/bin/headrace (replay .*?)\n```\s*```text\n(.*?)```", README, re.DOTALL
    )
    options = ("--data-dir", str(tmp_path / "D"), "--json", str(tmp_path / "summary.json"))
    run = [sys.executable, *REAL, *command.split(), *options]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    assert _figures(done.stdout) == _figures(shown)
    events = json.loads((tmp_path / "summary.json").read_text())["events"]
    assert events == (ROOT / command.split()[1]).read_bytes().count(b"\n")


def _figures(text: str) -> dict[str, str]:
    """The summary's figures, but the speed and the hash, which may change with a version."""
    pairs = (re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in text.strip().splitlines())
    found = dict(pairs)
    assert re.fullmatch("[0-9a-f]{32}", found.pop("state hash"))
    assert float(found.pop("events per second").replace(",", "")) > 0
    return found


def test_it_opens_with_the_two_commands() -> None:
    opening = README.partition("## ")[0]
    assert [line.split()[1] for line in opening.splitlines() if line.startswith("make ")] == [
        "demo",
        "test",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if not link.startswith(("http://", "https://", "#", "mailto:")):
            assert (page.parent / link.partition("#")[0]).exists(), f"{page}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_table_begins_with_its_head(page: Path) -> None:
    """A blank line inside a table ends it, and the rows below are shown as they are typed."""
    text = page.read_text(encoding="utf-8")
    for row, below in re.findall(r"\n\n(\|.*)\n(.*)", text):
        assert re.fullmatch(r"\|[ :|-]+", below), f"{page}: {row}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_commands_and_targets_that_are_named_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    folders = (
        "api|benchmarks|cli|client|contracts|docs|evaluation|examples|flows|online_models|operators"
        "|storage|tests"
    )
    for path in re.findall(rf"`((?:{folders})/[\w/.-]*)`", text):
        assert (ROOT / path).exists(), f"{page}: {path}"
    for module in re.findall(r"python -m (benchmarks\.\w+)", text):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), f"{page}: {module}"
    for command in re.findall(r"(?m)(?:`|^\$ |bin/)headrace ([a-z][a-z-]*)", text):
        assert command in COMMANDS, f"{page}: headrace {command}"
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"))
    for target in re.findall(r"(?m)(?:`|^)make (\w+)", text):
        assert target in targets, f"{page}: make {target}"
