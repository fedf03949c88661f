"""The source of a replay, alone and through the real engine."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import AbortExecution, StatefulSourcePartition
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, run_main

from flows.drain import Drain
from flows.progress import Progress
from flows.records import RawBatch
from flows.recovery import prepare
from flows.replaying.source import RecordingChanged, ReplaySource
from flows.replaying.total_order import in_rounds
from tests.flows.kafka import failing
from tests.flows.replaying.lines import MINUTE, NOON, SECOND, line, ordered

START = datetime(2026, 1, 1, tzinfo=UTC)
LINES = [line(n * SECOND) for n in range(95)]


def rounds() -> Iterator[RawBatch]:
    return in_rounds(ordered(LINES), 10)


def source_of(
    drain: Drain | None = None,
    progress: Progress | None = None,
    speed: float = 0.0,
    now: Callable[[], datetime] | None = None,
    recording: str = "r",
) -> ReplaySource:
    return ReplaySource(
        rounds,
        drain or Drain(),
        progress or Progress(),
        speed,
        now or (lambda: START),
        lambda: recording,
    )


def part_of(source: ReplaySource, state: Any = None) -> StatefulSourcePartition[RawBatch, Any]:
    return source.build_part("events", "replay", state)


def give_all(part: StatefulSourcePartition[RawBatch, Any]) -> list[RawBatch]:
    given: list[RawBatch] = []
    while True:
        try:
            given += part.next_batch()
        except StopIteration:
            return given


def test_it_gives_all_rounds_and_ends() -> None:
    assert give_all(part_of(source_of())) == list(rounds())


@pytest.mark.parametrize("given", [0, 1, 4, 9, 10])
def test_it_goes_on_after_the_rounds_it_gave(given: int) -> None:
    progress = Progress()
    first = part_of(source_of())
    for _ in range(given):
        first.next_batch()
    assert (
        give_all(part_of(source_of(progress=progress), first.snapshot())) == list(rounds())[given:]
    )
    assert progress.parts()["replay"][:2] == (95, None)


def test_passing_over_much_does_not_hold_up_the_worker() -> None:
    def slow() -> Iterator[RawBatch]:
        for batch in rounds():
            time.sleep(0.03)
            yield batch

    state = part_of(source_of()).snapshot()
    first = part_of(source_of())
    for _ in range(9):
        first.next_batch()
    assert first.snapshot() != state
    source = ReplaySource(slow, Drain(), Progress(), recording=lambda: "r")
    part = part_of(source, first.snapshot())
    calls = []
    while not (batches := part.next_batch()):
        calls.append(batches)
    assert len(calls) >= 2
    assert [batch.round for batch in batches] == [9]


def test_another_recording_is_refused() -> None:
    state = part_of(source_of(recording="a.jsonl 12 bytes")).snapshot()
    with pytest.raises(RecordingChanged, match=r"then a\.jsonl 12 bytes; now a\.jsonl 13 bytes"):
        part_of(source_of(recording="a.jsonl 13 bytes"), state)


def test_it_tells_how_far_it_is() -> None:
    progress = Progress()
    part = part_of(source_of(progress=progress))
    part.next_batch()
    assert progress.parts()["replay"] == (10, None, NOON + 9 * SECOND)


class TestSpeed:
    def test_a_round_waits_as_long_as_it_took_divided_by_the_speed(self) -> None:
        clock = [START]
        part = part_of(source_of(speed=10.0, now=lambda: clock[0]))
        assert [batch.round for batch in part.next_batch()] == [0]
        for round_ in range(1, 9):
            clock[0] = START + timedelta(seconds=round_) - timedelta(milliseconds=1)
            assert part.next_batch() == []
            assert part.next_awake() == START + timedelta(seconds=round_)
            clock[0] = START + timedelta(seconds=round_)
            assert [batch.round for batch in part.next_batch()] == [round_]
            assert part.next_awake() is None

    def test_it_looks_up_often_while_it_waits(self) -> None:
        drain = Drain()
        part = part_of(source_of(drain, speed=0.001))
        part.next_batch()
        assert part.next_batch() == []
        assert part.next_awake() == START + timedelta(milliseconds=100)
        drain.ask()
        with pytest.raises(StopIteration):
            part.next_batch()

    def test_a_resumed_replay_does_not_wait_for_what_it_gave(self) -> None:
        first = part_of(source_of())
        for _ in range(5):
            first.next_batch()
        part = part_of(source_of(speed=1.0), first.snapshot())
        assert [batch.round for batch in part.next_batch()] == [5]
        assert part.next_batch() == []


class TestEngine:
    def run(
        self,
        folder: Path,
        source: ReplaySource,
        step: Callable[[RawBatch], RawBatch] = lambda batch: batch,
    ) -> list[RawBatch]:
        prepare(folder, 1)
        found: list[RawBatch] = []
        flow = Dataflow("replay")
        stream = op.map("step", op.input("in", flow, source), step)
        op.output("out", stream, TestingSink(found))
        recovery = RecoveryConfig(folder)
        run_main(flow, epoch_interval=timedelta(0), recovery_config=recovery)
        return found

    def test_after_an_abort_every_round_comes_again_or_for_the_first_time(
        self, tmp_path: Path
    ) -> None:
        seen: list[int | None] = []
        for stop in (3, 2, 4, 100):
            source = _Aborting(source_of(), stop)
            found = [batch.round for batch in self.run(tmp_path / "r", source)]
            # Where it goes on is where the last kept epoch ended: no later than what was seen.
            assert not seen or found[0] in (seen[-1], (seen[-1] or 0) + 1)
            seen += found
        assert list(dict.fromkeys(seen)) == list(range(10))
        assert seen == sorted(seen, key=lambda round_: round_ or 0)

    def test_after_a_drain_it_goes_on_exactly(self, tmp_path: Path) -> None:
        seen: list[RawBatch] = []
        for stop in (3, 7, 100):
            drain = Drain()

            def step(batch: RawBatch, stop: int = stop, drain: Drain = drain) -> RawBatch:
                if batch.round == stop:
                    drain.ask()
                return batch

            seen += self.run(tmp_path / "r", source_of(drain), step)
        assert seen == list(rounds())

    def test_a_finished_replay_gives_nothing_more(self, tmp_path: Path) -> None:
        assert self.run(tmp_path / "r", source_of()) == list(rounds())
        assert self.run(tmp_path / "r", source_of()) == []

    def test_another_recording_is_refused(self, tmp_path: Path) -> None:
        self.run(tmp_path / "r", source_of())
        with failing(RecordingChanged, "cannot be resumed"):
            self.run(tmp_path / "r", source_of(recording="other"))

    def test_a_paced_replay_ends_soon_when_asked(self, tmp_path: Path) -> None:
        drain = Drain()
        timer = threading.Timer(0.5, drain.ask)
        timer.start()
        source = ReplaySource(rounds, drain, Progress(), speed=SECOND / MINUTE / 1_000)
        began = time.monotonic()
        assert [batch.round for batch in self.run(tmp_path / "r", source)] == [0]
        assert time.monotonic() - began < 30
        timer.join()


class _Aborting(ReplaySource):
    """A replay whose process dies after some rounds, without a last snapshot."""

    def __init__(self, source: ReplaySource, rounds_left: int) -> None:
        self.__dict__.update(source.__dict__)
        self._rounds_left = rounds_left

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
        part = super().build_part(step_id, for_part, resume_state)
        give = part.next_batch

        def next_batch() -> list[RawBatch]:
            if not self._rounds_left:
                raise AbortExecution
            self._rounds_left -= 1
            return list(give())

        part.next_batch = next_batch  # type: ignore[method-assign]
        return part
