"""Spans of a traced event's stages, from the batch that it was read in to its views."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bytewax.testing import TestingSink, TestingSource, run_main
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from contracts.tracing import Tracing
from flows.batch_spans import LONGEST_NS, BatchSpans, unwatched
from flows.drain import Drain
from flows.live import Resources, Sinks, build
from flows.view_sink import ViewSink
from flows.view_writes import ViewWrites
from operators.campaigns.book import Book
from operators.catalogue import Catalogue
from storage.memory_views import MemoryStore, MemoryViews
from tests.builders import SECOND, raw
from tests.flows.test_live import SETTINGS, batches

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Message:
    """A message of the log, as Kafka's client gives it."""

    def __init__(self, traceparent: str | None) -> None:
        self._traceparent = traceparent

    def headers(self) -> list[tuple[str, bytes]]:
        return [] if self._traceparent is None else [("traceparent", self._traceparent.encode())]

    def topic(self) -> str:
        return "events.click"

    def partition(self) -> int:
        return 0

    offset = partition

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_795_000_000_000


@pytest.fixture
def kept() -> Iterator[tuple[BatchSpans, InMemorySpanExporter, list[int]]]:
    exporter, provider, clock = InMemorySpanExporter(), TracerProvider(), [10**18]
    provider.add_span_processor(SimpleSpanProcessor(exporter))

    def tick() -> int:
        clock[0] += 1_000
        return clock[0]

    yield BatchSpans(Tracing(provider), tick), exporter, clock
    provider.shutdown()


def go(folder: Path, spans: BatchSpans, traceparents: list[str | None]) -> None:
    """Run events through the graph, each in a batch of its own, which the worker has just read."""
    records = [raw("view", item="cup", at=n * SECOND) for n, _ in enumerate(traceparents)]

    def read() -> Iterator[Any]:
        for batch, traceparent in zip(batches(records, 1, False), traceparents, strict=True):
            spans.read([Message(traceparent)])
            yield batch

    views = ViewSink(
        lambda: MemoryViews(MemoryStore(), "live"),
        lambda message: ViewWrites("live")(message.items),
        Drain(),
        watch=spans.watched,
    )
    sinks = Sinks(views, *(TestingSink([]) for _ in range(3)))
    resources = Resources(Catalogue(), b"k" * 32, folder, Book(), watch=spans.watched)
    run_main(build(TestingSource(read()), sinks, SETTINGS, resources))


def test_a_traced_event_has_a_span_of_each_of_its_stages(kept, tmp_path: Path) -> None:
    spans, exporter, clock = kept
    go(tmp_path, spans, [None, f"00-{TRACE}-00f067aa0ba902b7-01"])
    clock[0] += LONGEST_NS
    spans.read([])
    found = exporter.get_finished_spans()
    (read,) = [span for span in found if span.name == "read events.click"]
    (batch,) = [span for span in found if span.name == "batch"]
    assert batch.parent.span_id == read.context.span_id
    stages = [span for span in found if span not in (read, batch)]
    names = {span.name for span in stages}
    assert {"clean", "dedupe", "identify", "profile", "items", "facts", "write_views"} <= names
    assert {"segments", "intent"} & names, "models"
    assert {span.parent.span_id for span in stages} == {batch.context.span_id}
    assert {f"{span.context.trace_id:032x}" for span in found} == {TRACE}
    assert all(batch.start_time <= span.start_time <= span.end_time for span in stages)
    assert batch.end_time == max(span.end_time for span in stages), "not when it was looked at"


@pytest.mark.parametrize("traceparent", [None, f"00-{TRACE}-00f067aa0ba902b7-00"])
def test_what_is_not_sampled_has_none(kept, tmp_path: Path, traceparent: str | None) -> None:
    spans, exporter, _ = kept
    go(tmp_path, spans, [traceparent])
    names = {span.name for span in exporter.get_finished_spans()}
    assert names <= {"read events.click"}, "a stage of nobody's trace"


def test_it_costs_nothing_where_nobody_traces() -> None:
    assert unwatched("profile", go) is go
