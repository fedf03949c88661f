"""`headrace up` as it is: real workers, real API, through a crash and a restart."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.cli.running import ROOT, Up, until

REAL = ("-m", "cli.main")


class Shop:
    """A website that posts views of one visitor and asks for her profile."""

    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, auth=("any", ""), timeout=30)

    def post(self, number: int) -> None:
        event = {"id": f"e{number}", "type": "view", "user": "ada", "item": f"i{number % 3}"}
        answer = self.client.post("/v1/events", json=event | {"time": int(time.time() * 1000)})
        assert answer.status_code == 200, answer.text

    def knows(self, events: int) -> bool:
        answer: dict[str, Any] = self.client.get("/v1/users/ada/profile").json()
        return bool(answer["known"]) and answer["profile"]["events"] == events

    def ask(self) -> None:
        answer = self.client.get("/v1/users/ada/recommendations").json()
        assert answer["user"] == "ada"

    def stock(self) -> None:
        """Say what two items are: what ada views, and one that nobody ever touched."""
        kettles = {"category": "kitchen", "brand": "acme", "tags": ["steel"]}
        items = [{"id": "i1", **kettles}, {"id": "unseen", "title": "Steel kettle", **kettles}]
        assert self.client.post("/v1/items", json=items).json()["accepted"] == len(items)

    def finds_the_unseen(self) -> bool:
        answer = self.client.get("/v1/users/ada/recommendations").json()
        return ("unseen", "alike") in [(one["item"], one["strategy"]) for one in answer["items"]]

    def judged(self, predictions: int) -> bool:
        figures = self.client.get("/v1/stats").json()["scoreboard"].get("default")
        return bool(figures) and figures["models"]["shown"]["predictions"] == predictions


def told_by(command: str, up: Up) -> Any:
    """Return what `headrace status` or `headrace doctor` says of an engine."""
    command_line = [sys.executable, *REAL, command, "--data-dir", str(up.data), "--json"]
    return json.loads(
        # A busy machine may lag by more than `status` lets pass with 0.
        subprocess.run(command_line, check=False, capture_output=True, cwd=ROOT).stdout
    )


@pytest.mark.timeout(600)  # three starts of the whole engine, on a machine that may be busy
def test_events_survive_a_killed_worker_and_a_restart(tmp_path: Path) -> None:
    options = ("--workers", "2")
    given = {"HEADRACE_FLOW__EPOCH_SECONDS": "0.5", "HEADRACE_FLOW__SCORE_SHARE": "1"}
    with Up(tmp_path, *options, program=REAL, **given) as up:
        shop = Shop(up.ready())
        for number in range(5):
            shop.post(number)
        until(lambda: shop.knows(5))

        shop.ask()
        shop.post(9)
        until(lambda: shop.knows(6))
        until(lambda: shop.judged(1))

        [worker, *_] = [c for c in up.children() if "flows.main" in " ".join(c.cmdline())]
        worker.kill()
        shop.post(5)
        shop.post(5)  # the same event again
        until(lambda: "run 2 of namespace live" in up.errors)
        until(lambda: shop.knows(7))
        children = up.children()
        assert up.end() == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
        shop.client.close()

    # The embedded broker has a new log now; what was learnt from the old one is still there.
    with Up(tmp_path, *options, program=REAL, **given) as up:
        shop = Shop(up.ready())
        until(lambda: shop.knows(7))
        shop.ask()
        shop.post(6)
        until(lambda: shop.knows(8))
        until(lambda: shop.judged(2))
        shop.stock()
        until(shop.finds_the_unseen)
        told = told_by("status", up)
        assert told["ready"]["status"] == "ready"
        assert told["stats"]["events"]["applied"] >= 8
        assert told["checkpoint_age_seconds"] is not None
        checks = told_by("doctor", up)["checks"]
        assert {"engine", "kafka", "models", "store"} <= {one["area"] for one in checks}
        assert [one for one in checks if one["level"] == "fail"] == []
        assert told["ours"]
        assert told["workers"]["of"] == 2
        assert sorted(one["worker"] for one in told["stats"]["workers"]) == [0, 1]
        assert {one["run"] for one in told["stats"]["workers"]} == {3}
        kept = told["stats"]["checkpoint"]
        until(lambda: told_by("status", up)["stats"]["checkpoint"]["time"] > kept["time"])
        assert up.end() == 0
        shop.client.close()
    assert list(up.home.iterdir()) == list(up.work.iterdir()) == []
