"""Whether this machine is up to it: disk, files, processors, compiled loops."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cli.doctor.finding import Finding, fail, ok, warn
from contracts.settings import Settings
from contracts.wording import counted

DISK, FILES, PROCESSORS, COMPILED = "disk", "files", "cpus", "compiled"
AREA: Final = "machine"
GIB: Final = 2**30
SPARE_FILES: Final = 512
"""Open files that a process needs beside its streams: segments, connections, logs."""
PRIVATE: Final = ("store", "recovery", "run")


def check_machine(settings: Settings) -> Iterator[Finding]:
    """Yield what is found of the machine that this runs on."""
    data_dir = settings.data_dir.resolve()
    there = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    usage = shutil.disk_usage(there)
    yield disk_judged(str(there), usage.free, usage.total)
    yield _writable(data_dir, there)
    yield _closed_to_others(data_dir)
    yield files_judged(resource.getrlimit(resource.RLIMIT_NOFILE)[0], settings.api.max_streams)
    yield processors_judged(len(os.sched_getaffinity(0)), settings.flow.workers)
    yield _compiled()


def disk_judged(where: str, free: int, total: int) -> Finding:
    """Return what is to be said of a disk, in bytes."""
    text = f"{free / GIB:,.1f} of {total / GIB:,.1f} GiB are free at {where}"
    mend = "free some, or give --data-dir a bigger disk: a snapshot that cannot be written ends"
    mend += " the flow"
    if free < GIB / 2:
        return fail(AREA, DISK, text, mend)
    if free < min(5 * GIB, total / 10):
        return warn(AREA, DISK, text, mend)
    return ok(AREA, DISK, text)


def files_judged(limit: int, streams: int) -> Finding:
    """Return what is to be said of the limit of open files of a process."""
    text = f"a process may have {limit:,} files open"
    if limit == resource.RLIM_INFINITY or limit >= streams + SPARE_FILES:
        return ok(AREA, FILES, text)
    needed = streams + SPARE_FILES
    mend = f"ulimit -n {needed} (LimitNOFILE={needed} of systemd), or a lower api.max_streams"
    return warn(AREA, FILES, text, mend)


def processors_judged(count: int, workers: int) -> Finding:
    """Return what is to be said of the processors that this process may use."""
    text = f"{counted(count, 'processor')} for {counted(workers, 'worker')} of the flow"
    if workers <= count:
        return ok(AREA, PROCESSORS, text)
    return warn(AREA, PROCESSORS, text, "set flow.workers to fewer: they would wait for each other")


def _writable(data_dir: Path, there: Path) -> Finding:
    if os.access(there, os.W_OK | os.X_OK) and there.is_dir():
        return ok(AREA, "folder", f"the data folder {data_dir} can be written to")
    mend = f"chown it to user {os.geteuid()}, or set data_dir"
    return fail(AREA, "folder", f"{there} cannot be written to by this user", mend)


def _closed_to_others(data_dir: Path) -> Finding:
    folders = [data_dir / name for name in PRIVATE if (data_dir / name).is_dir()]
    opened = [str(folder) for folder in folders if folder.stat().st_mode & 0o077]
    if not opened:
        return ok(AREA, "closed", "what is to be its owner's only is closed to others")
    mend = f"chmod 700 {' '.join(opened)}"
    return fail(AREA, "closed", f"others can reach {', '.join(opened)}", mend)


def _compiled() -> Finding:
    # Here, since the two of them load numpy.
    from importlib.util import find_spec

    from cli.compiling import is_compiled

    if find_spec("numba") is None:
        mend = "pip install 'headrace[fast]'"
        return warn(AREA, COMPILED, "numba is not there: learning runs uncompiled, slower", mend)
    if is_compiled():
        return ok(AREA, COMPILED, "all loops are compiled")
    mend = "python -m online_models.warming; else each start compiles for some ten seconds"
    return warn(AREA, COMPILED, "not all loops are compiled beside the code", mend)
