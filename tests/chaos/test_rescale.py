"""More workers, fewer, another setting, a supervisor that is killed: one account over all."""

import os
import signal
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.chaos.engine import Load, Servers


class Run(NamedTuple):
    """One `headrace up` on the same servers and the same folder."""

    workers: int
    intent_every: str
    killed: bool


MORE = 4 if int(os.environ.get("HEADRACE_CHAOS_CYCLES", "1")) > 1 else 2
RUNS = (Run(1, "3", False), Run(MORE, "3", True), Run(1, "5", False))


@pytest.mark.skipif(
    "HEADRACE_CHAOS_CYCLES" not in os.environ,
    reason="three starts of the whole engine: a part of `make chaos`",
)
@pytest.mark.timeout(600)  # three starts of the whole engine, on a machine that may be busy
def test_runs_of_other_sizes_and_settings_go_on_where_the_last_one_was(tmp_path: Path) -> None:
    with Servers(tmp_path) as servers:
        taken: list[dict[str, object]] = []
        for number, run in enumerate(RUNS):
            environ = {"HEADRACE_FLOW__INTENT_EVERY": run.intent_every}
            with servers.engine(environ, "--workers", str(run.workers)) as it:
                with Load(it.url, first=number * 1_000_000) as load:
                    load.await_taken(100)
                taken += load.taken
                if run.killed:
                    it.up.process.kill()
                    it.up.process.wait()
                    continue
                it.await_ends(len(taken))
                it.audit(taken, tmp_path)
                assert it.up.end(signal.SIGTERM) == 0
