"""A cluster of two processes: start, kill -9, purge, measure, and read back what it stored."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from bytewax.recovery import init_db_dir

from benchmarks.state_layout_flow import PARTITIONS, Run, arguments, digest, read_rows
from flows.sweeping import sweep

PROCESSES = 2
HEAD_START = 0.15  # seconds by which the first process precedes the others


class Cluster:
    """The processes of one start."""

    def __init__(self, run: Run, processes: int = PROCESSES) -> None:
        self.folder = Path(run.folder)
        self.log = self.folder / "log"
        for old in [*self.folder.glob("first-*"), *self.folder.glob("latency-*")]:
            old.unlink()
        addresses = ";".join(f"127.0.0.1:{port}" for port in _free_ports(processes))
        command = [sys.executable, "-m", "benchmarks.state_layout_flow", arguments(run)]
        self.started = time.time()
        self.processes: list[subprocess.Popen[bytes]] = []
        with self.log.open("ab") as log:
            for index in range(processes):
                if index == 1:
                    # A process that finds no listener yet sleeps a whole second before it retries.
                    time.sleep(HEAD_START)
                one = subprocess.Popen([*command, str(index), addresses], stderr=log, stdout=log)
                self.processes.append(one)

    def first_events(self, timeout: float) -> float:
        """Return the seconds from the start until every worker has put an event out."""
        marks = [self.folder / f"first-{part}" for part in range(PARTITIONS)]
        deadline = time.time() + timeout
        while not all(mark.exists() for mark in marks):
            if time.time() > deadline or any(p.poll() for p in self.processes):
                self.kill()
                raise RuntimeError(f"no event came out; see {self.log}")
            time.sleep(0.005)
        return max(float(mark.read_text()) for mark in marks) - self.started

    def written(self) -> int:
        """Return how many bytes the processes have sent to the disk."""
        total = 0
        for process in self.processes:
            for line in Path(f"/proc/{process.pid}/io").read_text().splitlines():
                if line.startswith("write_bytes:"):
                    total += int(line.split()[1])
        return total

    def cpu_seconds(self) -> float:
        """Return the CPU time that the processes have used."""
        ticks = 0
        for process in self.processes:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        """Kill -9 one after the other, as an out-of-memory killer or a power cut would."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait()

    def wait(self, timeout: float) -> None:
        """Wait for the end of the input; fail if a process failed."""
        try:
            codes = [process.wait(timeout) for process in self.processes]
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        if any(codes):
            raise RuntimeError(f"exit codes {codes}; see {self.log}")

    def latencies(self, skip: float) -> list[float]:
        """Return latencies in seconds, sorted, without the first `skip` seconds of the schedule."""
        pairs: list[tuple[float, float]] = []
        for path in self.folder.glob("latency-*"):
            samples = array("d")
            samples.frombytes(path.read_bytes())
            pairs += zip(samples[::2], samples[1::2], strict=True)
        begin = min(scheduled for scheduled, _ in pairs) + skip
        return sorted(latency for scheduled, latency in pairs if scheduled >= begin)


def create(folder: Path, partitions: int) -> None:
    """Make an empty data folder."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "recovery").mkdir(parents=True)
    init_db_dir(folder / "recovery", partitions)  # type: ignore[no-untyped-call]  # untyped


def purge(folder: Path) -> tuple[int, int]:
    """Remove what an unfinished epoch left; return how many rows and how many segment files.

    The resume epoch is the least frontier of the workers of the newest execution, as in the
    engine's own query; a worker that has not reported yet stands at that execution's beginning.
    """
    paths = sorted((folder / "recovery").glob("*.sqlite3"))
    executions: list[tuple[int, int, int]] = []
    fronts: list[tuple[int, int, int]] = []
    for path in paths:
        with closing(sqlite3.connect(path)) as db:
            executions += db.execute("SELECT ex_num, worker_count, resume_epoch FROM exs")
            fronts += db.execute("SELECT ex_num, worker_index, worker_frontier FROM fronts")
    if not executions:
        return 0, 0
    newest, workers, begin = max(executions)
    frontier = dict.fromkeys(range(workers), begin)
    for number, worker, epoch in fronts:
        if number == newest:
            frontier[worker] = max(frontier[worker], epoch)
    rows = 0
    for path in paths:
        with closing(sqlite3.connect(path)) as db, db:
            epoch = min(frontier.values())
            rows += db.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (epoch,)).rowcount
    segments = folder / "segments"
    return rows, sweep(segments, folder / "recovery") if segments.exists() else 0


def stored_digest(layout: str, folder: Path) -> str:
    """Return the digest of the newest state in the recovery partitions."""
    return digest(row for state in _states(folder) for row in read_rows(layout, folder, state))


def disk_bytes(folder: Path) -> int:
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def _states(folder: Path) -> Iterator[bytes]:
    newest: dict[tuple[str, str], tuple[int, bytes | None]] = {}
    for path in (folder / "recovery").glob("*.sqlite3"):
        with closing(sqlite3.connect(path)) as db:
            query = "SELECT step_id, state_key, snap_epoch, ser_change FROM snaps"
            for step, key, epoch, change in db.execute(query):
                if "users" in step or "items" in step:
                    newest[step, key] = max(
                        newest.get((step, key), (-1, None)), (epoch, change), key=lambda x: x[0]
                    )
    for _, change in newest.values():
        if change is not None:
            yield _bytes_in(pickle.loads(change))


def _bytes_in(state: object) -> bytes:
    """Return the state inside what the engine wraps around it."""
    if isinstance(state, bytes):
        return state
    parts = state if isinstance(state, tuple) else (getattr(state, "state", None),)
    return next(part for part in parts if isinstance(part, bytes))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
