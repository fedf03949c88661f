import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.children import Child
from cli.lock import DataDirLock, LockedError

HOLDER = (
    "import sys, time; from pathlib import Path\n"
    "from cli.children import Child; from cli.lock import DataDirLock\n"
    "with DataDirLock(Path(sys.argv[1])) as lock:\n"
    "    log = Path(sys.argv[1], 'log')\n"
    "    child = Child('c', ['sleep', '60'], log, hold=(lock.descriptor,))\n"
    "    child.start(); print('held', flush=True); time.sleep(60)"
)


def test_one_holder_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    told = rf"{tmp_path} is in use by process {os.getpid()}:"
    with DataDirLock(tmp_path), pytest.raises(LockedError, match=told):
        DataDirLock(tmp_path).__enter__()
    with DataDirLock(tmp_path):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match=f"process {holder.pid}:"):
            DataDirLock(tmp_path).__enter__()
        holder.send_signal(signal.SIGKILL)
        holder.wait(10)
        with DataDirLock(tmp_path) as lock:
            assert (tmp_path / "run" / "lock").read_text() == f"{os.getpid()}\n"
            assert lock.descriptor > 0


def test_a_child_that_outlives_its_parent_still_holds(tmp_path: Path) -> None:
    child = Child("c", ["sleep", "60"], tmp_path / "log")
    with DataDirLock(tmp_path) as lock:
        child.hold = (lock.descriptor,)
        child.start()
    (tmp_path / "run" / "lock").write_text("999999999\n")  # no process has this number
    with pytest.raises(LockedError, match="in use by process 999999999"):
        DataDirLock(tmp_path, patience=0.2).__enter__()
    child.stop()
    with DataDirLock(tmp_path):
        pass
