"""The documentation as a site: it builds without a warning, and its reference is of the code."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from api.operation_ids import IDS
from cli import reference
from cli.commands import COMMANDS
from contracts.setting_sources import Schema
from contracts.settings import Settings
from tests.cli.running import ROOT


def build(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(
        [*command, "--config-file", str(folder / "mkdocs.yml")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    reference.main(folder)
    return folder


def test_the_site_is_built_without_a_warning_and_would_notice_a_dead_link(pages: Path) -> None:
    done = build(pages)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (pages / "site" / "reference" / "commands" / "index.html").is_file()
    (pages / "docs" / "changelog.md").write_text("[gone](nowhere.md)")
    assert build(pages).returncode != 0


def test_every_page_is_in_the_navigation_once() -> None:
    found: list[str] = []

    def walk(node: object) -> None:
        if isinstance(node, str):
            found.append(node)
        for inner in node if isinstance(node, list) else ():
            walk(inner)
        for inner in node.values() if isinstance(node, dict) else ():
            walk(inner)

    walk(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    docs = ROOT / "docs"
    there = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    made = {f"reference/{name}.md" for name in reference.PAGES}
    assert sorted(found) == sorted(there | made)


def test_the_reference_has_every_command_setting_and_route(pages: Path) -> None:
    text = {name: (pages / "docs/reference" / f"{name}.md").read_text() for name in reference.PAGES}
    assert all(f"## headrace {name}\n" in text["commands"] for name in COMMANDS)
    assert all(f"| `{name}` |" in text["settings"] for name in Schema(Settings).names)
    assert all(f"## {route}\n" in text["routes"] for route in IDS)
    assert "| `headrace_serve_lag_seconds` | gauge |" in text["metrics"]
    assert "| `headrace_triggers_lost_total` | counter |" in text["metrics"]
    assert "| `headrace_flow_lag_records` | gauge |" in text["metrics"]
