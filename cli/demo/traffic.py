"""What a stream of events needs: post, ask for recommendations, tell; and all of it is counted."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final

from cli.demo.client import ApiError, Client, Ended, Posted, Stats
from cli.demo.lanes import Lanes
from cli.demo.probes import Probes
from cli.demo.reports import Example, Figures, Report, Said
from cli.demo.tally import Delays, Rate
from contracts.decisions import Recommendation
from contracts.events import DEVICE_PREFIX, Event

ASKED_AT_ONCE: Final = 16
ASKS_WAITING: Final = 200
SHOWN_MODELS: Final = ("blend", "trending")
LEAST_JUDGED: Final = 100
PERSONAL_SECONDS: Final = 5.0
"""So long an example of a person waits for one whom the engine knows something about."""


class Traffic:
    """Counts what goes through it. `report` takes what people shall see."""

    def __init__(
        self,
        client: Client,
        report: Callable[[Report], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self.lanes = Lanes(client, self._told)
        self.online: int | None = None
        self._report = report
        self._clock = clock
        self._events = Rate()
        self._answers = Rate()
        self._delays = Delays()
        self._probes = Probes(client, self._delays, clock)
        self._refused = 0
        self._stats = Stats(Ended())
        self._triggers: int | None = None
        self._before = 0
        self._exemplified = False
        self._since = self._asked_at = self._accepted_at = clock()
        self._asking = asyncio.Semaphore(ASKED_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    async def post(self, event: Event, person: int) -> None:
        """Post an event of the person with this number."""
        await self.lanes.put(event, person)

    def ask(
        self, subject: str, n: int, item: str | None, then: Callable[[Recommendation | None], None]
    ) -> None:
        """Ask for recommendations; `then` gets the answer, or None where there is none."""
        if len(self._tasks) >= ASKS_WAITING:
            then(None)
            return
        self._spawn(self._ask(subject, n, item, then))

    def say(self, text: str) -> None:
        """Tell people something."""
        self._report(Said(text))

    async def begin(self) -> None:
        """Take note of what the engine has counted before; raise `ApiError`."""
        self._before = (await self.client.stats()).events.ended

    async def refresh(self) -> None:
        """Ask the engine for its counts; without an answer the lag is not known."""
        now = self._clock()
        try:
            self._stats = await self.client.stats()
            self._asked_at = now
        except ApiError as error:
            self.client.trouble(str(error))
            self._stats.lag_ms = None
        with suppress(ApiError):  # shown when it is there
            self._triggers = await self.client.triggers()

    def figures(self) -> Figures:
        """Return how it goes now."""
        now, ended = self._clock(), self._stats.events
        return Figures(
            events_rate=self._events.per_second(now),
            answers_rate=self._answers.per_second(now),
            fresh_p50=self._delays.quantile(0.5, now),
            fresh_p99=self._delays.quantile(0.99, now),
            accepted=self._events.total,
            waiting=self.lanes.waiting,
            refused=self._refused,
            answers=self._answers.total,
            applied=ended.applied,
            duplicate=ended.duplicate,
            others=ended.ended - ended.applied - ended.duplicate,
            settled=self.counted or self.settled,
            lag_ms=self._stats.lag_ms,
            hits=_hits(self._stats),
            triggers=self._triggers,
            online=self.online,
            troubles=self.client.troubles,
            last_trouble=self.client.last_trouble,
        )

    @property
    def counted(self) -> bool:
        """Whether the engine has accounted for as many events as were accepted."""
        return self._stats.events.ended - self._before >= self._events.total

    @property
    def settled(self) -> bool:
        """Whether all that was accepted was read, as far as is known by now."""
        lag = self._stats.lag_ms
        return lag is not None and self._asked_at - lag / 1000 > self._accepted_at

    async def close(self, seconds: float) -> None:
        """Post what waits, for at most so long, and stop everything else."""
        await self.lanes.close(seconds)
        await self._probes.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _told(self, batch: Sequence[Event], posted: Posted) -> None:
        self._accepted_at = self._clock()
        self._events.add(posted.accepted, self._accepted_at)
        self._refused += len(posted.refused)
        for reason in posted.refused:
            self.client.trouble(f"an event was refused: {reason}")
        if not posted.refused:
            self._probes.accepted(batch)

    async def _ask(
        self,
        subject: str,
        n: int,
        item: str | None,
        then: Callable[[Recommendation | None], None],
    ) -> None:
        answer = None
        try:
            async with self._asking:
                answer = await self.client.recommend(subject, n, item)
        except ApiError as error:
            self.client.trouble(str(error))
        else:
            self._answers.add(1, self._clock())
            self._exemplify(subject, answer)
        finally:
            then(answer)

    def _exemplify(self, subject: str, answer: Recommendation) -> None:
        """Name somebody to look at: a user whom the engine knows, or after a while any user."""
        waited = self._clock() - self._since > PERSONAL_SECONDS
        known = answer.as_of is not None and not answer.fallback
        if self._exemplified or subject.startswith(DEVICE_PREFIX) or not answer.items:
            return
        if known or waited:
            self._exemplified = True
            self._report(Example(subject, answer.items[0].item))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _hits(stats: Stats) -> dict[str, float]:
    """Return the hit rates of the blend and of what is trending, once they are worth a word."""
    for scored in stats.scoreboard.values():
        models = {name: scored.models.get(name, {}) for name in SHOWN_MODELS}
        if all(told.get("predictions", 0) >= LEAST_JUDGED for told in models.values()):
            return {name: told["hr@10"] for name, told in models.items()}
    return {}
