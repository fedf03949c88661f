"""Deleting segment files that nothing refers to any more.

Not in a process that runs the engine: it has recovery open by an SQLite of its own, and whoever
opens and closes the same files by another one, in the same process, takes the engine's locks away,
and the log that it has not taken in yet. `sweep_apart` does it beside a running flow.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing
from math import inf
from pathlib import Path

from flows.segment_files import SUFFIX, files_in


def referenced_files(recovery_dir: Path) -> set[str]:
    """Return the segment files that any row of the engine's recovery partitions refers to.

    The rows are pickles. They are searched for the mark, not unpickled: nothing in them runs, and
    a state that holds handles inside something else is found too.
    """
    files: set[str] = set()
    for path in sorted(recovery_dir.glob("*.sqlite3")):
        with closing(sqlite3.connect(path)) as db:
            for (blob,) in db.execute("SELECT ser_change FROM snaps WHERE ser_change IS NOT NULL"):
                files.update(files_in(blob))
    return files


def sweep(root: Path, recovery_dir: Path, before: float = inf) -> int:
    """Delete segment files that no recovery row refers to; return how many.

    Call it after the purge of the partitions and before any process of the cluster runs: a running
    one has files that no row refers to yet. Or with the time at which the run began, `before`
    which a file was last written to (epoch seconds): then it is of an earlier one.
    """
    old = [path for path in root.glob("*" + SUFFIX) if path.stat().st_mtime < before]
    keep = referenced_files(recovery_dir) if old else set()
    dead = [path for path in old if path.stem not in keep]
    for path in dead:
        path.unlink()
    return len(dead)


def sweep_all(state_dir: Path, recovery_dir: Path, before: float = inf) -> int:
    """Sweep the folders of all steps below `state_dir`; see `sweep`."""
    folders = [folder for folder in state_dir.glob("*") if folder.is_dir()]
    return sum(sweep(folder, recovery_dir, before) for folder in folders)


def sweep_apart(state_dir: Path, recovery_dir: Path, before: float) -> None:
    """Do as `sweep_all` in a process of its own; raise `OSError` or `SubprocessError`."""
    if any(file.stat().st_mtime < before for file in state_dir.glob("*/*" + SUFFIX)):
        given = (str(state_dir), str(recovery_dir), str(before))
        command = [sys.executable, "-P", "-m", "flows.sweeping", *given]
        subprocess.run(command, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    print(sweep_all(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])))
