"""Make the engine's recovery store safe to resume from.

A kill during a snapshot leaves rows of the epoch that was being written. The engine resumes
before them and never removes them: once the new run has passed their epoch, a second crash can
load them as the truth. So `prepare` deletes them, before the first process of a run starts.

The store is SQLite, one file a partition; the tables are those of Bytewax 0.21.1. What follows
a crash is decided as its `src/recovery.rs` does in `resume_from`.
"""

import io
import pickle
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from bytewax.recovery import init_db_dir

FIRST_EPOCH: Final = 1
PATTERN: Final = "part-*.sqlite3"
PASSING: Final = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
    *(sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM),
}
"""What is no fault of the files."""
BUSY_S: Final = 5.0
TRIES: Final = 20


class RecoveryError(RuntimeError):
    """The recovery store cannot be used: which file, why, and what to do about it."""


class RecoveryUnwritable(RecoveryError):  # noqa: N818  # reads as what it is
    """The recovery store is sound as far as is known, and its disk cannot be used at present."""


def prepare(recovery_dir: Path, parts: int) -> int:
    """Make the store, or purge the one that is there; return the epoch that a run resumes at.

    Call it while no process of the dataflow runs. The folder is made its owner's only, since who
    can write it can run code in the workers (states are pickles). Raises `RecoveryError` when
    partitions are missing, are not `parts`, or cannot be read.
    """
    if not any(recovery_dir.glob(PATTERN)):
        _create(recovery_dir, parts)
        return FIRST_EPOCH
    _close_to_others(recovery_dir)
    with _opened(recovery_dir) as databases:
        _check_parts(recovery_dir, databases, parts)
        epoch = resume_epoch(databases)
        _check_commits(recovery_dir, databases, epoch)
        for database in databases:
            with database:
                database.execute("DELETE FROM snaps WHERE snap_epoch >= ?", (epoch,))
        _check_plain(databases)
    return epoch


def resume_epoch(databases: Sequence[sqlite3.Connection]) -> int:
    """Return the epoch that the engine resumes at: the least frontier of the newest execution.

    Rows of executions and frontiers are spread over all partitions. A worker that wrote no
    frontier yet stands where its execution began.
    """
    executions = _rows(databases, "SELECT ex_num, worker_count, resume_epoch FROM exs")
    if not executions:
        return FIRST_EPOCH
    newest, workers, began = max(executions)
    frontiers: dict[int, int] = dict.fromkeys(range(workers), began)
    for worker, frontier in _rows(
        databases, "SELECT worker_index, worker_frontier FROM fronts WHERE ex_num = ?", newest
    ):
        frontiers[worker] = max(frontier, frontiers.get(worker, frontier))
    return min(frontiers.values())


def state_keys(recovery_dir: Path, step_id: str) -> set[str]:
    """Return the keys that a step has state under, for example a source's partitions.

    The engine fails on state of a source partition that the source does not list, so a source
    has to know those that it once had. `step_id` is the full one, such as `headrace.events`.
    """
    query = (
        "SELECT state_key FROM snaps JOIN (SELECT step_id, state_key, MAX(snap_epoch) AS "
        "snap_epoch FROM snaps WHERE step_id = ? GROUP BY state_key) "
        "USING (step_id, state_key, snap_epoch) WHERE ser_change IS NOT NULL"
    )
    with _opened(recovery_dir) as databases:
        return {key for (key,) in _rows(databases, query, step_id)}


def _rows(
    databases: Sequence[sqlite3.Connection], query: str, *values: object
) -> list[tuple[Any, ...]]:
    return [row for database in databases for row in database.execute(query, values)]


def _create(recovery_dir: Path, parts: int) -> None:
    """Make all partitions or none: a crash in between must not leave a store that is refused."""
    recovery_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    recovery_dir.chmod(0o700)
    with tempfile.TemporaryDirectory(dir=recovery_dir.parent, prefix=".recovery-") as folder:
        new = Path(folder) / "new"
        new.mkdir(mode=0o700)
        init_db_dir(new, parts)  # type: ignore[no-untyped-call]  # native, without types
        _close_to_others(new)
        try:
            new.replace(recovery_dir)
        except OSError as error:
            raise RecoveryError(
                f"{recovery_dir}: holds files but no recovery partition ({error.strerror}); "
                "name another folder, or empty this one"
            ) from None


def _close_to_others(folder: Path) -> None:
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)


