"""Whatever fails in a step, the log says which step, at what, and why."""

import logging
from datetime import timedelta

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, run_main

from flows.recovery import prepare
from flows.segments import Segments
from flows.stateful import publishing
from flows.told import told

DOING = {
    "on_batch": "handle 1 messages",
    "dump": "save its state",
    "publish": "publish",
    "finish": "publish what is left",
    "load": "load its state",
}


class Faulty:
    """A publisher that fails at one thing."""

    waiting = True

    def __init__(self, at):
        self._at = at

    def _do(self, what, result):
        if what == self._at:
            raise ValueError(f"no {what} today")
        return result

    def on_batch(self, messages):
        return self._do("on_batch", [])

    def publish(self):
        return self._do("publish", [])

    def finish(self):
        return self._do("finish", [])

    def dump(self, *, full):
        return self._do("dump", b"all")

    def load(self, parts):
        return self._do("load", None)


def run(folder, at, every=None):
    flow = Dataflow("faulty")
    source = op.input("in", flow, TestingSource([("a", 1), TestingSource.EOF(), ("a", 2)]))
    made = publishing("faulty", source, lambda: Faulty(at), Segments(folder / "state"), every)
    op.output("out", made, TestingSink([]))
    run_main(flow, epoch_interval=timedelta(0), recovery_config=RecoveryConfig(folder / "recovery"))


@pytest.mark.parametrize("at", DOING)
def test_a_stage_that_fails_is_named_with_what_it_did(tmp_path, caplog, at):
    prepare(tmp_path / "recovery", 1)
    every = timedelta(0) if at == "publish" else None
    if at == "load":
        run(tmp_path, "nothing", every)
    with caplog.at_level(logging.ERROR), pytest.raises(BaseException):  # noqa: B017, PT011  # the engine's own
        run(tmp_path, at, every)
    assert f"step faulty failed to {DOING[at]}" in caplog.text
    assert f"ValueError: no {at} today" in caplog.text


def test_a_step_without_state_is_named_too(caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(ZeroDivisionError):
        told("halve", lambda number: 1 // number)(0)
    assert "step halve failed to handle a batch" in caplog.text
