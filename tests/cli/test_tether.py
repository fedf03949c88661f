"""Both ways of dying with the parent: the kernel's, and the watcher for other systems."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from cli.children import TETHER
from tests.cli.running import ROOT

WATCHER = "import sys, cli.tether as t; t.LINUX = False; sys.exit(t.main(sys.argv[1:]))"
WAYS = [
    pytest.param(
        ("-I", "-S", str(TETHER)),
        id="kernel",
        marks=pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's"),
    ),
    pytest.param(("-c", WATCHER), id="watcher"),
]


def _start(way: tuple[str, ...], *command: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *way, str(os.getpid()), *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.parametrize("way", WAYS)
def test_output_and_exit_code_pass_through(way: tuple[str, ...]) -> None:
    with _start(way, "sh", "-c", "echo hello; exit 7") as process:
        assert process.communicate(timeout=30)[0] == "hello\n"
        assert process.returncode == 7


@pytest.mark.parametrize("way", WAYS)
def test_signals_pass_through(way: tuple[str, ...]) -> None:
    script = "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    with _start(way, "sh", "-c", script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=30)[0] == "asked\n"
        assert process.returncode == 0


@pytest.mark.parametrize("way", WAYS)
def test_a_command_that_is_not_there_is_said(way: tuple[str, ...]) -> None:
    with _start(way, "/no/such") as process:
        assert process.communicate(timeout=30)[0] == (
            "/no/such: cannot be run: No such file or directory\n"
        )
        assert process.returncode == 127


@pytest.mark.parametrize("way", WAYS)
def test_it_dies_with_a_killed_parent(way: tuple[str, ...]) -> None:
    parent_code = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, *sys.argv[1:], str(os.getpid()),"
        " 'sh', '-c', 'echo $$; exec sleep 60'])\n"
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent_code, *way], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as parent:
        assert parent.stdout is not None
        command = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
        assert psutil.wait_procs([command], timeout=20)[1] == []
