"""`headrace demo` as a newcomer runs it: real engine, real shoppers, in a process of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import psutil

from contracts.codec import encode_json
from contracts.events import Item
from tests.builders import MINUTE, event

WAIT_SECONDS = 90.0
ROOT = Path(__file__).parents[3]


class Demo:
    """The process, and what it said so far. Use it as a context: it is killed at the end."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.data = folder / "D"
        self.lines: list[str] = []
        self.decided = 0
        self._options = options
        self._folder = folder
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}

    def __enter__(self) -> Self:
        self._errors = (self._folder / "stderr").open("w")
        data = ("--data-dir", str(self.data), "--port", "0")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "demo", *data, *self._options],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=self._environ,
            cwd=self._folder,
        )
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._thread.join()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.lines += iter(self.process.stdout.readline, "")

    @property
    def text(self) -> str:
        return "".join(self.lines)

    @property
    def errors(self) -> str:
        return (self._folder / "stderr").read_text()

    @property
    def applied(self) -> list[int]:
        """How many events were applied, by each line that says so."""
        return [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) applied", self.text)]

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert self.process.poll() is None, (self.text, self.errors)
            assert time.monotonic() < deadline, (self.text, self.errors)
            time.sleep(0.05)

    def ended(self) -> int:
        """Wait for the end by itself; return the exit code."""
        code = self.process.wait(WAIT_SECONDS)
        self._thread.join()
        return code

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def called(self) -> list[Any]:
        """Return what the ready-made example calls answer."""
        calls = re.findall(
            r"^  curl -s '?(http://[^'\s]+)'?(?: -d '(.*)')?$", self.text, re.MULTILINE
        )
        self.decided += 1
        return [
            json.load(urllib.request.urlopen(url, body.encode() or None, timeout=10))
            for url, body in calls
        ]


def accounted(demo: Demo) -> tuple[int, int]:
    """Return how many events were accepted and applied, by the summary; decisions are events too.

    They may differ only if it says so, as on a machine with far too much to do.
    """
    text = demo.text
    found = re.search(r"([\d,]+) events accepted.*; the engine has applied ([\d,]+)", text)
    assert found is not None, text
    accepted, applied = (int(number.replace(",", "")) for number in found.groups())
    excused = "the last ones were still on their way" in text or "without an answer" in text
    assert accepted <= applied <= accepted + demo.decided or excused
    return accepted, applied


def test_shoppers_come_are_shown_and_leave_nothing_behind(tmp_path: Path) -> None:
    with Demo(tmp_path, "--rate", "100", "--duration", "8") as demo:
        demo.until(lambda: demo.text.startswith("ready http://127.0.0.1:"))
        children = demo.children()
        assert len(children) == 6  # store, broker, flow, API, webhooks, shoppers
        demo.until(lambda: '"explain": true}\'\n' in demo.text)
        # On a machine with far too much to do the shopper's first events may still be on their way.
        demo.until(lambda: demo.called()[1]["profile"] is not None)
        recommended, profile, scores, similar, trending, *known = demo.called()
        rules, concepts, segments, decided = known
        assert recommended["items"]
        assert profile["profile"]["events"] > 0
        assert isinstance(scores["scores"], dict)
        assert similar["items"]
        assert trending["items"]
        assert isinstance(segments["segments"], list)
        assert isinstance(rules["rules"], list)
        assert isinstance(concepts["concepts"], list)
        assert decided["offer"]["kind"] in {"rebate", "shipping", "message", "none"}
        assert demo.ended() == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
    assert "THE SHOPPERS ARE SIMULATED" in demo.text
    assert re.search(r"\d+ events/s \| fresh in .* \| \d+ recommendations/s \|", demo.text)
    assert "\x1b" not in demo.text
    accepted, applied = accounted(demo)
    assert applied > demo.applied[0] >= 0
    assert accepted > 200
    assert "NO WRITE KEYS ARE CONFIGURED" in demo.errors
    assert {entry.name for entry in tmp_path.iterdir()} == {"D", "stderr"}


def test_a_recording_is_played_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    source = tmp_path / "recording"
    source.mkdir()
    events = [
        event(user=f"u{number % 9}", item=f"i{number % 5}", at=number * MINUTE, site="shop")
        for number in range(3_000)
    ]
    items = [Item(id=f"i{number}", site="shop", title=f"Item {number}") for number in range(5)]
    (source / "events.jsonl").write_bytes(b"".join(encode_json(e) + b"\n" for e in events))
    (source / "catalog.jsonl").write_bytes(b"".join(encode_json(i) + b"\n" for i in items))
    with Demo(tmp_path, "--data", str(source), "--rate", "100") as demo:
        demo.until(lambda: len(demo.applied) > 1 and demo.applied[-1] > demo.applied[0])
        children = demo.children()
        demo.process.send_signal(signal.SIGINT)
        assert demo.ended() == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []
    assert "A RECORDING IS PLAYED" in demo.text
    assert re.search(r"3,000 events\n  and 5 items, 5,99\d times as fast as it happened", demo.text)
    accepted, applied = accounted(demo)
    assert 100 < applied <= 3_000
    assert 100 < accepted <= 3_000


def test_two_interrupts_force_the_end(tmp_path: Path) -> None:
    with Demo(tmp_path, "--rate", "20") as demo:
        demo.until(lambda: demo.applied)
        children = demo.children()
        (flow,) = [child for child in children if "flows.main" in child.cmdline()]
        flow.suspend()  # it cannot drain
        demo.process.send_signal(signal.SIGINT)
        demo.until(lambda: "stopping" in demo.errors)
        demo.process.send_signal(signal.SIGINT)
        assert demo.ended() == 0
        assert psutil.wait_procs(children, timeout=10)[1] == []


def test_nobody_reads_so_it_stops(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m cli.main demo --port 0 --data-dir D | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        timeout=WAIT_SECONDS,
        check=True,
    )
    assert done.stdout.startswith("ready http://127.0.0.1:")
    assert "stopping" in done.stderr
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def _run(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "demo", *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)},
        timeout=WAIT_SECONDS,
        check=False,
    )


def test_a_port_that_is_taken_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = _run(tmp_path, "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "choose another with --port" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_wrong_use_is_told_and_ends_with_2(tmp_path: Path) -> None:
    done = _run(tmp_path, "--format", "mind")
    assert (done.returncode, done.stdout) == (2, "")
    assert "which one? Give --data" in done.stderr
    done = _run(tmp_path, "--data", "nowhere.csv")
    assert done.returncode == 2
    assert "nowhere.csv: there is no such file or folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
