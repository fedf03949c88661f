"""How the flow does, from its views, as figures for `/metrics`: ends of events, lag of parts.

Every process of the API tells the same, since all read the same views: take `max`, not `sum`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.serve.lag import Progress


class FlowFigures(Collector):
    """Reads how events ended, and how far each part of the source is, when figures are asked for.

    >>> ends = {"applied": 5, "late": 1, "duplicate": 2, "rejected": {"invalid": 3}, "withheld": {}}
    >>> parts = [Progress("events.click/0", offset=9, lag=4)]
    >>> [metric.name for metric in FlowFigures(lambda: ends, lambda: parts).collect()]
    ['headrace_flow_events', 'headrace_flow_late_events', 'headrace_flow_unlearnt_events', \
'headrace_flow_lag_records', 'headrace_flow_read_records']
    """

    def __init__(
        self, ends: Callable[[], Mapping[str, Any]], parts: Callable[[], Sequence[Progress]]
    ) -> None:
        self._ends = ends
        self._parts = parts

    def describe(self) -> Iterable[Metric]:
        """Say nothing beforehand: what there is depends on the views."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        ends = self._ends()
        family = CounterMetricFamily(
            "headrace_flow_events", "Events by how they ended, and why", labels=["end", "reason"]
        )
        for end in ("applied", "duplicate"):
            family.add_metric([end, ""], ends.get(end, 0))
        for end in ("rejected", "withheld"):
            for reason, count in sorted(ends.get(end, {}).items()):
                family.add_metric([end, reason], count)
        yield family
        late = "Applied events that were kept out of closed windows"
        yield CounterMetricFamily("headrace_flow_late_events", late, ends.get("late", 0))
        unlearnt = CounterMetricFamily(
            "headrace_flow_unlearnt_events",
            "Applied events that nothing is learnt from",
            labels=["reason"],
        )
        for reason, count in sorted(ends.get("unlearnt", {}).items()):
            unlearnt.add_metric([reason], count)
        yield unlearnt
        yield from self._progress()

    def _progress(self) -> Iterator[Metric]:
        lag = GaugeMetricFamily(
            "headrace_flow_lag_records", "Records of a part that wait to be read", labels=["part"]
        )
        read = CounterMetricFamily(
            "headrace_flow_read_records", "Records of a part that were read", labels=["part"]
        )
        for part in self._parts():
            lag.add_metric([part.part], part.lag)
            read.add_metric([part.part], part.offset)
        yield from (lag, read)
