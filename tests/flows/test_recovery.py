"""The recovery store: what is purged, what is refused."""

import pickle
import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cli.children import PostponedError
from cli.preparing import check_room
from flows.recovery import (
    FIRST_EPOCH,
    RecoveryError,
    RecoveryUnwritable,
    prepare,
    state_keys,
)

PARTS = 3


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "recovery"
    assert prepare(folder, PARTS) == FIRST_EPOCH
    return folder


def write(store: Path, part: int, table: str, *rows: tuple[object, ...]) -> None:
    columns = {
        "exs": "ex_num, worker_count, resume_epoch",
        "fronts": "ex_num, worker_index, worker_frontier",
        "commits": "part_index, commit_epoch",
        "snaps": "step_id, state_key, snap_epoch, ser_change",
        "parts": "part_index, part_count",
    }[table]
    marks = ", ".join("?" * len(rows[0]))
    with closing(sqlite3.connect(store / f"part-{part}.sqlite3")) as database, database:
        database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)


def snaps(store: Path) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for file in store.glob("part-*.sqlite3"):
        with closing(sqlite3.connect(file)) as database:
            found += database.execute("SELECT state_key, snap_epoch FROM snaps").fetchall()
    return sorted(found)


def snap(key: str, epoch: int, state: object = "state") -> tuple[object, ...]:
    return ("headrace.profile", key, epoch, None if state is None else pickle.dumps(state))


def test_a_new_store_is_its_owners_only(store: Path) -> None:
    assert store.stat().st_mode & 0o777 == 0o700
    files = sorted(store.iterdir())
    assert [file.name for file in files] == [f"part-{i}.sqlite3" for i in range(PARTS)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert [path for path in store.parent.iterdir() if path != store] == []


def test_an_open_store_is_closed_to_others(store: Path) -> None:
    store.chmod(0o755)
    (store / "part-0.sqlite3").chmod(0o644)
    prepare(store, PARTS)
    assert store.stat().st_mode & 0o777 == 0o700
    assert (store / "part-0.sqlite3").stat().st_mode & 0o777 == 0o600


def test_an_unused_store_is_resumed_at_the_first_epoch(store: Path) -> None:
    assert prepare(store, PARTS) == FIRST_EPOCH


def test_rows_from_the_resume_epoch_on_are_purged_in_every_partition(store: Path) -> None:
    write(store, 0, "exs", (0, 4, 1), (1, 2, 5))
    write(store, 1, "fronts", (0, 0, 90), (0, 3, 80), (1, 0, 9))
    write(store, 2, "fronts", (1, 1, 8))
    write(store, 0, "snaps", snap("a", 7), snap("a", 8), snap("a", 9))
    write(store, 1, "snaps", snap("b", 3))
    write(store, 2, "snaps", snap("c", 8), snap("c", 200))
    assert prepare(store, PARTS) == 8
    assert snaps(store) == [("a", 7), ("b", 3)]


def test_a_worker_without_a_frontier_stands_where_its_execution_began(store: Path) -> None:
    write(store, 0, "exs", (3, 2, 5))
    write(store, 2, "fronts", (3, 1, 9))
    write(store, 1, "snaps", snap("a", 4), snap("a", 5))
    assert prepare(store, PARTS) == 5
    assert snaps(store) == [("a", 4)]


def test_preparing_twice_changes_nothing_more(store: Path) -> None:
    write(store, 0, "exs", (0, 1, 1))
    write(store, 0, "fronts", (0, 0, 6))
    write(store, 0, "snaps", snap("a", 5), snap("a", 6))
    assert [prepare(store, PARTS), prepare(store, PARTS)] == [6, 6]
    assert snaps(store) == [("a", 5)]


def test_state_keys_are_those_whose_newest_row_has_state(store: Path) -> None:
    write(store, 0, "snaps", snap("a", 1), snap("a", 2, None), snap("b", 1, None), snap("b", 2))
    write(store, 1, "snaps", snap("c", 1), ("headrace.other", "d", 1, b""))
    assert state_keys(store, "headrace.profile") == {"b", "c"}


def test_missing_partitions_are_named(store: Path) -> None:
    (store / "part-1.sqlite3").unlink()
    with pytest.raises(RecoveryError, match=r"1 of 3 .* missing \(part-1\.sqlite3\)"):
        prepare(store, PARTS)


def test_another_number_of_partitions_is_refused(store: Path) -> None:
    with pytest.raises(RecoveryError, match=r"has 3 .* flow\.recovery_parts says 4"):
        prepare(store, 4)


def test_partitions_of_two_stores_are_refused(store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    prepare(other, 5)
    (other / "part-4.sqlite3").rename(store / "part-4.sqlite3")
    with pytest.raises(RecoveryError, match="do not belong together"):
        prepare(store, PARTS)


def test_partitions_of_different_ages_are_refused(store: Path) -> None:
    write(store, 0, "exs", (0, 1, 1))
    write(store, 0, "fronts", (0, 0, 6))
    write(store, 1, "commits", (1, 7))
    with pytest.raises(RecoveryError, match=r"part-1\.sqlite3 no longer hold the state of epoch 6"):
        prepare(store, PARTS)


def test_a_damaged_partition_is_refused(store: Path) -> None:
    (store / "part-2.sqlite3").write_bytes(b"not a database, but long enough to be read as one")
    with pytest.raises(RecoveryError, match=r"cannot be used: file is not a database"):
        prepare(store, PARTS)


def test_a_disk_that_takes_nothing_is_no_damage(store: Path) -> None:
    write(store, 0, "exs", (0, 1, 1))
    write(store, 0, "snaps", *(snap(f"k{n}", 5) for n in range(500)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(RecoveryUnwritable, match=r"cannot be used now.*Is its disk full"):
            prepare(store, PARTS)
        with pytest.raises(PostponedError, match="is full: free some space"):
            check_room(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert prepare(store, PARTS) == 1


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(RecoveryError, match="holds files but no recovery partition"):
        prepare(tmp_path, PARTS)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


class Hostile:
    """Runs when it is unpickled, as a tampered state would."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("a recovery row ran code",)


def test_a_state_that_would_run_code_is_refused_before_the_engine_reads_it(store: Path) -> None:
    write(store, 0, "exs", (0, 1, 1))
    write(store, 0, "fronts", (0, 0, 9))
    write(store, 1, "snaps", snap("a", 3), snap("b", 4, Hostile()))
    with pytest.raises(RecoveryError, match=r"holds a _pytest\.outcomes\.\w+: only plain values"):
        prepare(store, PARTS)
