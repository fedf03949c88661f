"""Watches the delivery of all subscriptions: figures for `/metrics`, and alarms in the log."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from api.triggers.figures import Figures, figures_of
from storage.control import Control
from storage.errors import StoreError
from storage.subscriptions import SubscriptionStore
from storage.trigger_log import TriggerLog

LOOK_SECONDS: Final = 2.0
HIGH_SHARE: Final = 0.8
"""Of what a stream keeps: with a backlog above it, triggers are about to be lost."""

_GAUGES: Final = {
    "backlog": "Triggers that a subscription has not come to yet",
    "waiting": "Triggers that wait for another attempt",
    "dead": "Dead letters",
}
_COUNTERS: Final = {
    "delivered": "Triggers that a webhook took",
    "failed": "Attempts that failed",
    "lost": "Triggers that were trimmed before they were acknowledged",
    "dropped": "Dead letters that newer ones pushed out",
}

logger = logging.getLogger("headrace.triggers")


class Watch(Collector):
    """Looks every few seconds; what it saw last is what `/metrics` shows."""

    def __init__(
        self,
        store: SubscriptionStore,
        log: TriggerLog,
        control: Control,
        sites: Sequence[str],
        kept: int,
        registry: CollectorRegistry,
    ) -> None:
        """`kept` is about how many triggers a site's stream keeps."""
        self.readers = 0
        self._kept = kept
        self._store, self._log, self._control, self._sites = store, log, control, sites
        self._seen: dict[tuple[str, str], Figures] = {}
        self._high: set[tuple[str, str]] = set()
        self._task: asyncio.Task[None] | None = None
        registry.register(self)
        Gauge(
            "headrace_triggers_readers", "Open streams and polls of triggers", registry=registry
        ).set_function(lambda: self.readers)
        self._lost_by_readers = Counter(
            "headrace_triggers_reader_lost",
            "Triggers that were trimmed before a stream or a poll came to them",
            registry=registry,
        )

    def lost_by_readers(self, count: int) -> None:
        """Count what a stream or a poll missed."""
        self._lost_by_readers.inc(count)

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._forever())

    async def close(self) -> None:
        """Stop looking."""
        while self._task is not None and not self._task.done():
            # More than once: before Python 3.12 a cancellation that meets the end of a
            # `wait_for`, with which redis-py sends, is lost.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.2)

    async def look(self) -> None:
        """Look once; raise `StoreError`."""
        seen: dict[tuple[str, str], Figures] = {}
        for site in self._sites:
            subscriptions = await self._store.all_of(site)
            for one in await figures_of(self._control, self._log, site, subscriptions):
                seen[site, one.subscription.id] = one
        for key, figures in seen.items():
            self._alarm(key, figures, self._seen.get(key))
        self._high &= seen.keys()
        self._seen = seen

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Yield what was seen last."""
        for name, text in _GAUGES.items():
            family = GaugeMetricFamily(f"headrace_triggers_{name}", text, labels=_LABELS)
            for (site, id_), one in self._seen.items():
                family.add_metric([site, id_], getattr(one, name))
            yield family
        for name, text in _COUNTERS.items():
            counter = CounterMetricFamily(f"headrace_triggers_{name}", text, labels=_LABELS)
            for (site, id_), one in self._seen.items():
                found = one.lost if name == "lost" else getattr(one.progress, name)
                counter.add_metric([site, id_], found)
            yield counter
        off = GaugeMetricFamily("headrace_triggers_disabled", "1: given up", labels=_LABELS)
        for (site, id_), one in self._seen.items():
            off.add_metric([site, id_], one.disabled)
        yield off

    async def _forever(self) -> None:
        while True:
            try:
                await self.look()
            except StoreError as error:
                logger.debug("the subscriptions cannot be looked at: %s", error)
            except Exception:
                logger.exception("watching the subscriptions failed; it goes on")
            await asyncio.sleep(LOOK_SECONDS)

    def _alarm(self, key: tuple[str, str], now: Figures, before: Figures | None) -> None:
        more = now.lost - (before.lost if before is not None else 0)
        if more > 0:
            logger.error(
                "subscription %s of site %s lost %d triggers: they were trimmed before it "
                "acknowledged them (%d in all)",
                key[1],
                key[0],
                more,
                now.lost,
            )
        high = now.backlog > HIGH_SHARE * self._kept
        if high and key not in self._high:
            logger.error(
                "subscription %s of site %s is %d triggers behind, and about %d are kept: it is "
                "about to lose some",
                key[1],
                key[0],
                now.backlog,
                self._kept,
            )
        (self._high.add if high else self._high.discard)(key)


_LABELS: Final = ("site", "subscription")
