"""The stream of simulated shoppers, in step with the clock."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from cli.demo.simulator import LIST, Asked, Did, Output, Shown, Trending, World
from cli.demo.traffic import Traffic
from contracts.decisions import Recommendation
from contracts.events import subject_of

TICK_SECONDS: Final = 0.05


def wall_clock() -> int:
    """Return the time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


class SimulatedStream:
    """Lets a world's time pass, posts what its shoppers do, and shows them what is recommended."""

    def __init__(
        self, world: World, traffic: Traffic, clock: Callable[[], int] = wall_clock
    ) -> None:
        self._world = world
        self._traffic = traffic
        self._clock = clock

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            for output in self._world.advance(self._clock()):
                await self._pass_on(output)
            self._traffic.online = self._world.online
            await asyncio.sleep(TICK_SECONDS)

    async def _pass_on(self, output: Output) -> None:
        if isinstance(output, Did):
            await self._traffic.post(output.event, output.shopper)
        elif isinstance(output, Asked):
            self._ask(output)
        elif isinstance(output, Trending):
            self._traffic.say(f"{output.title} ({output.item}) becomes hot: watch /v1/trending")

    def _ask(self, asked: Asked) -> None:
        def show(answer: Recommendation | None) -> None:
            shown = None
            if answer is not None:
                shown = Shown(answer.request, [item.item for item in answer.items])
            self._world.answer(asked.number, shown, self._clock())

        subject = subject_of(asked.user, asked.device)
        self._traffic.ask(subject, LIST, asked.item, show)
