"""One trace through a request, the records that it wrote, and the worker that read them."""

import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cli.embedded import EmbeddedBroker, EmbeddedStore
from contracts.keys import CLICK_TOPIC
from contracts.settings import Settings, SettingsError
from contracts.tracing import Tracing
from tests.api.running import TopicReader, serving
from tests.api.serve.shop import now_ms
from tests.conftest import PARTITIONS

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Tracing, InMemorySpanExporter]]:
    """A tracing whose spans are kept here; the service takes it for the one of its settings."""
    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracing = Tracing(provider)
    monkeypatch.setattr(Tracing, "of", lambda settings, service: tracing)
    monkeypatch.setattr(tracing, "close", lambda: None)
    yield tracing, kept
    provider.shutdown()


def named(kept: InMemorySpanExporter) -> dict[str, Any]:
    return {span.name: span for span in kept.get_finished_spans()}


def test_one_trace_goes_from_the_request_to_the_worker(
    spans: tuple[Tracing, InMemorySpanExporter],
    own_broker: EmbeddedBroker,
    own_store: EmbeddedStore,
) -> None:
    tracing, kept = spans
    event = {"id": "e1", "type": "view", "user": "zoro", "item": "cup", "time": now_ms()}
    with (
        serving(own_broker.bootstrap_servers, **{"redis.url": own_store.url}) as url,
        httpx.Client(base_url=url, headers={"traceparent": PARENT}) as http,
    ):
        assert http.post("/v1/events", json=event).status_code == 200
        assert http.get("/v1/users/zoro/recommendations").status_code == 200
        assert http.get("/v1/no-such").status_code == 404
    reader = TopicReader(own_broker.bootstrap_servers, [CLICK_TOPIC], PARTITIONS)
    messages = [
        m for m in reader.until(lambda found: any(m.headers() for m in found)) if m.headers()
    ]
    reader.close()
    tracing.read(messages)
    found = named(kept)
    request, read = found["POST /v1/events"], found[f"read {CLICK_TOPIC}"]
    assert read.parent.span_id == request.context.span_id
    store = next(span for name, span in found.items() if name.startswith("store "))
    assert store.parent.span_id == found["GET /v1/users/{id}/recommendations"].context.span_id
    assert {f"{span.context.trace_id:032x}" for span in found.values()} == {TRACE}
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["headrace.request_id"]
    assert not [name for name in found if "zoro" in name]
    assert not any("zoro" in str(span.attributes) for span in found.values())


def test_nothing_is_traced_where_nobody_asks() -> None:
    assert Tracing.of(Settings(), "api") is None


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.load(overrides={"traces.endpoint": "http://127.0.0.1:9/v1/traces"})
    made = Tracing.of(settings, "api")
    assert made is not None
    made.close()
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(SettingsError, match=r"headrace\[traces\]"):
        Tracing.of(settings, "api")
