"""What a failed run is told, through the real engine."""

from collections.abc import Iterator
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, cluster_main, run_main

from contracts.launch import Launch
from contracts.settings import Settings
from flows.drain import Drain
from flows.failures import FAILED, HOPELESS, REPLACED, explained
from flows.kafka_client import KafkaAway, LogMismatch
from flows.process import Process
from flows.progress import Progress
from flows.records import RawBatch
from flows.replaying.input import open_source
from flows.replaying.source import ReplaySource
from flows.replaying.spec import ReplaySpec
from storage.errors import Fenced


def flow_of(source: ReplaySource) -> Dataflow:
    flow = Dataflow("failing")
    op.output("out", op.input("in", flow, source), TestingSink([]))
    return flow


def failure_of(flow: Dataflow, as_cluster: bool = False) -> BaseException:
    try:
        if as_cluster:
            cluster_main(flow, [], 0, worker_count_per_proc=2)
        else:
            run_main(flow)
    except Exception as error:
        return error
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (LogMismatch("another log"), HOPELESS),
        (KafkaAway("away"), FAILED),
        (Fenced("live", 1, 2), REPLACED),
    ],
)
@pytest.mark.parametrize("as_cluster", [False, True])
def test_the_cause_inside_the_engines_error_is_told(
    error: Exception, code: int, as_cluster: bool
) -> None:
    def rounds() -> Iterator[RawBatch]:
        raise error
        yield

    flow = flow_of(ReplaySource(rounds, Drain(), Progress()))
    assert explained(failure_of(flow, as_cluster)) == (str(error), code)


def test_an_unknown_failure_is_not_explained_away() -> None:
    assert explained(ZeroDivisionError("division by zero")) is None


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"id,type,when\n", "it lacks time"),
        ("a.jsonl", b"\x1f\x8b\x08\x00cut", "cannot be read"),
        ("folder/notes.txt", b"", "holds no .jsonl or .csv file"),
        ("a.jsonl", b"PK\x03\x04", "is a ZIP archive"),
    ],
)
def test_a_recording_that_cannot_be_read_ends_the_replay(
    tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    source = file.parent if "/" in name else file
    process = Process(Launch(Settings(data_dir=tmp_path)))
    known = explained(failure_of(flow_of(open_source(ReplaySpec(str(source)), process)[0])))
    assert known is not None
    assert known[1] == HOPELESS
    assert told in known[0]
