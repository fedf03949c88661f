"""What serving counts for `/metrics`."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1)


class ServeMetrics:
    """Serving's figures in one registry; the gauges ask when they are read."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._seconds = Histogram(
            "headrace_serve_seconds",
            "From the parsed request to the answer's bytes",
            ["kind"],
            buckets=SECONDS,
            registry=registry,
        )
        self._store_seconds = Histogram(
            "headrace_serve_store_seconds",
            "One round trip to the store, by what was read",
            ["trip"],
            buckets=SECONDS,
            registry=registry,
        )
        self._answers = Counter(
            "headrace_serve_answers",
            "Answers with items, by what they were made of",
            ["kind", "made"],
            registry=registry,
        )
        self.given = 0
        self.seconds = _remembered(lambda kind: self._seconds.labels(kind).observe)
        self.store_seconds = _remembered(lambda trip: self._store_seconds.labels(trip).observe)

    def answered(self, kind: str, *, fallback: bool, degraded: bool) -> None:
        """Count one answer."""
        made = "degraded" if degraded else "fallback" if fallback else "personal"
        self._answers.labels(kind, made).inc()
        self.given += 1

    def gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a figure that is read when it is asked for."""
        Gauge(name, text, registry=self._registry).set_function(read)

    def counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a count that is read when it is asked for; `_total` is put to its name."""
        self._registry.register(_Read(name, text, read))


class _Read(Collector):
    """A counter that somebody else counts."""

    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        self._name, self._text, self._read = name, text, read

    def collect(self) -> Iterator[Metric]:
        """Yield the figure."""
        yield CounterMetricFamily(self._name, self._text, self._read())


def _remembered(
    make: Callable[[str], Callable[[float], None]],
) -> Callable[[str], Callable[[float], None]]:
    made: dict[str, Callable[[float], None]] = {}

    def get(label: str) -> Callable[[float], None]:
        if label not in made:
            made[label] = make(label)
        return made[label]

    return get
