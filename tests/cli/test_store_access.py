"""Settings of the engine that runs in a data folder, for commands beside it."""

from pathlib import Path

import pytest

from cli.lock import DataDirLock, LockedError
from cli.store_access import as_running
from contracts.settings import Settings


def test_a_command_is_set_as_the_engine_that_runs(tmp_path: Path) -> None:
    here = Settings.load(environ={}, overrides={"data_dir": tmp_path, "flow.buckets": 8})
    (tmp_path / "run").mkdir()
    Settings.load(environ={}, overrides={"flow.session_gap_seconds": 30, "flow.workers": 3}).save(
        tmp_path / "run" / "settings.json"
    )
    with pytest.raises(LockedError, match="no engine runs in"):
        as_running(here, None)
    with DataDirLock(tmp_path):
        there = as_running(here, None)
        assert (there.flow.session_gap_seconds, there.flow.workers) == (30, 3)
        assert as_running(here, 2).flow.workers == 2
    assert there.data_dir == tmp_path
