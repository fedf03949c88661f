"""Waiting for the disk once an epoch: whatever an epoch's state refers to is there in time."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path

import pytest
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, cluster_main

from flows.disk import Disk
from flows.drain import Drain
from flows.live import Resources, Sinks, build
from flows.per_thread import PerThread
from flows.recovery import prepare
from flows.segment_files import SegmentStore
from flows.segments import Segments
from flows.view_sink import ViewSink
from flows.view_writes import ViewWrites
from operators.catalogue import Catalogue
from storage.memory_views import MemoryViews
from tests.builders import SECOND, raw
from tests.flows.test_live import SETTINGS, batches


class Lazy(Disk):
    """A disk that writes nothing until it is waited for, and notes who waited."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[Callable[[], None]] = []
        self.together: list[int] = []
        self.alone = self.hurried = 0

    def begin(self, write: Callable[[], None]) -> Future[None]:
        lazy = self

        class Hurried(Future[None]):
            """Waited for by the step itself, an epoch too late: nobody else had."""

            def result(self, timeout: float | None = None) -> None:
                if not self.done():
                    lazy.hurried += 1

        begun = Hurried()

        def write_now() -> None:
            write()
            begun.set_result(None)

        self.left.append(write_now)
        if not self.expected:
            self.alone += 1
            self.wait()
        return begun

    def wait(self) -> None:
        expected, self.expected = self.expected, False
        left, self.left = self.left, []
        for write in left:
            write()
        if left and expected:
            self.together.append(len(left))


@pytest.mark.parametrize("workers", [1, 3])
def test_the_output_of_views_waits_for_all_steps_of_each_epoch(
    tmp_path: Path, workers: int
) -> None:
    made: list[Lazy] = []

    def lazy() -> Lazy:
        made.append(Lazy())
        return made[-1]

    disks = PerThread[Disk](lazy)
    views = MemoryViews()
    to_writes = ViewWrites("live")
    sink = ViewSink(lambda: views, lambda message: to_writes(message.items), Drain(), disks)
    sinks = Sinks(sink, TestingSink([]), TestingSink([]), TestingSink([]))
    resources = Resources(Catalogue(), b"k" * 32, tmp_path / "state", disks=disks)
    records = [
        raw("view", user=f"u{n % 7}", device=f"d{n % 5}", item=f"i{n % 9}", at=n * SECOND)
        for n in range(120)
    ]
    source = TestingSource(batches(records, 10, ordered=False))
    prepare(tmp_path / "recovery", 1)
    cluster_main(
        build(source, sinks, SETTINGS, resources),
        [],
        0,
        worker_count_per_proc=workers,
        epoch_interval=timedelta(0),
        recovery_config=RecoveryConfig(tmp_path / "recovery"),
    )
    assert len(made) == workers
    assert all(len(disk.together) >= 5 for disk in made)
    assert max(max(disk.together) for disk in made) > 5
    assert sum(disk.hurried for disk in made) == 0
    assert not [write for disk in made for write in disk.left]


def test_where_nothing_is_put_out_a_step_waits_for_itself(tmp_path: Path) -> None:
    """The engine asks no output to save that was not written to: nobody else would wait."""
    disk, gone_on = Disk(), threading.Event()
    disk.expected = True
    disk.begin(lambda: None)
    disk.wait()
    slow = threading.Timer(0.05, gone_on.set)
    slow.start()
    disk.begin(lambda: slow.join())
    assert gone_on.is_set()


def test_without_anybody_who_waits_the_next_sync_does(tmp_path: Path) -> None:
    disk = Disk()
    disk.expected = True
    store = SegmentStore(tmp_path, disk=disk)
    gate, seen = threading.Event(), []
    store.write(b"first")
    store.sync()
    assert store._begun is not None
    store._begun.result()
    store._begun = disk.begin(lambda: seen.append(gate.wait(5)))
    threading.Timer(0.05, gate.set).start()
    store.write(b"second")
    store.sync()
    assert seen == [True]
    store.close()


def test_what_a_disk_says_is_raised_by_whoever_waits(tmp_path: Path) -> None:
    disk = Disk()

    def full() -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(OSError, match="No space left"):
        disk.begin(full)
    disk.expected = True
    disk.begin(full)
    with pytest.raises(OSError, match="No space left"):
        disk.wait()
    disk.wait()
    store, disk.expected = SegmentStore(tmp_path, disk=disk), True
    store._begun = disk.begin(full)
    with pytest.raises(OSError, match="No space left"):
        store.sync()


def test_a_file_is_closed_after_what_was_begun(tmp_path: Path) -> None:
    disks = PerThread(Disk)
    disks.get().expected = True
    bucket = Segments(tmp_path, disks=disks).bucket()
    for number in range(20):
        bucket.put("a", str(number).encode())
        state = bucket.snapshot()
        if number % 7 == 0:
            bucket.renew()
    disks.get().wait()
    assert Segments(tmp_path).bucket(state).get("a") == b"19"
