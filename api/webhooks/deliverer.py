"""The one that delivers all webhooks: takes the lease, and keeps a courier for each subscription.

Of several processes one holds the lease; another takes over within seconds when it is gone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from random import Random
from time import monotonic
from typing import Final

import msgspec

from api.triggers.hub import Hub
from api.webhooks.courier import Courier, take_turns
from api.webhooks.replaying import Replays
from api.webhooks.sending import Sender
from contracts.pseudonyms import Pseudonyms
from contracts.subscriptions import Subscription
from storage.control import Control, LeaseLostError
from storage.deliveries import Delivery, known
from storage.errors import StoreError
from storage.lease import KEEP_MS, Lease
from storage.subscriptions import SubscriptionStore
from storage.trigger_log import TriggerLog

TAKE_SECONDS: Final = 1.0
LOOK_SECONDS: Final = 0.5
"""Between two looks at the subscriptions."""
STOP_SECONDS: Final = 5.0
"""For attempts that are under way at the end; those that are cut off are made again."""

MakeSender = Callable[[str], Sender]

logger = logging.getLogger("headrace.webhooks")


class Deliverer:
    """Delivers to the webhooks of some sites for as long as it holds the lease."""

    def __init__(
        self,
        control: Control,
        sites: Sequence[str],
        make_sender: MakeSender,
        clock: Callable[[], int],
        rng: Random,
        names: Pseudonyms | None = None,
    ) -> None:
        self.lease = Lease(control, lambda: monotonic() * 1_000)
        self._control = control
        self._sites = sites
        self._make_sender = make_sender
        self._clock = clock
        self._rng = rng
        self._names = names or Pseudonyms()
        self._log = TriggerLog(control)
        self._store = SubscriptionStore(control)
        self._at_work: dict[tuple[str, str], _AtWork] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set."""
        hub = Hub(self._log, self._sites)
        try:
            while not stop.is_set():
                if await self._taken():
                    await self._hold(hub, stop)
                else:
                    await _pause(stop, TAKE_SECONDS)
        finally:
            await hub.close()

    async def _taken(self) -> bool:
        try:
            return await self.lease.take()
        except StoreError as error:
            logger.debug("the lease cannot be asked for: %s", error)
            return False

    async def _hold(self, hub: Hub, stop: asyncio.Event) -> None:
        logger.info("delivering webhooks, as run %d", self.lease.run)
        keeping = asyncio.create_task(self._keep())
        try:
            await self._sweep()
            while not stop.is_set() and self.lease.held:
                await self._look(hub)
                await _pause(stop, LOOK_SECONDS)
        except LeaseLostError as error:
            logger.debug("the lease is lost: %s", error)
        finally:
            if not stop.is_set():
                logger.warning("run %d stops delivering: its lease has ended", self.lease.run)
            await self._stop_all(STOP_SECONDS if stop.is_set() else 0.0)
            keeping.cancel()
            await self._give()

    async def _keep(self) -> None:
        while True:
            try:
                await self.lease.keep()
            except StoreError as error:
                logger.debug("the lease cannot be kept: %s", error)
            await asyncio.sleep(KEEP_MS / 1_000)

    async def _give(self) -> None:
        try:
            await self.lease.give()
        except StoreError:
            logger.debug("the lease was not given back; it ends by itself")

    async def _look(self, hub: Hub) -> None:
        """Start couriers for new subscriptions, stop those of removed ones, tell of changes."""
        try:
            found = {
                (site, one.id): one
                for site in self._sites
                for one in await self._store.all_of(site)
                if one.delivery == "webhook"
            }
            if found:
                await hub.start()
            for key in self._at_work.keys() - found.keys():
                await self._dismiss(key)
            for key, subscription in found.items():
                try:
                    await self._attend(hub, key, subscription)
                except msgspec.ValidationError as error:
                    logger.error("the progress of %s cannot be read: %s", key[1], error)
        except StoreError as error:
            logger.debug("the subscriptions cannot be read: %s", error)

    async def _attend(self, hub: Hub, key: tuple[str, str], subscription: Subscription) -> None:
        at_work = self._at_work.get(key)
        if at_work is not None and at_work.failed is not None:
            if isinstance(at_work.failed, LeaseLostError):
                raise at_work.failed
            logger.error("delivering %s failed; it starts again", key[1], exc_info=at_work.failed)
            await at_work.stop(0.0)
            at_work = None
        if at_work is None:
            courier = Courier(
                subscription,
                hub,
                Delivery(self._control, *key),
                self.lease,
                self._make_sender,
                self._clock,
                Random(self._rng.random()),
                self._names,
            )
            await courier.start()
            self._at_work[key] = _AtWork(courier, Replays(courier, self._log))
        elif at_work.courier.subscription != subscription:
            await at_work.courier.update(subscription)

    async def _dismiss(self, key: tuple[str, str]) -> None:
        await self._at_work.pop(key).stop(0.0)
        await self.lease.write([Delivery(self._control, *key).forget()])

    async def _sweep(self) -> None:
        """Remove what is left of subscriptions that were removed while nobody delivered."""
        try:
            for site in self._sites:
                kept = {one.id for one in await self._store.all_of(site)}
                for id_ in await known(self._control, site) - kept:
                    await self.lease.write([Delivery(self._control, site, id_).forget()])
        except StoreError as error:
            logger.debug("what is left over was not swept: %s", error)

    async def _stop_all(self, seconds: float) -> None:
        await asyncio.gather(*(one.stop(seconds) for one in self._at_work.values()))
        self._at_work.clear()


class _AtWork:
    """A courier and the tasks of its lanes."""

    def __init__(self, courier: Courier, replays: Replays) -> None:
        self.courier = courier
        self._stopping = asyncio.Event()
        turns = (courier.send_new, courier.send_again, replays.turn)
        self._tasks = [asyncio.create_task(take_turns(turn, self._stopping)) for turn in turns]

    @property
    def failed(self) -> BaseException | None:
        """What ended a lane."""
        ended = (task for task in self._tasks if task.done() and not task.cancelled())
        return next((task.exception() for task in ended if task.exception()), None)

    async def stop(self, seconds: float) -> None:
        """End the lanes: after the turns that they are in, or after `seconds`."""
        self._stopping.set()
        pending = set(self._tasks)
        if seconds:
            _, pending = await asyncio.wait(pending, timeout=seconds)
        while pending:
            # More than once: before Python 3.12 a cancellation that meets the end of a
            # `wait_for`, with which redis-py sends, is lost.
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=0.2)
        await self.courier.close()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
