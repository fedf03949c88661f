"""Background work of the API: keeps its memory as the store has it, and notices when it is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import time_ns
from typing import Final

from api.background import ended
from api.serve import loading
from api.serve.memory import Memory
from api.serve.rules_file import RulesFile
from api.serve.store import Store
from contracts.keys import SERVED_KEY
from storage.errors import StoreError
from storage.views import ViewReader

REFRESH_SECONDS: Final = 0.25
PROBE_SECONDS: Final = 1.0
FOLLOW_MS: Final = 250
CHECK_TURNS: Final = 4
"""Of following: after how many the log itself is looked at."""

FIND_SHARE: Final = 50
"""Looking for the parts of the source scans the store; it takes one part in so many of time."""

logger = logging.getLogger("headrace.api")


class Keeper:
    """Owns the memory of the namespace that is served, and the tasks that keep it."""

    def __init__(
        self, store: Store, namespace: str, sites: Sequence[str], rules: RulesFile
    ) -> None:
        self.memory = Memory(namespace, sites)
        self.loaded = False
        self._default = namespace
        self._store = store
        self._rules = rules
        self._sites = sites
        self._turns = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, wait_seconds: float = 2.0) -> None:
        """Start keeping; wait for the first load, unless it fails or takes long."""
        first = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._forever(self._refresh, REFRESH_SECONDS)),
            asyncio.create_task(self._forever(lambda: self._follow(first), 0.0)),
            asyncio.create_task(self._forever(self._find, 0.0)),
        ]
        try:
            async with asyncio.timeout(wait_seconds):
                await first.wait()
        except TimeoutError:
            logger.warning("what the store holds is not in memory yet; answers begin without it")

    async def close(self) -> None:
        """Stop keeping."""
        await ended(self._tasks)

    async def _forever(self, turn: Callable[[], Awaitable[None]], pause: float) -> None:
        while True:
            try:
                await turn()
                await asyncio.sleep(pause)
            except StoreError as error:
                logger.debug("the store cannot be read: %s", error)
                await asyncio.sleep(REFRESH_SECONDS)
            except Exception:
                # Whatever it was, answers go on, and so must this.
                logger.exception("keeping the API's memory failed; it goes on")
                await asyncio.sleep(PROBE_SECONDS)

    async def _refresh(self) -> None:
        self._rules.refresh()
        await self._take(self.memory)

    async def _take(self, memory: Memory) -> None:
        wanted = memory.wanted
        values = await self._store.probe(lambda reader: reader.get_many(wanted), PROBE_SECONDS)
        memory.take(dict(zip(wanted, values, strict=True)), time_ns() // 1_000_000)

    async def _follow(self, first: asyncio.Event) -> None:
        reader = self._store.reader
        try:
            (served,) = await reader.get_many([SERVED_KEY])
            namespace = served.decode() if served else self._default
            if namespace != self.memory.namespace or not self.loaded:
                await self._switch(reader, namespace)
        finally:
            first.set()
        await loading.follow(reader, self.memory, FOLLOW_MS)
        self._turns += 1
        if self._turns % CHECK_TURNS == 0:
            await loading.check(reader, self.memory)

    async def _switch(self, reader: ViewReader, namespace: str) -> None:
        """Make another namespace the served one, once all of it is in memory."""
        memory = Memory(namespace, self._sites)
        await self._look(reader, memory)
        await self._take(memory)
        await loading.load(reader, memory)
        if namespace != self.memory.namespace:
            logger.warning("answers come from the namespace %s now", namespace)
        self.memory, self.loaded = memory, True

    async def _find(self) -> None:
        clock = asyncio.get_running_loop().time
        begin = clock()
        known = set(self.memory.common)
        await self._look(self._store.reader, self.memory)
        # While the flow begins there are new ones each time; later hardly ever.
        share = FIND_SHARE if known.issuperset(self.memory.common) else 1
        await asyncio.sleep(max(1.0, share * (clock() - begin)))

    async def _look(self, reader: ViewReader, memory: Memory) -> None:
        memory.found(await reader.find(memory.common_prefix))
