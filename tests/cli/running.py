"""A `headrace up` in a process of its own, and what can be seen of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from cli.pseudonyms import names_of
from contracts.settings import Settings

ROOT = Path(__file__).parents[2]
STANDIN = ("-m", "tests.cli.standin_up")
WAIT_SECONDS = 120.0
SECRETS = '{"1": "the secret of the pseudonyms of tests"}'


class Start(NamedTuple):
    """One start of a worker, as the stand-in notes it."""

    run: int
    process_id: int
    addresses: int
    pid: int


def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait until `condition` holds; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Up:
    """The process, its output and its children. Use it as a context: it is killed at the end."""

    def __init__(
        self, folder: Path, *options: str, program: tuple[str, ...] = STANDIN, **environ: str
    ) -> None:
        self.folder = folder
        self.data = folder / "D"
        self.home = folder / "home"
        self.work = folder / "work"
        self.home.mkdir(exist_ok=True)
        self.work.mkdir(exist_ok=True)
        self._command = [
            *(sys.executable, *program, "up", "--data-dir", str(self.data)),
            *(() if "--port" in options else ("--port", "0")),
            *options,
        ]
        if "--kafka" in options or "HEADRACE_KAFKA__BOOTSTRAP_SERVERS" in environ:
            environ = {"HEADRACE_API__PSEUDONYM_KEYS": SECRETS} | environ
        clean = {name: value for name, value in os.environ.items() if "HEADRACE" not in name}
        self._environ = clean | {"HOME": str(self.home), "PYTHONPATH": str(ROOT)} | environ

    def __enter__(self) -> "Up":
        self._errors = (self.folder / "stderr").open("w")
        self.rest = ""
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=self._environ,
            cwd=self.work,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.rest = self.process.communicate()[0]
        self._errors.close()

    def line(self) -> str:
        """Wait for a line on stdout."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ready(self) -> str:
        """Wait for the line and return the URL in it."""
        line = self.line()
        assert line.startswith("ready http://127.0.0.1:"), (line, self.errors)
        return line.split()[1]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(WAIT_SECONDS)

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return (self.folder / "stderr").read_text()

    @property
    def settings(self) -> Any:
        """The resolved settings that its processes read."""
        return json.loads((self.data / "run" / "settings.json").read_text())

    @property
    def starts(self) -> list[Start]:
        """The starts of workers, in order of their lines."""
        lines = (self.data / "starts").read_text().splitlines()
        return [Start(*map(int, line.split())) for line in lines]

    def revealed(self, raw: bytes) -> bytes:
        """Return JSON of site `default` with ids in place of their pseudonyms."""
        return names_of(Settings(data_dir=self.data)).revealed("default", raw)

    def await_control(self, count: int) -> None:
        """Wait until each worker has `count` changes of control in force since it was ready."""

        def in_force() -> bool:
            logs = [file.read_text() for file in (self.data / "logs").glob("worker-*.log")]
            return min((log.count("is taken note of") for log in logs), default=0) >= count

        until(in_force)

    def children(self) -> list[psutil.Process]:
        """Its processes."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, word: str) -> psutil.Process:
        """The one of its processes whose command line has `word` in it."""
        (found,) = [child for child in self.children() if word in " ".join(child.cmdline())]
        return found
