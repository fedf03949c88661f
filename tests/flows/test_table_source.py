"""A table read whole by every worker, against a real broker and through the real engine."""

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, cluster_main, run_main

from cli.embedded import EmbeddedBroker
from contracts.settings import KafkaSettings
from flows.drain import Drain
from flows.kafka_part import Reading
from flows.kafka_source import KafkaSource
from flows.records import RawBatch
from flows.recovery import prepare
from flows.table_source import TableSource
from flows.topics import create_topics
from tests.flows.kafka import numbered, run, send, values


@pytest.fixture
def topic(broker: str, prefix: str) -> str:
    name = f"{prefix}catalog"
    create_topics(broker, 3, topics=(name,))
    return name


def table_of(bootstrap: str, topic: str, drain: Drain) -> TableSource:
    return TableSource(topic, {"bootstrap.servers": bootstrap}, KafkaSettings(poll_batch=50), drain)


def test_the_batch_that_reaches_the_end_is_marked_once(broker: str, topic: str) -> None:
    send(broker, topic, numbered(120), 0)
    send(broker, topic, numbered(7, 500), 2)
    drain = Drain()

    def enough(seen: list[RawBatch]) -> bool:
        if seen[-1].last:
            assert sorted(values(seen)) == sorted(numbered(120) + numbered(7, 500))
            send(broker, topic, [b"later"], 1)
        return values(seen[-1:]) == [b"later"]

    batches = run(table_of(broker, topic, drain), drain, enough)
    assert [batch.last for batch in batches].count(True) == 1
    assert {batch.part for batch in batches} == {f"{topic}@0"}
    assert batches[0].records[0].origin.startswith(f"{topic}/")


def test_an_empty_table_is_loaded_at_once(broker: str, topic: str) -> None:
    drain = Drain()
    batches = run(table_of(broker, topic, drain), drain, lambda seen: seen[-1].last)
    assert [(batch.records, batch.last) for batch in batches] == [([], True)]


def test_a_table_to_which_nothing_comes_ends_when_asked(broker: str, topic: str) -> None:
    drain = Drain()
    timer = threading.Timer(0.3, drain.ask)
    timer.start()
    run(table_of(broker, topic, drain), drain, lambda seen: False)
    timer.join()


def test_every_worker_reads_all_of_it_at_every_start_with_more_workers_or_fewer(
    broker: str, topic: str, prefix: str, tmp_path: Path
) -> None:
    events = f"{prefix}events"
    create_topics(broker, 2, topics=(events,))
    send(broker, topic, numbered(200), 1)
    prepare(tmp_path / "recovery", 2)
    recovery = RecoveryConfig(tmp_path / "recovery")
    for workers in (3, 1, 2):
        drain = Drain()
        seen: list[RawBatch] = []
        note = _until_loaded(seen, drain, workers)
        flow = Dataflow("table")
        # With recovery the engine runs as long as something that has state does.
        source = KafkaSource(
            [events], {"bootstrap.servers": broker}, KafkaSettings(), Reading(drain)
        )
        stream = op.merge(
            "both",
            op.input("events", flow, source),
            op.input("table", flow, table_of(broker, topic, drain)),
        )
        op.output("out", op.map("note", stream, note), TestingSink([]))
        cluster_main(flow, [], 0, worker_count_per_proc=workers, recovery_config=recovery)
        by_part = {batch.part: values(seen, batch.part) for batch in seen}
        assert by_part == {f"{topic}@{n}": numbered(200) for n in range(workers)}


def _until_loaded(
    seen: list[RawBatch], drain: Drain, workers: int
) -> Callable[[RawBatch], RawBatch]:
    def note(batch: RawBatch) -> RawBatch:
        seen.append(batch)
        if sum(b.last for b in seen) == workers:
            drain.ask()
        return batch

    return note


def test_events_wait_for_the_table(broker: str, topic: str, prefix: str) -> None:
    events = f"{prefix}events"
    create_topics(broker, 1, topics=(events,))
    send(broker, topic, numbered(500))
    send(broker, events, [b"event"])
    drain = Drain()
    applied: list[RawBatch] = []
    reading = Reading(drain, gate=lambda: any(batch.last for batch in applied))
    config, settings = {"bootstrap.servers": broker}, KafkaSettings()
    order: list[str] = []

    def apply(batch: RawBatch) -> RawBatch:
        applied.append(batch)
        order.append("row")
        return batch

    def see(batch: RawBatch) -> RawBatch:
        order.append("event")
        drain.ask()
        return batch

    flow = Dataflow("gated")
    stream = op.input("events", flow, KafkaSource([events], config, settings, reading))
    table = op.input("table", flow, table_of(broker, topic, drain))
    op.output("out", op.map("see", stream, see), TestingSink([]))
    op.output("rows", op.map("apply", table, apply), TestingSink([]))
    run_main(flow, epoch_interval=timedelta(seconds=0.05))
    assert len(values(applied)) == 500
    assert order == ["row"] * len(applied) + ["event"]


def test_a_new_log_is_read_from_its_beginning(own_broker: EmbeddedBroker) -> None:
    bootstrap = own_broker.bootstrap_servers
    send(bootstrap, "catalog", numbered(20))
    drain = Drain()
    swapped = threading.Event()

    def enough(seen: list[RawBatch]) -> bool:
        if seen[-1].last and not swapped.is_set():
            own_broker.child.kill()
            own_broker.start()
            create_topics(bootstrap, 2)
            send(bootstrap, "catalog", numbered(30, 100))
            swapped.set()
        return len(values(seen)) >= 50

    batches = run(table_of(bootstrap, "catalog", drain), drain, enough)
    assert values(batches) == numbered(20) + numbered(30, 100)
    assert [batch.last for batch in batches].count(True) == 1
