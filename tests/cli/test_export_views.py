"""`headrace export`: what lies in the store comes out as tables."""

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from cli import main
from storage.tables import TABLES
from tests.api.serve.shop import fill, now_ms, shop
from tests.cli.running import ROOT
from tests.storage.servers import StoreServer, running


@pytest.fixture(scope="module")
def store():
    with running() as server:
        fill(server, shop(now_ms()))
        yield server


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    # Each run adds a handler, which writes to the stderr of its own time.
    monkeypatch.setattr(logging.getLogger("headrace"), "handlers", [])
    monkeypatch.setattr(sys, "argv", ["headrace", "export", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_every_table_has_its_rows(
    store: StoreServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: dict[str, list[dict[str, Any]]] = {}
    for name, table in TABLES.items():
        file = tmp_path / f"{name}.parquet"
        assert run(monkeypatch, name, "-o", file, "--redis", store.url) == 0
        found = pyarrow.parquet.read_table(file)
        assert found.column_names == list(table.columns)
        read[name] = found.to_pylist()
    [ada] = read["people"]
    assert (ada["user"], ada["site"], ada["bot"]) == ("ada", "default", False)
    assert ada["last_seen"].tzinfo is not None
    assert {one["user"] for one in read["interests"]} == {"ada"}
    assert len(read["recents"]) > 1
    assert read["recents"][0]["type"] in {"view", "add_to_cart", "purchase"}
    assert {one["model"] for one in read["scores"]}
    assert len(read["segments"]) == 1
    assert sorted(tmp_path.iterdir()) == sorted(tmp_path / f"{name}.parquet" for name in TABLES)


def test_wrong_use_is_said_before_anything_is_written(
    store: StoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(monkeypatch, "folk", "-o", tmp_path / "x", "--redis", store.url) == 2
    assert "there are: people, interests" in capsys.readouterr().err
    gone = tmp_path / "no" / "x.parquet"
    assert run(monkeypatch, "people", "-o", gone, "--redis", store.url) == 2


def test_the_notebook_runs_from_its_first_cell_to_its_last(
    store: StoreServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STORE", store.url)
    monkeypatch.chdir(ROOT)
    notebook = json.loads((ROOT / "examples" / "people.ipynb").read_text(encoding="utf-8"))
    assert notebook["nbformat"] == 4
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(not cell.get("outputs") for cell in notebook["cells"]), "outputs name people"
    names: dict[str, Any] = {}
    for number, source in enumerate(cells):
        exec(compile(source, f"cell {number}", "exec"), names)
    told = capsys.readouterr().out
    assert [person["user"] for person in names["people"]] == ["ada"]
    assert names["rfm"][0][3] == "ada"
    assert "median" in told
