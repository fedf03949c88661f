"""Epochs that end at all sources at once, on the engine's own terms."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import (
    DynamicSource,
    FixedPartitionedSource,
    StatefulSourcePartition,
    StatelessSourcePartition,
)
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, cluster_main

from flows.epochs import MARGIN_S, SLACK_S, Epochs, Pace
from flows.recovery import prepare

PERIOD = 5.0


@dataclass
class Simulated:
    """A source as the engine sees it: `idle` seconds between two looks; `ends` of its epochs.

    What `play` calls `late` is by how much it is activated after it wanted to be, at most.
    """

    idle: float
    interval: float
    began: float
    pace: Pace | None = None
    awake: float = 0.0
    ends: list[float] = field(default_factory=list)

    def look(self, now: float) -> None:
        """Be activated: ask for a batch and when to be awake, then end the epoch if it is due."""
        if now - self.began >= self.interval:
            self.ends.append(now)
            self.began = now
            if self.pace is not None:
                self.pace.began(now)
        wanted = now + self.idle
        kept = wanted if self.pace is None else self.pace.awake(wanted, now)
        self.awake = wanted if kept is None else kept


def play(
    idles: list[float],
    starts: list[float],
    epochs: Epochs | None,
    count: int,
    late: float = 0.0,
) -> list[float]:
    """Return for each epoch how long the first source to end it waits for the last."""
    interval = PERIOD if epochs is None else epochs.interval.total_seconds()
    sources = [
        Simulated(idle, interval, start, None if epochs is None else Pace(epochs, start), start)
        for idle, start in zip(idles, starts, strict=True)
    ]
    waits: list[float] = []
    dice = random.Random(3)
    while len(waits) < count:
        done = len(waits)
        # Whoever has ended this epoch is not asked until all have.
        open_ = [source for source in sources if len(source.ends) <= done]
        source = min(open_, key=lambda one: one.awake)
        source.look(source.awake + late * dice.random())
        if all(len(one.ends) > done for one in sources):
            ends = [one.ends[done] for one in sources]
            waits.append(max(ends) - min(ends))
            for one in sources:
                one.awake = max(one.awake, max(ends))
    return waits


def test_without_it_a_source_waits_for_a_lazier_one_longer_each_time() -> None:
    waits = play([0.005, 0.19], [0.0, 0.0], None, 40)
    assert waits[30] > 20 * max(waits[0], 0.01)


@pytest.mark.parametrize("idles", [[0.005, 0.19, 0.1], [0.19, 0.005], [0.0113, 0.0117]])
def test_sources_end_their_epochs_together_however_lazy(idles: list[float]) -> None:
    waits = play(idles, [100.0] * len(idles), Epochs(PERIOD), 60)
    assert max(waits) <= max(MARGIN_S, min(idles)) + 0.001


@pytest.mark.parametrize("late", [0.01, 0.025, 0.05])
def test_on_a_busy_worker_no_epoch_ends_earlier_each_time(late: float) -> None:
    waits = play([0.005, 0.19], [100.0, 100.0], Epochs(PERIOD), 200, late)
    assert max(waits) < 2 * late + 0.02
    assert sum(waits[100:]) / 100 < late


def test_after_standing_still_a_source_looks_as_often_as_before() -> None:
    source = Simulated(0.005, Epochs(PERIOD).interval.total_seconds(), 0.0)
    source.pace = Pace(Epochs(PERIOD, clock=lambda: 0.0), 0.0)
    source.look(0.0)
    now, looks = 20.0, []
    while now < 40.0:
        looks.append(now)
        source.look(now)
        now = source.awake
    pauses = [after - before for before, after in pairwise(looks)]
    assert max(pauses) < 0.4
    assert len(looks) > 0.9 * 20.0 / 0.005


def test_a_source_that_began_earlier_falls_in_step() -> None:
    waits = play([0.2, 0.2, 0.005], [98.9, 99.4, 100.0], Epochs(PERIOD), 60)
    assert waits[0] > 0.5
    assert max(waits[2:]) <= 0.008


def test_who_is_late_gains_a_little_each_epoch_and_never_loses_one() -> None:
    epochs = Epochs(PERIOD)
    epochs.join(100.0)
    least, end = epochs.end_after(105.3)
    assert (least, end) == (pytest.approx(110.25), pytest.approx(110.25 + MARGIN_S))
    least, end = epochs.end_after(104.9)
    assert (least, end) == (pytest.approx(109.85), pytest.approx(110.0))
    assert epochs.interval == timedelta(seconds=PERIOD - SLACK_S)
    assert Epochs(0.05).interval == timedelta(seconds=0.045)


class Counting(FixedPartitionedSource[int, int]):
    """Two partitions that count, as fast as they are asked."""

    def __init__(self, most: int) -> None:
        self.most = most

    def list_parts(self) -> list[str]:
        return ["a", "b"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "_Counter":
        return _Counter(self.most, resume_state or 0)


class _Counter(StatefulSourcePartition[int, int]):
    def __init__(self, most: int, at: int) -> None:
        self.at, self.most = at, most

    def next_batch(self) -> Iterable[int]:
        if self.at >= self.most:
            raise StopIteration
        self.at += 1
        return [self.at]

    def snapshot(self) -> int:
        return self.at


class Lazy(DynamicSource[int]):
    """Everywhere, seldom awake."""

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Idler":
        return _Idler()


class _Idler(StatelessSourcePartition[int]):
    def __init__(self) -> None:
        self.left = 5

    def next_batch(self) -> Iterable[int]:
        self.left -= 1
        if not self.left:
            raise StopIteration
        return [-1]

    def next_awake(self) -> datetime:
        return datetime.now(UTC) + timedelta(milliseconds=30)


@pytest.mark.parametrize("workers", [1, 2])
def test_in_the_engine_nothing_is_lost_or_given_twice(tmp_path: Path, workers: int) -> None:
    prepare(tmp_path, 1)
    epochs, out = Epochs(0.05), []
    flow = Dataflow("epochs")
    numbers = op.input("numbers", flow, epochs.keep(Counting(3_000)))
    lazy = op.input("lazy", flow, epochs.keep(Lazy()))
    op.output("out", op.merge("all", numbers, lazy), TestingSink(out))
    cluster_main(
        flow,
        [],
        0,
        worker_count_per_proc=workers,
        epoch_interval=epochs.interval,
        recovery_config=RecoveryConfig(tmp_path),
    )
    assert sorted(n for n in out if n > 0) == sorted([*range(1, 3_001)] * 2)
    assert out.count(-1) == 4 * workers
