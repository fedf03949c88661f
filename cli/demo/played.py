"""The stream of a recording: real events, moved to now and played faster than they happened.

An event that happened t after the first one comes, and carries the time, t / speed after the
start. Ids stay as they are.
"""

import asyncio
from collections.abc import Callable, Iterable
from random import Random
from typing import Final
from zlib import crc32

from cli.demo.simulated import wall_clock
from cli.demo.traffic import Traffic
from contracts.events import Event, subject_of
from contracts.profile import TOUCH_TYPES

ASKS: Final = 0.1
"""Of the touches: recommendations are asked for the person, as a website would."""
LIST: Final = 10
BREATH: Final = 200
"""Events that may follow each other without a pause, where many have one time."""


class PlayedStream:
    """Plays events, which are in time order, from `first` (epoch ms of the recording) on."""

    def __init__(
        self,
        events: Iterable[Event],
        first: int,
        speed: float,
        traffic: Traffic,
        seed: int = 7,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self._events = events
        self._first = first
        self._speed = speed
        self._traffic = traffic
        self._rng = Random(f"asks {seed}")
        self._clock = clock

    async def run(self) -> None:
        """Go on until the end of the recording."""
        start = self._clock()
        number = 0
        for number, event in enumerate(self._events, 1):
            event.time = start + round((event.time - self._first) / self._speed)
            wait = event.time - self._clock()
            if wait > 0 or number % BREATH == 0:
                await asyncio.sleep(max(0, wait) / 1000)
            await self._post(event)
        self._traffic.say(f"the recording is over after {number:,} events; the API goes on serving")

    async def _post(self, event: Event) -> None:
        subject = subject_of(event.user, event.device)
        await self._traffic.post(event, crc32(subject.encode()))
        if event.type in TOUCH_TYPES and self._rng.random() < ASKS:
            self._traffic.ask(subject, LIST, None, lambda _: None)
