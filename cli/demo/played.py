"""The stream of a recording: real events, moved to now and played faster than they happened.

What happened at the origin happens at the start; an event of t later comes, and carries the time,
t / speed after it. What happened before the origin comes at once, with times before the start.
Ids stay as they are. Where nothing happens for long, as around an event with a wrong clock, the
rest of the silence is left out.
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
from contracts.wording import counted

ASKS: Final = 0.1
"""Of the touches: recommendations are asked for the person, as a website would."""
LIST: Final = 10
BREATH: Final = 200
"""Events that may follow each other without a pause, where many have one time."""


class PlayedStream:
    """Plays events, which are in time order; `origin` is a time (epoch ms) of theirs.

    A silence of the played stream is at most `longest_silence` seconds.
    """

    def __init__(
        self,
        events: Iterable[Event],
        origin: int,
        speed: float,
        traffic: Traffic,
        longest_silence: float = 2.0,
        seed: int = 7,
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self._events = events
        self._origin = origin
        self._speed = speed
        self._traffic = traffic
        self._longest_ms = round(longest_silence * 1000)
        self._rng = Random(f"asks {seed}")
        self._clock = clock

    async def run(self) -> None:
        """Go on until the end of the recording."""
        start = last = self._clock()
        number = 0
        for number, event in enumerate(self._events, 1):
            due = start + round((event.time - self._origin) / self._speed)
            # Silence is measured from the event before, however late that came.
            left_out = max(0, due - last - self._longest_ms)
            start -= left_out
            event.time = due - left_out
            last = max(last, event.time)
            wait = event.time - self._clock()
            if wait > 0 or number % BREATH == 0:
                await asyncio.sleep(max(0, wait) / 1000)
            await self._post(event)
        over = f"the recording is over after {counted(number, 'event')}"
        self._traffic.say(f"{over}; the API goes on serving")

    async def _post(self, event: Event) -> None:
        subject = subject_of(event.user, event.device)
        await self._traffic.post(event, crc32(subject.encode()))
        if event.type in TOUCH_TYPES and self._rng.random() < ASKS:
            self._traffic.ask(subject, LIST, None, lambda _: None)