def states_at_one_epoch(
    recovery_dir: Path, steps: Sequence[str]
) -> tuple[int, dict[str, dict[str, bytes]]]:
    """Return the epoch that a run would resume at, and the steps' states then, by key.

    Reads beside a running dataflow and holds up nobody: its writers do not wait for readers. What
    a running one drops meanwhile makes it read again. A state that is no `bytes` is refused, and
    nothing in it runs. Raises `RecoveryError`.
    """
    for _ in range(TRIES):
        with _opened(recovery_dir, "?mode=ro") as databases:
            if not databases:
                raise RecoveryError(f"{recovery_dir}: holds no recovery partitions")
            # First the epoch, then the rows: whatever was written meanwhile is of later epochs.
            epoch = resume_epoch(databases)
            for database in databases:
                database.execute("BEGIN")
            marks = ", ".join("?" * len(steps))
            columns = "step_id, state_key, snap_epoch, ser_change"
            where = f"snap_epoch < ? AND step_id IN ({marks}) ORDER BY snap_epoch"
            query = f"SELECT {columns} FROM snaps WHERE {where}"  # nosec B608
            rows = _rows(databases, query, epoch, *steps)
            dropped = _rows(databases, "SELECT 1 FROM commits WHERE commit_epoch > ?", epoch)
        if not dropped:
            return epoch, _newest(rows)
    raise RecoveryError(f"{recovery_dir}: its epochs pass faster than they can be read")


def _newest(rows: Sequence[tuple[Any, ...]]) -> dict[str, dict[str, bytes]]:
    newest: dict[tuple[str, str], tuple[int, bytes | None]] = {}
    for step, key, epoch, change in rows:
        if epoch >= newest.get((step, key), (epoch, None))[0]:
            newest[step, key] = epoch, change
    states: dict[str, dict[str, bytes]] = {}
    for (step, key), (_, change) in newest.items():
        if change is not None:
            states.setdefault(step, {})[key] = _Plain(io.BytesIO(change)).load()
    return states


def _check_plain(databases: Sequence[sqlite3.Connection]) -> None:
    """Refuse states that would run code when the engine reads them, before it does."""
    for database in databases:
        for (change,) in database.execute(
            "SELECT ser_change FROM snaps WHERE ser_change IS NOT NULL"
        ):
            _Plain(io.BytesIO(change)).load()


class _Plain(pickle.Unpickler):
    """Reads the engine's pickles of plain bytes, and imports nothing that they name."""

    def find_class(self, module: str, name: str) -> Any:
        raise RecoveryError(
            f"a recovery row holds a {module}.{name}: only plain values are read. Something else "
            "wrote it; restore the folder from a backup, or delete it to start without state"
        )


@contextmanager
def _opened(recovery_dir: Path, mode: str = "") -> Iterator[list[sqlite3.Connection]]:
    try:
        with ExitStack() as stack:
            yield [
                stack.enter_context(
                    closing(sqlite3.connect(f"{file.resolve().as_uri()}{mode}", BUSY_S, uri=True))
                )
                for file in sorted(recovery_dir.glob(PATTERN))
            ]
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in PASSING:
            raise RecoveryUnwritable(
                f"{recovery_dir}: cannot be used now: {error}. Is its disk full, or failing?"
            ) from None
        raise RecoveryError(
            f"{recovery_dir}: a recovery partition cannot be used: {error}. Restore the folder "
            "from a backup, or delete it to start without state"
        ) from None


def _check_parts(recovery_dir: Path, databases: Sequence[sqlite3.Connection], parts: int) -> None:
    found = _rows(databases, "SELECT part_index, part_count FROM parts")
    counts = {count for _, count in found}
    if len(counts) != 1 or len(found) != len(databases):
        raise RecoveryError(
            f"{recovery_dir}: its files do not belong together (partition counts "
            f"{sorted(counts)} in {len(databases)} files); restore the folder from one backup"
        )
    (count,) = counts
    missing = sorted(set(range(count)) - {index for index, _ in found})
    if missing:
        names = ", ".join(f"part-{index}.sqlite3" for index in missing)
        raise RecoveryError(
            f"{recovery_dir}: {len(missing)} of {count} recovery partitions are missing ({names}); "
            "restore them, or delete the folder to start without state"
        )
    if count != parts:
        raise RecoveryError(
            f"{recovery_dir}: has {count} recovery partitions, the setting flow.recovery_parts "
            f"says {parts}. The number is fixed once they exist: set it back to {count}, or delete "
            "the folder to start without state"
        )


def _check_commits(recovery_dir: Path, databases: Sequence[sqlite3.Connection], epoch: int) -> None:
    """Refuse partitions that have dropped the state of the epoch to resume at."""
    ahead = _rows(databases, "SELECT part_index FROM commits WHERE commit_epoch > ?", epoch)
    if ahead:
        names = ", ".join(f"part-{index}.sqlite3" for (index,) in sorted(ahead))
        raise RecoveryError(
            f"{recovery_dir}: {names} no longer hold the state of epoch {epoch}, which the other "
            "partitions resume at: the files are of different ages; restore all from one backup"
        )
