"""Traces by OpenTelemetry; where `traces.endpoint` is not set, nothing of it is loaded.

One `traceparent` (https://www.w3.org/TR/trace-context/) goes from a request into the records that
it wrote to Kafka, and from there to the worker that read them.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

from contracts.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider

HEADER: Final = "traceparent"


class Tracing:
    """Makes spans of one service. Raises nothing: what cannot be exported is dropped."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        self._provider = provider
        self._tracer = provider.get_tracer("headrace")
        self._propagator = TraceContextTextMapPropagator()

    @classmethod
    def of(cls, settings: Settings, service: str) -> "Tracing | None":
        """Return what the settings ask for, or nothing; raise `SettingsError`."""
        if not settings.traces.endpoint:
            return None
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
        except ImportError:
            raise SettingsError(
                "traces.endpoint is set, and OpenTelemetry is not there: "
                "pip install 'headrace[traces]', or leave it empty"
            ) from None
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.traces.share)),
            resource=Resource.create({"service.name": f"headrace-{service}"}),
        )
        exporter = OTLPSpanExporter(endpoint=settings.traces.endpoint)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        return cls(provider)

    def span(
        self, name: str, parent: str = "", *, server: bool = False, **attributes: str
    ) -> "AbstractContextManager[Any]":
        """Return a context that is a span, of `parent` (a traceparent) or of the current one."""
        from opentelemetry.trace import SpanKind

        kind = SpanKind.SERVER if server else SpanKind.INTERNAL
        return self._tracer.start_as_current_span(
            name, self._context(parent) if parent else None, kind, attributes
        )

    def headers(self) -> tuple[tuple[str, bytes], ...]:
        """Return the headers by which a record belongs to the current span."""
        carrier: dict[str, str] = {}
        self._propagator.inject(carrier)
        return tuple((name, value.encode()) for name, value in carrier.items())

    def read(self, messages: Iterable[Any]) -> list[Any]:
        """Make a span of each message that belongs to one: from its arrival to its reading.

        Return those that are kept, since their trace is sampled.
        """
        from opentelemetry.trace import SpanKind

        found = []
        for message in messages:
            parent = dict(message.headers() or ()).get(HEADER)
            if parent is None:
                continue
            span = self._tracer.start_span(
                f"read {message.topic()}",
                self._context(parent.decode("ascii", "replace")),
                SpanKind.CONSUMER,
                {
                    "messaging.system": "kafka",
                    "messaging.destination.partition.id": str(message.partition()),
                    "messaging.kafka.offset": message.offset(),
                },
                start_time=message.timestamp()[1] * 1_000_000,
            )
            span.end(time_ns())
            if span.get_span_context().trace_flags.sampled:
                found.append(span)
        return found

    def begin(self, name: str, within: Any, start_ns: int) -> Any:
        """Return a span within another, begun at a time; it is ended by whoever asks."""
        from opentelemetry.trace import set_span_in_context

        return self._tracer.start_span(name, set_span_in_context(within), start_time=start_ns)

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()

    def _context(self, parent: str) -> "Context":
        return self._propagator.extract({HEADER: parent})
