"""One picture a second for all who look, however many they are; none while nobody looks."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

Picture = dict[str, Any]

SECONDS: Final = 1.0
HISTORY: Final = 300
"""Points of the lines that a page begins with: five minutes, if somebody looked."""

MAX_VIEWERS: Final = 200

logger = logging.getLogger("headrace.api")


class Feed:
    """Pictures for viewers; one who is slow misses some, and holds up nobody.

    Args:
        make: makes the picture of now.
        point: what the lines need of a picture.
    """

    def __init__(
        self,
        make: Callable[[], Awaitable[Picture]],
        point: Callable[[Picture], Any],
        seconds: float = SECONDS,
    ) -> None:
        self._make = make
        self._point = point
        self._seconds = seconds
        self._viewers: set[asyncio.Queue[Picture | None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.history: deque[Any] = deque(maxlen=HISTORY)

    @property
    def full(self) -> bool:
        """Whether as many look as may."""
        return len(self._viewers) >= MAX_VIEWERS

    @asynccontextmanager
    async def viewer(self) -> AsyncIterator[asyncio.Queue[Picture | None]]:
        """Take part, with a queue that holds the newest picture, or None at the end."""
        queue: asyncio.Queue[Picture | None] = asyncio.Queue(maxsize=1)
        self._viewers.add(queue)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield queue
        finally:
            self._viewers.discard(queue)
            if not self._viewers:
                await self.close()

    def stop(self) -> None:
        """Tell those who look that it is over."""
        self._show(None)

    async def close(self) -> None:
        """Stop making pictures."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            try:
                made = await self._make()
            except Exception:
                # A page that stands still is no reason to stop the page for good.
                logger.exception("the live page's picture could not be made; it goes on")
            else:
                self.history.append(self._point(made))
                self._show(made)
            await asyncio.sleep(self._seconds)

    def _show(self, made: Picture | None) -> None:
        for queue in self._viewers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(made)
