"""Every new trigger, read from the store once and held for all who wait for it.

Readers keep a position each and no queue: one that is slow, or stands still, delays nobody and
costs nothing. What is older than the memory is read from the store.
"""

import asyncio
import logging
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from contracts.cloudevents import user_in
from contracts.erasures import Erased
from contracts.subscriptions import Marks, Position, marks_of
from storage.errors import StoreError
from storage.trigger_log import BEGINNING, Record, TriggerLog

KEPT: Final = 2_000
"""Triggers of each site that are held, twice as many at most: some 10 MB of a busy shop."""
PAGE: Final = 200
WAIT_MS: Final = 1_000
GATHER_SECONDS: Final = 0.003
"""Between two reads, so that a burst is two wake-ups, and a single trigger does not wait."""
RETRY_SECONDS: Final = 0.5

logger = logging.getLogger("headrace.triggers")


class Trigger(NamedTuple):
    """One trigger as readers need it; `marks` is None for what is to be delivered to nobody."""

    position: Position
    event: bytes
    id: str
    marks: Marks | None


class Batch(NamedTuple):
    """Triggers after a position; `end` is the position after them, `lost` as in `Page`."""

    triggers: list[Trigger]
    lost: int
    end: Position


class _Site:
    """What is held of one site; `floor` is the position before the first."""

    def __init__(self) -> None:
        self.held: list[Trigger] = []
        self.floor = self.end = BEGINNING
        self.followed = False
        self.news = asyncio.Event()

    def add(self, triggers: Sequence[Trigger], end: Position) -> None:
        self.held.extend(triggers)
        if len(self.held) > 2 * KEPT:
            self.floor = self.held[-KEPT - 1].position
            del self.held[:-KEPT]
        self.end = end
        self.wake()

    def wake(self) -> None:
        self.news.set()
        self.news = asyncio.Event()

    def after(self, position: Position, limit: int) -> Batch:
        first = bisect_right(self.held, position.order, key=lambda one: one.position.order)
        found = self.held[first : first + limit]
        if len(found) == limit:
            return Batch(found, 0, found[-1].position)
        return Batch(found, 0, max(self.end, position, key=lambda one: one.order))


class Hub:
    """Follows the streams of some sites. Made in the event loop that it runs in."""

    def __init__(self, log: TriggerLog, sites: Sequence[str]) -> None:
        self.closing = False
        self._log = log
        self._sites = {site: _Site() for site in sites}
        self._task: asyncio.Task[None] | None = None
        self._erased: tuple[bytes, Erased] = b"", Erased()
        self._read_at = 0.0

    async def start(self) -> None:
        """Begin to follow, once; the store need not be there yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """Let everybody who waits end; they are told no more."""
        self.closing = True
        for site in self._sites.values():
            site.wake()

    async def close(self) -> None:
        """Stop following."""
        self.stop()
        while self._task is not None and not self._task.done():
            # More than once: before Python 3.12 a cancellation that meets the end of a
            # `wait_for`, with which redis-py sends, is lost.
            self._task.cancel()
            await asyncio.wait([self._task], timeout=0.2)

    def newest(self, site: str, count: int) -> list[Trigger]:
        """Return the last triggers of those that are held, the newest first."""
        return self._sites[site].held[: -count - 1 : -1]

    async def latest(self, site: str) -> Position:
        """Return the position of the newest trigger that is known of; raise `StoreError`."""
        held = self._sites[site]
        return held.end if held.followed else await self._log.latest(site)

    async def within(self, site: str, position: Position) -> Position:
        """Return a position, or that of the newest trigger if none has come so far yet.

        So a cursor of a store that was lost since, or one that was made up, waits for what is new.
        """
        if position.order <= self._sites[site].end.order:
            return position
        latest = await self._log.latest(site)
        return min(position, latest, key=lambda one: one.order)

    async def read(self, site: str, after: Position, limit: int = PAGE) -> Batch:
        """Return up to `limit` triggers after a position, wanted or not; raise `StoreError`.

        From memory, or in one round trip where the position is older than that.
        """
        held = self._sites[site]
        if held.followed and after.order >= held.floor.order:
            return held.after(after, limit)
        page = await self._log.read(site, after, limit)
        return Batch(list(map(_trigger, page.records)), page.lost, page.end)

    async def wait(self, site: str, after: Position, seconds: float) -> None:
        """Return once there is something after a position, or after so many seconds."""
        held = self._sites[site]
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while held.end.order <= after.order and not self.closing:
                    await held.news.wait()

    async def _follow(self) -> None:
        while not self.closing:
            try:
                await self._turn()
            except StoreError as error:
                logger.debug("the triggers cannot be read: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                # Whatever it was, those who wait go on, and so must this.
                logger.exception("following the triggers failed; it goes on")
                await asyncio.sleep(RETRY_SECONDS)

    async def _turn(self) -> None:
        for name, site in self._sites.items():
            if not site.followed:
                site.floor = site.end = await self._log.latest(name)
                site.followed = True
                site.wake()
        await self._forget()
        ends = {name: site.end for name, site in self._sites.items()}
        news = await self._log.news(ends, WAIT_MS)
        clock = asyncio.get_running_loop().time
        if news and (pause := self._read_at + GATHER_SECONDS - clock()) > 0.0:
            await asyncio.sleep(pause)
        self._read_at = clock()
        for name in news:
            await self._take(name, self._sites[name])

    async def _take(self, name: str, site: _Site) -> None:
        page = await self._log.read(name, site.end, PAGE)
        if page.lost:
            # Whoever stood before it reads the store, and is told what is gone.
            site.held.clear()
            site.floor = page.records[0].position if page.records else page.end
        kept = [one for one in page.records if not self._is_gone(name, one.event)]
        site.add(list(map(_trigger, kept)), page.end)

    async def _forget(self) -> None:
        """Let go what is held of people who were erased since the last turn."""
        newer = await self._log.erased(self._erased[0])
        if newer is not None:
            self._erased = newer
            for name, site in self._sites.items():
                site.held = [one for one in site.held if not self._is_gone(name, one.event)]

    def _is_gone(self, site: str, event: bytes) -> bool:
        erased = self._erased[1]
        user = user_in(event) if len(erased) else None
        return user is not None and erased.holds(site, user)


def _trigger(record: Record) -> Trigger:
    id_, marks = marks_of(record.event) or ("", None)
    return Trigger(record.position, record.event, id_, marks)
