"""Workers of a replay killed with -9, again and again: it ends as if nobody had been."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.live import CAMPAIGNS, SEED, traffic
from tests.cli.running import ROOT, until

LONG = "HEADRACE_CHAOS_CYCLES" in os.environ
KILLS = 20 if LONG else 3
EVENTS = max(600 * KILLS, 3_000)
"""So many, at the speed below, that the run outlives the kills."""


class Replaying:
    """A `headrace replay` in a process of its own."""

    def __init__(self, folder: Path, source: Path, namespace: str, *options: str) -> None:
        self.folder = folder / "namespaces" / namespace
        self.json = folder / f"{namespace}.json"
        clean = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "cli.main", "replay", str(source)),
                *("--data-dir", str(folder), "--namespace", namespace, "--json", str(self.json)),
                *options,
            ],
            env=clean
            | {
                "PYTHONPATH": str(ROOT),
                "HEADRACE_FLOW__EPOCH_SECONDS": "0.4",
                "HEADRACE_FLOW__ROUND_EVENTS": "200",
                "HEADRACE_FLOW__BUCKETS": "16",
                "HEADRACE_FLOW__SHARDS": "16",
                "HEADRACE_CAMPAIGNS__FOLDER": str(folder / "campaigns"),
            },
        )

    def pids(self) -> set[int]:
        found = set()
        for file in (self.folder / "run").glob("worker-*.ready"):
            with suppress(FileNotFoundError):  # it goes when its worker is to start again
                text = file.read_text().strip()
                found |= {int(text)} if text else set()
        return found

    def await_restart(self, seen: set[int]) -> None:
        until(lambda: self.ended() or (len(self.pids()) == 2 and not self.pids() & seen))
        assert not self.ended(), "it ended before all kills: replay more events, or slower"

    def ended(self) -> bool:
        return self.process.poll() is not None

    def summary(self) -> dict[str, Any]:
        assert self.process.wait(300) == 0
        found: dict[str, Any] = json.loads(self.json.read_text())
        del found["events_per_second"]
        return found


@pytest.mark.timeout(120 + 60 * KILLS)  # each a start of two workers, on a busy machine
def test_a_replay_whose_workers_are_killed_ends_in_the_state_of_the_unbroken_one(
    tmp_path: Path,
) -> None:
    source = tmp_path / "events.jsonl"
    source.write_bytes(b"\n".join(traffic(EVENTS)))
    write_campaigns(tmp_path / "campaigns")
    unbroken = Replaying(tmp_path, source, "unbroken").summary()
    assert unbroken["rejected"]
    assert unbroken["duplicate"] > 50
    assert all(unbroken["triggers"][campaign["id"]] > 20 for campaign in CAMPAIGNS)

    dice = random.Random(SEED)
    speed = f"{EVENTS * 9 / (5 * KILLS):.0f}x"  # they are nine seconds apart
    broken = Replaying(tmp_path, source, "broken", "--workers", "2", "--speed", speed)
    seen: set[int] = set()
    for _ in range(KILLS):
        broken.await_restart(seen)
        time.sleep(dice.uniform(0.3, 1.5))
        assert not broken.ended(), "it ended before all kills: replay more events, or slower"
        seen |= broken.pids()
        kill_one(broken.pids(), dice)
    assert broken.summary() == unbroken, f"seed {SEED}"


def write_campaigns(folder: Path) -> None:
    """Write the campaigns as files, in the subset of TOML that is JSON's."""
    folder.mkdir()
    for campaign in CAMPAIGNS:
        lines = []
        for name, value in campaign.items():
            if name == "with":
                value = "{" + ", ".join(f"{k} = {json.dumps(v)}" for k, v in value.items()) + "}"
            elif name == "caps":
                value = '[{count = 20, per = "1d"}]'
            else:
                value = json.dumps(value)
            lines.append(f"{name} = {value}")
        (folder / f"{campaign['id']}.toml").write_text("\n".join(lines) + "\n")


def kill_one(pids: set[int], dice: random.Random) -> None:
    # When one dies the other may be gone already: a cluster dies as one.
    with suppress(ProcessLookupError):
        os.kill(dice.choice(sorted(pids)), signal.SIGKILL)
