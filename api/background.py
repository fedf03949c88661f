"""Tasks that run beside the requests, and end with what they serve."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something for as long as the context lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await ended([task])


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks, and return when all are over."""
    pending = set(tasks)
    while pending:
        # More than once: before Python 3.12 a cancellation that meets the end of a `wait_for`,
        # with which redis-py sends, is lost.
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.2)
