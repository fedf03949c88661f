"""What a worker thread has of its own, through the engine's own threads."""

from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource, cluster_main

from flows.per_thread import PerThread
from flows.segments import Segments


def run_on_a_worker_thread(step: object) -> None:
    flow = Dataflow("threads")
    stream = op.map("step", op.input("in", flow, TestingSource(range(10))), step)  # type: ignore[arg-type]
    op.output("out", stream, TestingSink([]))
    cluster_main(flow, [], 0, worker_count_per_proc=2)


def test_a_worker_thread_keeps_what_is_its_own_between_calls() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    own = PerThread(make)
    got: list[object] = []
    run_on_a_worker_thread(lambda _: got.append(own.get()))
    assert len(got) == 10
    assert len(made) == 1


def test_the_buckets_of_a_worker_thread_share_a_file(tmp_path: Path) -> None:
    segments = Segments(tmp_path)

    def save(number: int) -> None:
        bucket = segments.bucket()
        bucket.put("row", b"%d" % number)
        bucket.snapshot()

    run_on_a_worker_thread(save)
    assert len(list(tmp_path.glob("*.seg"))) == 1
