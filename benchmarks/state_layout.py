"""How is keyed state kept? 100,000 users and 100,000 items, two processes, layouts side by side.

    python -m benchmarks.state_layout                     # everything, about 20 minutes
    python -m benchmarks.state_layout --parts steady --epochs 1 --layouts log:256,whole:256
    python -m benchmarks.state_layout --parts kills,rescale --epochs 0.2 --layouts churn:256

Layouts, each with its number of state keys a step:

* `log:N`    buckets; a snapshot appends the dirty rows of all buckets to one file (flows/segments)
* `file:N`   buckets; a snapshot writes the dirty rows of each bucket to a file of its own
* `churn:N`  as `log:N`, but compacting and deleting all the time, to put that under kills
* `whole:N`  buckets; a snapshot is the whole bucket, inside the engine's SQLite partitions
* `single:0` a state key for each user and each item

`steady` measures latency from the scheduled time of each event (so a stall counts for every event
that it delays), bytes written and CPU. `kills` kills both processes ten times with SIGKILL, purges
before each start, measures from process start to the first event out of every worker, and compares
the final state with one computed without the engine; `rescale` does so with 2, 1 and 3 processes in
turn. Rounds interleave the layouts; the table shows
medians. The decision is in docs/decisions/0001-keyed-state-layout.md.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import median

from benchmarks.state_layout_cluster import (
    PROCESSES,
    Cluster,
    create,
    disk_bytes,
    purge,
    stored_digest,
)
from benchmarks.state_layout_flow import PARTITIONS, SEED_EVENTS, Run, expected_digest

LAYOUTS = "log:64,log:256,log:1024,file:256,file:1024,whole:256,whole:1024,single:0"
WARM_UP = 3.0
KILLS = 10
START_TIMEOUT = 120.0

Result = dict[str, float | str | bool]


@dataclass(frozen=True)
class Plan:
    """What one measurement varies."""

    layout: str
    buckets: int
    epoch: float
    fsync_ms: float
    rate: float  # events a second, of the whole cluster

    @property
    def seeded(self) -> str:
        return f"{self.layout}-{self.buckets}"

    def run(self, folder: Path, end: int) -> Run:
        rate = self.rate / PARTITIONS
        return Run(self.layout, self.buckets, str(folder), rate, end, self.epoch, self.fsync_ms)


expected = cache(expected_digest)


def seed(plan: Plan, root: Path) -> Path:
    """Return a folder that holds all users and items, made once for each layout."""
    folder = root / plan.seeded
    if not (folder / "recovery").exists():
        # Resume is quadratic in the keys of a recovery partition: give single keys more of them.
        create(folder, 16 if plan.layout == "single" else 4)
        cluster = Cluster(replace(plan.run(folder, SEED_EVENTS), rate=0, fsync_ms=0))
        cluster.wait(START_TIMEOUT)
        purge(folder)
    return folder


def fresh_copy(plan: Plan, root: Path) -> Path:
    """Return a seeded folder to work in, with the copy on the disk before anything is timed."""
    work = root / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(seed(plan, root), work)
    os.sync()
    return work


def steady(plan: Plan, root: Path) -> Result:
    """Measure an unbroken run."""
    seconds = 30.0 if plan.epoch > 5 else 12.0
    folder = fresh_copy(plan, root)
    end = SEED_EVENTS + int((WARM_UP + seconds + 2) * plan.rate / PARTITIONS)
    cluster = Cluster(plan.run(folder, end))
    start = cluster.first_events(START_TIMEOUT)
    time.sleep(WARM_UP)
    before = cluster.written(), cluster.cpu_seconds()
    time.sleep(seconds)
    written, cpu = (now - then for now, then in zip(_usage(cluster), before, strict=True))
    cluster.wait(START_TIMEOUT)
    latencies = cluster.latencies(WARM_UP)

    def percentile(share: float) -> float:
        return round(1e3 * latencies[int(share * (len(latencies) - 1))], 1)

    return {
        "start_s": round(start, 2),
        "p50_ms": percentile(0.5),
        "p99_ms": percentile(0.99),
        "max_ms": percentile(1.0),
        "MB_per_s": round(written / seconds / 1e6, 2),
        "cpu": round(cpu / seconds, 2),
        "disk_MB": round(disk_bytes(folder) / 1e6),
        "equal": stored_digest(plan.layout, folder) == expected(end),
    }


def kills(plan: Plan, root: Path, processes: Sequence[int] = (PROCESSES,)) -> Result:
    """Kill an otherwise equal run ten times and compare where it ends.

    The starts go through the numbers of `processes` in turn.
    """
    draw = random.Random(7)
    longest = 14.0 if plan.epoch > 5 else 3.0
    folder = fresh_copy(plan, root)
    end = SEED_EVENTS + int((longest * KILLS + 5) * plan.rate / PARTITIONS)
    starts: list[float] = []
    rows = files = 0
    for number in range(KILLS):
        cluster = Cluster(plan.run(folder, end), processes[number % len(processes)])
        starts.append(cluster.first_events(START_TIMEOUT))
        time.sleep(draw.uniform(0.5, longest))
        cluster.kill()
        purged = purge(folder)
        rows, files = rows + purged[0], files + purged[1]
    last = Cluster(replace(plan.run(folder, end), rate=0))
    last.wait(START_TIMEOUT)
    return {
        "recovery_s": round(median(starts), 2),
        "recovery_max_s": round(max(starts), 2),
        "purged_rows": rows,
        "swept_files": files,
        "equal_after_kills": stored_digest(plan.layout, folder) == expected(end),
    }


def _usage(cluster: Cluster) -> tuple[int, float]:
    return cluster.written(), cluster.cpu_seconds()


def rescale(plan: Plan, root: Path) -> Result:
    """Kill as in `kills`, and start again with another number of workers each time."""
    result = kills(plan, root, processes=(2, 1, 3))
    return {f"rescale_{name}": value for name, value in result.items()}


MEASURES: dict[str, Callable[[Plan, Path], Result]] = {
    "steady": steady,
    "kills": kills,
    "rescale": rescale,
}


def table(results: dict[Plan, list[Result]]) -> str:
    """Return medians (and whether all runs were equal) as a Markdown table."""
    columns = list(dict.fromkeys(name for runs in results.values() for run in runs for name in run))
    lines = [
        "| layout | epoch s | fsync + ms | " + " | ".join(columns) + " |",
        "|---|---|---|" + "---|" * len(columns),
    ]
    for plan, runs in results.items():
        cells = [_cell([run[name] for run in runs if name in run]) for name in columns]
        head = f"| {plan.layout}:{plan.buckets} | {plan.epoch:g} | {plan.fsync_ms:g} | "
        lines.append(head + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cell(values: list[float | str | bool]) -> str:
    if not values:
        return ""
    if any(isinstance(value, bool | str) for value in values):
        return "yes" if all(value is True for value in values) else "NO"
    return f"{median(float(value) for value in values):g}"


def plans(options: argparse.Namespace) -> Iterable[Plan]:
    for epoch in options.epochs.split(","):
        for name in options.layouts.split(","):
            layout, buckets = name.split(":")
            yield Plan(layout, int(buckets), float(epoch), options.fsync_ms, options.rate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layouts", default=LAYOUTS)
    parser.add_argument("--epochs", default="1,10")
    parser.add_argument("--parts", default="steady,kills")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--fsync-ms", type=float, default=0.0, help="added to every fsync")
    options = parser.parse_args()
    results: defaultdict[Plan, list[Result]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="state-layout-") as temporary:
        for part in options.parts.split(","):
            for _ in range(options.rounds if part == "steady" else 1):
                for plan in plans(options):
                    try:
                        result = MEASURES[part](plan, Path(temporary))
                    except (RuntimeError, TimeoutError) as error:
                        result = {"failed": str(error)}
                    results[plan].append(result)
                    print(part, plan, json.dumps(result), flush=True)
    print(table(results))


if __name__ == "__main__":
    main()
