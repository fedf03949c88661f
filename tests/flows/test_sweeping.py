"""Files that nothing refers to, taken away beside a running engine."""

import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from flows.erasing import RENEW_ROUND, Sweeper
from flows.segment_files import unpack_handles
from flows.segments import Segments
from flows.sweeping import sweep_apart
from tests.cli.running import until
from tests.flows.test_segments import files, recovery_partition


class TestSweptBesideTheEngine:
    def test_no_process_that_runs_the_engine_opens_its_recovery(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        root = tmp_path / "state" / "step"
        states = []
        for _ in range(2):
            bucket = Segments(root).bucket()
            bucket.put("a", b"1")
            states.append(bucket.snapshot())
        recovery = recovery_partition(tmp_path / "recovery", states[0])

        def opened(*_: object, **__: object) -> None:
            raise AssertionError("the engine's locks are gone")

        monkeypatch.setattr(sqlite3, "connect", opened)
        sweep_apart(tmp_path / "state", recovery, before=0.0)
        assert len(files(root)) == 2, "they are of this run"
        sweep_apart(tmp_path / "state", recovery, before=time.time() + 60)
        kept = {handle.file for handle in unpack_handles(states[0])}
        assert files(root) == kept

        (root / "old.seg").write_bytes(b"of an earlier run")
        opened_store: Any = None  # in this round it is left alone
        sweeper = Sweeper(opened_store, tmp_path / "state", recovery, time.time() + 60)
        sweeper(RENEW_ROUND - 1, [])
        assert files(root) == {"old", *kept}, "not before all is written anew"
        sweeper(RENEW_ROUND + 1, [])
        until(lambda: files(root) == kept)

    def test_what_cannot_be_read_is_told(self, tmp_path: Path) -> None:
        root = tmp_path / "state" / "step"
        bucket = Segments(root).bucket()
        bucket.put("a", b"1")
        bucket.snapshot()
        (tmp_path / "recovery").mkdir()
        (tmp_path / "recovery" / "part-0.sqlite3").write_bytes(b"no database" * 100)
        with pytest.raises(subprocess.SubprocessError):
            sweep_apart(tmp_path / "state", tmp_path / "recovery", before=time.time() + 60)
        assert len(files(root)) == 1
