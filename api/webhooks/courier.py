"""Delivers one subscription: what is new, what waits for another attempt, what is replayed.

Each of the three has a lane of its own, so that none waits for the others. A lane takes a few
triggers, sends them at the same time, and writes in one step what became of them and how far it
has come: killed in between, it sends those again, under the same ids.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from random import Random
from typing import Final, TypeVar

from api.triggers.hub import Hub, Trigger
from api.webhooks.health import BATCH, Health
from api.webhooks.letters import Clerk, Letter
from api.webhooks.sending import Outcome, Sender
from contracts.pseudonyms import Pseudonyms
from contracts.subscriptions import Position, Subscription
from storage.control import LeaseLostError
from storage.deliveries import Delivery
from storage.errors import StoreError
from storage.lease import Command, Lease

MAX_WAITING: Final = 10_000
"""Triggers that wait for another attempt; then no new ones are taken from the stream."""
IDLE_SECONDS: Final = 1.0
CALM_SECONDS: Final = 0.02
"""Between two looks that find nothing to send: many subscriptions look at every trigger."""
NOTE_MS: Final = 1_000
"""How often it is written down that triggers were passed over, at most."""
RETRY_SECONDS: Final = 0.5
SOON: Final = 1_000
"""Waiting triggers that are tried at once when their receiver is back."""

T = TypeVar("T")

logger = logging.getLogger("headrace.webhooks")


class Courier:
    """Delivers one subscription under a lease. `start` it once; then its lanes take turns."""

    def __init__(
        self,
        subscription: Subscription,
        hub: Hub,
        delivery: Delivery,
        lease: Lease,
        make_sender: Callable[[str], Sender],
        clock: Callable[[], int],
        rng: Random,
        names: Pseudonyms | None = None,
    ) -> None:
        self.subscription = subscription
        self.hub = hub
        self.delivery = delivery
        self.clock = clock
        self.health: Health
        self._lease = lease
        self._names = names or Pseudonyms()
        self._make_sender = make_sender
        self._sender: tuple[str, Sender] | None = None
        self._clerk = Clerk(delivery, rng)
        self._ahead: deque[Trigger] = deque()
        self._position = self._end = Position.parse(subscription.start)
        self._noted = 0

    async def start(self) -> None:
        """Find out how far delivery has come; raise `StoreError`."""
        progress = await self.delivery.progress()
        self.health = Health(progress)
        if progress.cursor:
            self._position = self._end = Position.parse(progress.cursor)
        await self.update(self.subscription)

    async def update(self, subscription: Subscription) -> None:
        """Go on with a newer definition."""
        self.subscription = subscription
        if changed := self.health.enable(subscription.enabled):
            await self.write([self.delivery.set(**changed)])

    async def close(self) -> None:
        """Close the connections to the receiver."""
        if self._sender is not None:
            await self._sender[1].aclose()

    async def send_new(self) -> float:
        """Take a turn with what is new; return how long to rest (s)."""
        now = self.clock()
        room = self.health.room(now)
        if not room or await self.delivery.waiting() >= MAX_WAITING:
            return IDLE_SECONDS
        lost = await self._look_ahead()
        taken: list[Trigger] = []
        while self._ahead and len(taken) < room:
            one = self._ahead.popleft()
            self._position = one.position
            if one.marks is not None and self.subscription.filter.wants(one.marks):
                taken.append(one)
        if not self._ahead:
            self._position = self._end
        if taken:
            await self.deliver([Letter(one.id, one.event) for one in taken], self._cursor(lost))
            return 0.0
        if lost or now - self._noted >= NOTE_MS:
            self._noted = now
            await self.write(self._cursor(lost))
        await self.hub.wait(self.subscription.site, self._position, IDLE_SECONDS)
        return CALM_SECONDS

    async def send_again(self) -> float:
        """Take a turn with what waits for another attempt; return how long to rest (s)."""
        now = self.clock()
        if not self.health.may_retry(now):
            return IDLE_SECONDS
        due = await self.delivery.due(now, BATCH)
        if due:
            await self.deliver(
                [Letter(i, one.event, one.attempts, one.first) for i, one in due.items()]
            )
            return 0.0
        at = await self.delivery.next_due()
        return IDLE_SECONDS if at is None else max(0.0, min(IDLE_SECONDS, (at - now) / 1_000))

    async def deliver(self, letters: Sequence[Letter], also: Iterable[Command] = ()) -> None:
        """Send some triggers at the same time; write what became of them, and `also`."""
        outcomes = await self._send(letters)
        now, commands, was_spared = self.clock(), [*also], self.health.spared
        commands += self._clerk.settle(letters, outcomes, now)
        changed: dict[str, object] = {}
        for outcome in outcomes:
            if outcome.delivered:
                changed |= self.health.succeeded(now)
            else:
                changed |= self._failed(now, outcome)
        commands.append(self.delivery.set(**changed))
        if was_spared and not self.health.spared:
            logger.warning("the receiver of subscription %s is back", self.subscription.id)
            soon = await self.until_done(lambda: self.delivery.soonest(SOON))
            sent = {letter.id for letter in letters}
            commands += [self.delivery.postpone(id_, now) for id_ in soon if id_ not in sent]
        await self.write(commands)

    async def write(self, commands: Sequence[Command]) -> None:
        """Write, again and again while the store is away; raise `LeaseLostError`."""
        await self.until_done(lambda: self._lease.write(commands))

    async def until_done(self, action: Callable[[], Awaitable[T]]) -> T:
        """Return what an action on the store returns, once it does; raise `LeaseLostError`."""
        while True:
            try:
                return await action()
            except StoreError as error:
                logger.debug("the store cannot be used: %s", error)
                if not self._lease.held:
                    raise LeaseLostError("the store was away for too long") from None
                await asyncio.sleep(RETRY_SECONDS)

    async def _look_ahead(self) -> int:
        if self._ahead:
            return 0
        batch = await self.hub.read(self.subscription.site, self._position)
        self._ahead.extend(batch.triggers)
        self._end = batch.end
        if batch.lost:
            logger.error(
                "%d triggers were trimmed before subscription %s of site %s could be sent them",
                batch.lost,
                self.subscription.id,
                self.subscription.site,
            )
        return batch.lost

    def _cursor(self, lost: int) -> list[Command]:
        commands = [self.delivery.set(cursor=str(self._position))]
        return [*commands, self.delivery.count("lost", lost)] if lost else commands

    async def _send(self, letters: Sequence[Letter]) -> list[Outcome]:
        if not self._lease.held:
            raise LeaseLostError("it was not kept in time")
        url = self.subscription.url or ""
        if self._sender is None or self._sender[0] != url:
            await self.close()
            self._sender = url, self._make_sender(url)
        sender, secrets = self._sender[1], self.subscription.signing(self.clock())
        told, site = self._names.revealed, self.subscription.site
        sending = (sender.send(one.id, told(site, one.event), secrets) for one in letters)
        return list(await asyncio.gather(*sending))

    def _failed(self, now: int, outcome: Outcome) -> dict[str, object]:
        off = self.health.off
        changed = self.health.failed(now, outcome)
        if self.health.off and not off:
            why = changed["disabled_why"]
            logger.error("subscription %s is switched off: %s", self.subscription.id, why)
        return changed


async def take_turns(turn: Callable[[], Awaitable[float]], stopping: asyncio.Event) -> None:
    """Take turns until `stopping` is set, with rests between; raise `LeaseLostError`."""
    while not stopping.is_set():
        try:
            seconds = await turn()
        except StoreError as error:
            logger.debug("the store cannot be used: %s", error)
            seconds = RETRY_SECONDS
        await asyncio.sleep(seconds)
