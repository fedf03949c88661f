"""Posting: a few lanes side by side, and in each one small batch after another.

A person's events keep to one lane, so they arrive in the order in which they happened.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from cli.demo.client import ApiError, Client, Posted
from contracts.events import Event

LANES: Final = 4
BATCH: Final = 200
ROOM: Final = 5_000
"""Events that wait in a lane; then whoever brings more has to wait."""

Told = Callable[[Sequence[Event], Posted], None]

logger = logging.getLogger("headrace.demo")


class Lanes:
    """Takes events and posts them; `told` hears what became of each batch, right afterwards."""

    def __init__(self, client: Client, told: Told) -> None:
        self.waiting = 0
        self._client = client
        self._told = told
        self._queues = [asyncio.Queue[Event](ROOM) for _ in range(LANES)]
        self._tasks = [asyncio.create_task(self._run(queue)) for queue in self._queues]

    async def put(self, event: Event, person: int) -> None:
        """Take an event of the person with this number; wait while their lane is full."""
        self.check()
        await self._queues[person % LANES].put(event)
        self.waiting += 1

    async def close(self, seconds: float) -> None:
        """Post what waits, for at most so long; `waiting` says what was left."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(queue.join() for queue in self._queues))
        except TimeoutError:
            logger.warning("%d events were not posted in time", self.waiting)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def check(self) -> None:
        """Raise what ended a lane, if one did: nothing may stop in silence."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def _run(self, queue: "asyncio.Queue[Event]") -> None:
        while True:
            batch = [await queue.get()]
            while len(batch) < BATCH and not queue.empty():
                batch.append(queue.get_nowait())
            await self._post(batch)
            for _ in batch:
                queue.task_done()
            self.waiting -= len(batch)

    async def _post(self, batch: Sequence[Event]) -> None:
        try:
            self._told(batch, await self._client.post(batch))
        except ApiError as error:
            self._client.trouble(str(error))
            logger.error("%d events: %s", len(batch), error)
