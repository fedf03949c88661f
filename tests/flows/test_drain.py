"""A signal that asks a real process to stop."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cli.embedded.ports import LINK_PORTS, free_port
from flows.drain import Drain
from flows.recovery import prepare

PROGRAM = """
import signal, sys
from datetime import timedelta
from pathlib import Path
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main
from bytewax.testing import TestingSink
from flows.drain import Drain
from flows.progress import Progress
from flows.replaying.source import ReplaySource
from flows.replaying.total_order import in_rounds
from flows.records import Raw

folder, addresses = Path(sys.argv[1]), sys.argv[2:]
drain = Drain()
drain.install()
records = lambda: (Raw(b"", 1511544070000 + n * 1000, "f:", n) for n in range(100_000))
source = ReplaySource(lambda: in_rounds(records(), 10), drain, Progress(), speed=100.0)
seen = (folder / "seen").open("a", buffering=1)
flow = Dataflow("drain")
note = lambda batch: print(batch.round, file=seen) or batch
op.output("out", op.map("note", op.input("in", flow, source), note), TestingSink([]))
cli_main(
    flow,
    workers_per_process=1,
    process_id=0 if addresses else None,
    addresses=addresses or None,
    epoch_interval=timedelta(seconds=60),
    recovery_config=RecoveryConfig(folder / "recovery"),
)
"""


def rounds(folder: Path) -> list[int]:
    file = folder / "seen"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


@pytest.mark.parametrize("as_cluster", [False, True])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_process_well_and_the_next_one_goes_on_exactly(
    tmp_path: Path, number: signal.Signals, as_cluster: bool
) -> None:
    for least in (3, 8):
        prepare(tmp_path / "recovery", 1)
        addresses = [f"127.0.0.1:{free_port(ports=LINK_PORTS)}"] if as_cluster else []
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path), *addresses], stderr=subprocess.PIPE
        )
        deadline = time.monotonic() + 60
        while len(rounds(tmp_path)) < least and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    seen = rounds(tmp_path)
    assert seen == list(range(len(seen)))


def test_waiting_ends_when_asked() -> None:
    drain = Drain()
    assert drain.wait(0.01) is False
    timer = threading.Timer(0.1, drain.ask)
    timer.start()
    assert drain.wait(60.0) is True
    timer.join()
    assert drain.asked
