"""Freshness, measured on a sample of the real events.

From the moment at which the collector's answer arrived until an answer about the same person
reflects the event, by asking again and again: what a website would see, its own way of asking
included.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from cli.demo.client import ApiError, Client
from cli.demo.tally import Delays
from contracts.events import Event, subject_of
from contracts.profile import TOUCH_TYPES

EVERY_SECONDS: Final = 0.2
AT_ONCE: Final = 10
LIMIT_SECONDS: Final = 10.0
"""An event that nothing shows after so long counts as so late."""
ITEMS: Final = 5
POLL_SECONDS: Final = 0.002
POLL_SHARE: Final = 0.05
"""Of the time waited so far: the next pause is as long, so that a stall is not made worse."""
REMEMBERED: Final = 50_000


class Probes:
    """Watches accepted events, picks one every 200 ms, and fills `delays` (milliseconds)."""

    def __init__(
        self, client: Client, delays: Delays, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._delays = delays
        self._clock = clock
        self._next = clock()
        self._newest: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def accepted(self, events: Sequence[Event]) -> None:
        """Look at events that the collector has just acknowledged."""
        now = self._clock()
        chosen = None
        for event in events:
            subject = subject_of(event.user, event.device)
            newest = self._is_newest(subject, event.time) and _is_profiled(event)
            # Of a batch the last; rather one that changes what is recommended.
            if newest and (chosen is None or event.type in TOUCH_TYPES):
                chosen = (subject, event.time)
        if chosen is None or now < self._next or len(self._tasks) >= AT_ONCE:
            return
        self._next = now + EVERY_SECONDS
        task = asyncio.create_task(self._measure(*chosen, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Stop measuring."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _is_newest(self, subject: str, time_: int) -> bool:
        """Say whether no earlier event of the person could be taken for one of this time."""
        before = self._newest.pop(subject, 0)
        self._newest[subject] = max(before, time_)
        if len(self._newest) > REMEMBERED:
            del self._newest[next(iter(self._newest))]
        return time_ > before

    async def _measure(self, subject: str, time_: int, since: float) -> None:
        waited = 0.0
        while not await self._reflected(subject, time_):
            waited = self._clock() - since
            if waited > LIMIT_SECONDS:
                self._client.trouble(f"no answer reflects an event after {LIMIT_SECONDS:.0f} s")
                break
            await asyncio.sleep(max(POLL_SECONDS, POLL_SHARE * waited))
        now = self._clock()
        self._delays.add((now - since) * 1000, now)

    async def _reflected(self, subject: str, time_: int) -> bool:
        try:
            answer = await self._client.recommend(subject, ITEMS)
        except ApiError as error:
            self._client.trouble(str(error))
            return False
        return answer.as_of is not None and answer.as_of >= time_


def _is_profiled(event: Event) -> bool:
    return event.consent is None or "personalization" in event.consent
