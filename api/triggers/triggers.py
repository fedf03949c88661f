"""Triggers put together for the API: the store, the hub, the subscriptions, the keys."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Self

from prometheus_client import CollectorRegistry

from api.problems import ProblemError
from api.serve.serving import now_ms
from api.triggers.asking import Reading, unknown
from api.triggers.hub import Hub
from api.triggers.reader import Reader
from api.triggers.watch import Watch
from api.webhooks.targets import Targets
from contracts.settings import Settings, SettingsError
from contracts.subscriptions import Position, Subscription
from storage.control import Control
from storage.deliveries import Delivery
from storage.errors import StoreRefused
from storage.subscriptions import SubscriptionStore
from storage.trigger_log import TriggerLog


class Triggers:
    """All that reading triggers and managing subscriptions needs, for one event loop."""

    def __init__(
        self,
        settings: Settings,
        control: Control,
        registry: CollectorRegistry,
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self.targets = Targets(settings.webhooks)
        self.control = control
        self.clock = clock
        self.log = TriggerLog(control)
        self.store = SubscriptionStore(control)
        sites = settings.api.known_sites
        self.hub = Hub(self.log, sites)
        kept = settings.campaigns.stream_length
        self.watch = Watch(self.store, self.log, control, sites, kept, registry)
        self._max_streams = settings.api.max_streams
        self._max_by_key = settings.api.max_streams_per_key
        self._readers: Counter[str] = Counter()

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, registry: CollectorRegistry) -> AsyncIterator[Self]:
        """Start at the settings' store, which need not be there yet; raise `SettingsError`."""
        try:
            control = Control(settings.redis)
        except StoreRefused as error:
            raise SettingsError(str(error)) from None
        triggers = cls(settings, control, registry)
        await triggers.hub.start()
        await triggers.watch.start()
        try:
            yield triggers
        finally:
            await triggers.hub.close()
            await triggers.watch.close()
            await control.close()

    def delivery(self, subscription: Subscription) -> Delivery:
        """Return the delivery of a subscription."""
        return Delivery(self.control, subscription.site, subscription.id)

    def enter(self, key: str) -> None:
        """Count one more reader by a key; raise a 503 or 429 if there are too many."""
        if self.watch.readers >= self._max_streams:
            raise ProblemError(
                503,
                "too-many-streams",
                f"{self._max_streams:,} streams and polls are open here (api.max_streams)",
                {"Retry-After": "5"},
            )
        if self._readers[key] >= self._max_by_key:
            raise ProblemError(
                429,
                "too-many-streams",
                f"{self._max_by_key:,} streams and polls are open by this key "
                "(api.max_streams_per_key)",
                {"Retry-After": "5"},
            )
        self._readers[key] += 1
        self.watch.readers += 1

    def leave(self, key: str) -> None:
        """Count one reader less."""
        self.watch.readers -= 1
        self._readers[key] -= 1
        if not self._readers[key]:
            del self._readers[key]

    async def reader(self, site: str, reading: Reading) -> Reader:
        """Return a reader of what a request asks for; raise a 404, 409 or `StoreError`."""
        lost, given = self.watch.lost_by_readers, reading.after
        if given is not None:
            given = await self.hub.within(site, given)
        if reading.subscription is None:
            after = given or await self.hub.latest(site)
            return Reader(self.hub, site, reading.filter, after, None, lost)
        one = await self.store.get(site, reading.subscription)
        if one is None:
            raise unknown(reading.subscription)
        if one.delivery != "pull":
            raise ProblemError(
                409,
                "not-pulled",
                f"subscription {one.id} is delivered to a webhook; read with one whose `delivery` "
                "is `pull`",
            )
        delivery = self.delivery(one)
        after = given or Position.parse((await delivery.progress()).cursor or one.start)
        reader = Reader(self.hub, site, one.filter, after, delivery, lost)
        if given is not None:
            await reader.acknowledge()
        return reader
