"""The danger that the purge is for, through the real engine: deterministic, and by killing it."""

import pickle
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, run_main

from flows.recovery import prepare, resume_epoch


def run(folder: Path, items: list[object]) -> list[tuple[str, int]]:
    """Sum up the items by key, an epoch an item, up to the next abort."""
    sums: list[tuple[str, int]] = []
    flow = Dataflow("sums")
    stream = op.input("in", flow, TestingSource(items))
    summed = op.stateful_map("sum", stream, lambda sum_, n: ((sum_ or 0) + n, (sum_ or 0) + n))
    op.output("out", summed, TestingSink(sums))
    run_main(flow, epoch_interval=timedelta(0), recovery_config=RecoveryConfig(folder))
    return sums


def leave_row(folder: Path, key: str, epochs_ahead: int, state: int) -> None:
    """Do what a kill in the middle of a snapshot does: leave a row of an epoch that never ended."""
    (file,) = folder.glob("part-*.sqlite3")
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(
            "INSERT INTO snaps (step_id, state_key, snap_epoch, ser_change) "
            "SELECT DISTINCT step_id, state_key, ?, ? FROM snaps WHERE state_key = ?",
            (resume_epoch([database]) + epochs_ahead, pickle.dumps(state), key),
        )


@pytest.mark.parametrize("purge", [True, False])
def test_a_row_that_a_kill_left_becomes_the_truth_unless_it_is_purged(
    tmp_path: Path, purge: bool
) -> None:
    folder = tmp_path / "recovery"
    prepare(folder, 1)
    abort = TestingSource.ABORT
    others = [("b", 1)] * 6
    items: list[object] = [("a", 1), ("a", 1), ("b", 0), abort(), *others, abort(), ("a", 1)]
    run(folder, items)
    leave_row(folder, "a", epochs_ahead=2, state=9_999)
    if purge:
        prepare(folder, 1)
    run(folder, items)
    if purge:
        prepare(folder, 1)
    last = run(folder, items)[-1]
    # Without the purge the second resume takes the row for the state of "a".
    assert last == ("a", 3 if purge else 10_000)
