"""What the collector counts for `/metrics`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class CollectMetrics:
    """The collector's figures in one registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.accepted = Counter(
            "headrace_collect_accepted",
            "Posted messages that the broker acknowledged",
            ["site"],
            registry=registry,
        )
        self.written = Counter(
            "headrace_collect_events",
            "Canonical events that the broker acknowledged: an order makes one a line",
            ["topic"],
            registry=registry,
        )
        self.rejected = Counter(
            "headrace_collect_rejected",
            "Posted messages that were refused, by reason",
            ["reason"],
            registry=registry,
        )
        self.unavailable = Counter(
            "headrace_collect_unavailable",
            "Requests that were answered 503: no acknowledgement could be had",
            registry=registry,
        )
        self.ack_seconds = Histogram(
            "headrace_collect_ack_seconds",
            "From the parsed request to the broker's acknowledgement",
            buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.in_flight = Gauge(
            "headrace_collect_in_flight",
            "Events that wait for the broker's acknowledgement",
            registry=registry,
        )
