"""What the tests of Kafka sources and sinks share: topics, messages, and flows that end."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, run_main
from confluent_kafka import Producer

from flows.drain import Drain
from flows.records import RawBatch

START = 1_700_000_000_000


def send(
    bootstrap: str, topic: str, values: Iterable[bytes], partition: int = 0, at: int = START
) -> None:
    """Write messages with create times one millisecond apart, and wait until they are there."""
    failed: list[object] = []
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "linger.ms": 0})
    for number, value in enumerate(values):
        producer.produce(
            topic,
            value,
            partition=partition,
            timestamp=at + number,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
        producer.poll(0)
    assert producer.flush(20) == 0
    assert not failed


def numbered(count: int, first: int = 0) -> list[bytes]:
    return [b"%d" % number for number in range(first, first + count)]


def run(
    source: Source[RawBatch],
    drain: Drain,
    enough: Callable[[list[RawBatch]], bool],
    recovery: RecoveryConfig | None = None,
    epoch: timedelta = timedelta(seconds=10),
) -> list[RawBatch]:
    """Run a source until `enough` of what it gave; then drain, and return all."""
    batches: list[RawBatch] = []

    def note(batch: RawBatch) -> RawBatch:
        batches.append(batch)
        if enough(batches):
            drain.ask()
        return batch

    flow = Dataflow("test")
    op.output("out", op.map("note", op.input("in", flow, source), note), TestingSink([]))
    run_main(flow, epoch_interval=epoch, recovery_config=recovery)
    return batches


def values(batches: Sequence[RawBatch], part: str | None = None) -> list[bytes]:
    return [r.value for b in batches if part in (None, b.part) for r in b.records]


def at_least(count: int) -> Callable[[list[RawBatch]], bool]:
    return lambda batches: len(values(batches)) >= count


@contextmanager
def failing(kind: type[BaseException], match: str) -> Iterator[None]:
    """Expect a failure that the engine may have wrapped, as it does in some places."""
    with pytest.raises(Exception) as failure:  # noqa: PT011  # the engine's own class, or ours
        yield
    chain: list[BaseException] = []
    error: BaseException | None = failure.value
    while error is not None:
        chain.append(error)
        error = error.__cause__
    assert any(isinstance(each, kind) and re.search(match, str(each)) for each in chain), chain
