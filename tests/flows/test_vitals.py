"""What a process of the flow tells of itself."""

import os
from pathlib import Path

from contracts.launch import Launch
from contracts.settings import Settings
from flows.heartbeat import Heartbeat
from flows.progress import PartProgress, Progress
from flows.topics import RETENTION_MS
from flows.vitals import Vitals
from storage.memory_views import MemoryViews
from storage.writes import SetView

NOW = 1_795_000_000_000


def vitals(folder: Path, number: int = 0) -> Vitals:
    settings = Settings.load(overrides={"data_dir": folder})
    recovery = folder / "recovery"
    recovery.mkdir(exist_ok=True)
    return Vitals(Launch(settings, number, ("a:1", "b:2"), run=3), recovery, NOW)


def touch(folder: Path, name: str, ms: int) -> None:
    file = folder / "recovery" / name
    file.write_bytes(b"x" * 100)
    os.utime(file, ns=(ms * 1_000_000, ms * 1_000_000))


def test_a_worker_says_what_it_is_and_uses(tmp_path: Path) -> None:
    told = vitals(tmp_path, 1).worker(NOW + 5, ["b/1", "a/0"])
    assert (told.worker, told.workers, told.run, told.pid) == (1, 2, 3, os.getpid())
    assert (told.started, told.written, told.parts) == (NOW, NOW + 5, ["a/0", "b/1"])
    assert told.cpu_seconds > 0
    assert told.memory > 1_000_000


def test_what_a_flow_told_is_kept_for_as_long_as_the_log_that_it_has_not_read(
    tmp_path: Path,
) -> None:
    progress = Progress()
    progress.put("events.click/0", PartProgress(90, 100, NOW))
    beat = Heartbeat(MemoryViews, "live", progress, vitals(tmp_path))
    touch(tmp_path, "part-0.sqlite3", NOW)
    [told] = beat.beats(NOW)
    _, checkpoint = beat.vitals(NOW)
    assert isinstance(told, SetView)
    assert isinstance(checkpoint, SetView)
    assert told.ttl_ms == checkpoint.ttl_ms == RETENTION_MS


def test_an_epoch_is_told_once_all_its_partitions_were_written(tmp_path: Path) -> None:
    told = vitals(tmp_path)
    assert told.checkpoint(NOW) is None, "there is no recovery yet"
    touch(tmp_path, "part-0.sqlite3", NOW)
    first = told.checkpoint(NOW + 10)
    assert first is not None
    assert (first.time, first.seconds, first.size) == (NOW, None, 100)
    touch(tmp_path, "part-1.sqlite3-wal", NOW + 5_000)
    second = told.checkpoint(NOW + 5_001)
    assert second is not None
    assert (second.time, second.seconds, second.size) == (NOW + 5_000, 5.0, 200)
    touch(tmp_path, "part-2.sqlite3", NOW + 5_100)
    later = told.checkpoint(NOW + 6_000)
    assert later is not None
    assert (later.time, later.seconds, later.written) == (NOW + 5_000, 5.0, NOW + 6_000)


def test_one_process_alone_looks_after_recovery(tmp_path: Path) -> None:
    told = vitals(tmp_path, 1)
    touch(tmp_path, "part-0.sqlite3", NOW)
    assert told.checkpoint(NOW) is None
