"""An open loop: each request at its scheduled time, whatever became of those before."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable


async def at_rate(
    rate: float,
    seconds: float,
    action: Callable[[int], Awaitable[None]],
    statuses: Counter[str],
) -> None:
    """Start `rate` actions a second; connections that break are counted in `statuses`."""

    async def counted(number: int) -> None:
        try:
            await action(number)
        except (OSError, EOFError) as error:
            statuses[f"broken: {type(error).__name__}"] += 1

    began, tasks = time.perf_counter(), set()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        task = asyncio.ensure_future(counted(number))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
