"""`headrace replay` as people run it: in a process of its own, on a store of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import ROOT


def replay(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "replay", *options, "--data-dir", str(folder / "D")],
        env=clean
        | {
            "PYTHONPATH": str(ROOT),
            "HEADRACE_FLOW__BUCKETS": "8",
            "HEADRACE_FLOW__SHARDS": "4",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.mark.timeout(300)  # two clusters are started, on a machine that may be busy
def test_the_bad_lines_of_a_data_set_are_counted_with_any_number_of_workers(
    tmp_path: Path,
) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(
        b"7,42\n7,42,3,buy,1511544070\n7,42,3,hop,1511540000\n\xff,42,3,pv,1\n7,42,3,pv,12\n"
    )
    found: list[dict[str, Any]] = []
    for workers in ("1", "3"):
        summary = tmp_path / f"{workers}.json"
        run = replay(
            tmp_path,
            *(str(file), "--format", "taobao", "--workers", workers, "--json", str(summary)),
        )
        assert run.returncode == 0, run.stderr
        found.append(json.loads(summary.read_text()))
        del found[-1]["events_per_second"]
    assert found[0] == found[1]
    assert (found[0]["events"], found[0]["applied"]) == (5, 1)
    assert found[0]["rejected"] == {"malformed": 2, "invalid": 1, "bad_time": 1}


@pytest.mark.timeout(200)  # a cluster is started, on a machine that may be busy
def test_an_empty_recording_is_said(tmp_path: Path) -> None:
    file = tmp_path / "empty.jsonl"
    file.touch()
    run = replay(tmp_path, str(file), "--json", "-")
    assert run.returncode == 0
    assert json.loads(run.stdout)["events"] == 0
    assert f"warning: {file} held no events" in run.stderr


@pytest.mark.timeout(400)  # three starts, on a machine that may be busy
def test_a_replay_goes_by_who_was_erased_with_any_number_of_workers(tmp_path: Path) -> None:
    file = tmp_path / "shop.jsonl"
    lines = (ROOT / "examples" / "shop.jsonl").read_bytes().splitlines(keepends=True)[:250]
    file.write_bytes(b"".join(lines))
    people = [json.loads(line).get("user") for line in lines]
    user = max(sorted({one for one in people if one}), key=people.count)

    def summed(workers: str) -> dict[str, Any]:
        summary = tmp_path / f"{workers}.json"
        run = replay(tmp_path, str(file), "--workers", workers, "--json", str(summary))
        assert run.returncode == 0, run.stderr
        found: dict[str, Any] = json.loads(summary.read_text())
        del found["events_per_second"]
        return found

    whole = summed("1")
    command = [sys.executable, "-m", "cli.main", "erase", user, "--data-dir", str(tmp_path / "D")]
    erased = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert erased.returncode == 0, erased.stderr
    found = [summed(workers) for workers in ("1", "2")]
    assert found[0] == found[1]
    assert found[0]["withheld"]["erased"] >= people.count(user)
    assert found[0]["users"] < whole["users"]
    assert found[0]["state_hash"] != whole["state_hash"]
