"""A courier whose turns are taken by hand, with a real store and a clock of our own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from msgspec.structs import replace

from api.triggers.hub import Hub
from api.webhooks.courier import Courier
from api.webhooks.sending import Sender
from api.webhooks.targets import Targets
from contracts.settings import WebhookSettings
from contracts.subscriptions import Progress, Secret, Subscription
from storage.control import Control
from storage.deliveries import Delivery
from storage.lease import Lease
from storage.trigger_log import TriggerLog
from tests.api.triggers.firing import SITE
from tests.api.webhooks.receiver import Receiver
from tests.storage.servers import StoreServer

START = 1_700_000_000_000
KEY = "whsec_" + "bmV3" * 8
SECONDS = 0.5


class Bench:
    """A courier whose turns are taken by hand."""

    def __init__(self, control: Control, store: StoreServer, receiver: Receiver) -> None:
        self.now = START
        self.store = store
        self.control = control
        self.log = TriggerLog(control)
        self.hub = Hub(self.log, [SITE])
        self.lease = Lease(control, lambda: 0.0)
        self.delivery = Delivery(control, SITE, "sub")
        self.targets = Targets(WebhookSettings(allow=["127.0.0.0/8"]))
        self.subscription = Subscription(
            id="sub",
            site=SITE,
            delivery="webhook",
            created=START,
            updated=START,
            enabled=START,
            start="0-0.0",
            url=receiver.url,
            secrets=(Secret(key=KEY, created=START),),
        )

    async def courier(self, **changes: Any) -> Courier:
        courier = Courier(
            replace(self.subscription, **changes),
            self.hub,
            self.delivery,
            self.lease,
            lambda url: Sender(url, self.targets, SECONDS),
            lambda: self.now,
            Random(7),
        )
        await courier.start()
        return courier

    async def progress(self) -> Progress:
        return await self.delivery.progress()


def run(
    store: StoreServer, receiver: Receiver, scenario: Callable[[Bench], Awaitable[None]]
) -> None:
    @asynccontextmanager
    async def bench() -> AsyncIterator[Bench]:
        control = Control(store.settings)
        made = Bench(control, store, receiver)
        assert await made.lease.take()
        await made.hub.start()
        try:
            yield made
        finally:
            await made.hub.close()
            await control.close()

    async def main() -> None:
        async with bench() as made:
            await scenario(made)

    asyncio.run(main())
