"""Poison among good events: the flow goes on, and each record can be listed, mended, let go."""

import base64
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from contracts.keys import CLICK_TOPIC
from tests.builders import NOON, SECOND, raw
from tests.chaos.live import REAL, Live
from tests.chaos.poison import POISON
from tests.cli.running import ROOT, Up, until

SEED = 7
EVENTS = 600

SETTINGS = {"HEADRACE_FLOW__EPOCH_SECONDS": "0.3", "HEADRACE_FLOW__FAMILIES": '["intent"]'}


def headrace(up: Up, *arguments: object, code: int = 0) -> str:
    """Run a command beside the engine; return what it printed."""
    command = [sys.executable, "-m", "cli.main", *map(str, arguments), "--data-dir", str(up.data)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout.decode()


@pytest.mark.timeout(400)
def test_poison_is_refused_record_by_record_and_nothing_stops(tmp_path: Path) -> None:
    good = [raw(user=f"u{n % 20}", item=f"i{n % 9}", at=n * SECOND) for n in range(EVENTS)]
    dice = random.Random(SEED)
    with Up(tmp_path, "--workers", "2", program=REAL, **SETTINGS) as up:
        live = Live(up)
        for bytes_, _ in POISON.values():
            live.send([good.pop() for _ in range(dice.randrange(20))])
            live.producer.produce(CLICK_TOPIC, bytes_, partition=1, timestamp=NOON)
        live.send(good)
        live.await_ends(EVENTS + len(POISON))

        rejected = live.stats()["events"]["rejected"]
        assert rejected == Counter(reason for _, reason in POISON.values())
        assert "ended with" not in up.errors, "a worker died"
        listed = json.loads(headrace(up, "rejects", "list", "--json"))
        told = {(base64.b64decode(one["raw"]), one["reason"]) for one in listed}
        assert told == set(POISON.values())
        assert len(listed) == len(POISON)
        _mend_and_drop(up, live, listed, tmp_path)
        until(lambda: live.stats()["events"]["ended"] > EVENTS + len(POISON))
        assert live.stats()["events"]["applied"] == EVENTS + 1
        headrace(up, "audit")
        assert up.end() == 0


def _mend_and_drop(up: Up, live: Live, listed: list[dict[str, Any]], folder: Path) -> None:
    names = {bytes_: name for name, (bytes_, _) in POISON.items()}
    ids = {names[base64.b64decode(one["raw"])]: one["id"] for one in listed}
    shown = json.loads(headrace(up, "rejects", "show", ids["no UTF-8"], "--json"))
    assert (shown["state"], shown["text"]) == ("open", '{"id": "\\xff\\xfe"}')
    assert shown["origin"].startswith("events.click/1/")
    mended = folder / "event.json"
    mended.write_bytes(raw(id="mended", user="mia"))
    headrace(up, "rejects", "retry", ids["seconds"], "--file", mended)
    again = json.loads(headrace(up, "rejects", "retry", ids["nobody"], "--json", code=1))
    assert "user" in again[ids["nobody"]]["why"]
    headrace(up, "rejects", "drop", ids["zeros"], "--why", "a test")
    left = {one["id"]: one for one in json.loads(headrace(up, "rejects", "list", "--json"))}
    assert ids.values() - left.keys() == {ids["seconds"], ids["zeros"]}
    # What was sent again as bad as it was has been refused once more, by the collector.
    (new,) = left.keys() - ids.values()
    assert left[new]["origin"] == "http:/v1/events"
    shown = json.loads(headrace(up, "rejects", "show", ids["zeros"], "--json"))
    assert (shown["state"], shown["why"]) == ("dropped", "a test")
