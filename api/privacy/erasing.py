"""Erasing people: kept in the store, told to every consumer by the topic `control`, then carried
out, here in the store at once, and in the flow's state as it hears of it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Self, TypeVar

from api.background import running
from api.collect.log import Log, LogUnavailableError, Record
from contracts.erasures import ROUNDS, Erased, Erasure, encode_erasure
from contracts.keys import CONTROL_TOPIC
from contracts.settings import Settings
from storage.erasures import ErasureStore
from storage.errors import StoreError
from storage.people import PeopleStore

RETRY_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 60.0
"""Of one command of a pass over the store, which nobody but an administrator waits for."""

T = TypeVar("T")

logger = logging.getLogger("headrace.api")


class Privacy:
    """Erasures and exports of all sites, for one event loop. `clock` gives epoch ms."""

    def __init__(self, settings: Settings, log: Log, clock: Callable[[], int]) -> None:
        self._epoch_seconds = settings.flow.epoch_seconds
        update = {"timeout_seconds": PATIENCE_SECONDS}
        self._redis = settings.redis.model_copy(update=update)
        self._log = log
        self._clock = clock
        self._erasing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, log: Log, clock: Callable[[], int]
    ) -> AsyncIterator[Self]:
        """Serve, and tell the topic all erasures that the store keeps: it may be a new one."""
        privacy = cls(settings, log, clock)
        async with running(privacy._tell_all()):
            yield privacy

    async def erase(self, site: str, ids: tuple[str, ...]) -> dict[str, Any]:
        """Erase who is known under `ids`; return once nothing of them counts any more.

        The store is swept by then. Raises `LogUnavailableError` or `StoreError`: it is to be
        asked for again.
        """
        async with self._erasing:
            erasures = await self._with_store(lambda s: s.erase(site, ids, self._clock()))
            # In the store first: a flow that starts meanwhile reads it there.
            await self._with_store(lambda store: store.put(erasures))
            await self._tell(erasures)
            swept = await self._with_store(lambda store: store.sweep(Erased(erasures)))
        time = erasures[0].time
        done_by = time + round(2 * ROUNDS * 1_000 * self._epoch_seconds)
        return {"erased": time, "ids": len(erasures), "swept": swept, "done_by": done_by}

    async def export(self, site: str, ids: tuple[str, ...]) -> dict[str, Any]:
        """Return all that is known of who is stored under one of `ids`; raise `StoreError`."""

        def read() -> dict[str, Any]:
            store = PeopleStore(self._redis)
            try:
                return store.export(site, ids, self._clock())
            finally:
                store.close()

        return await asyncio.to_thread(read)

    async def _with_store(self, action: Callable[[ErasureStore], T]) -> T:
        def act() -> T:
            store = ErasureStore(self._redis)
            try:
                return action(store)
            finally:
                store.close()

        return await asyncio.to_thread(act)

    async def _tell(self, erasures: list[Erasure]) -> None:
        records = [Record(CONTROL_TOPIC, one.key, encode_erasure(one)) for one in erasures]
        await self._log.append(records, self._clock())

    async def _tell_all(self) -> None:
        while True:
            try:
                await self._tell(await self._with_store(lambda store: store.all()))
                return
            except (StoreError, LogUnavailableError) as error:
                logger.debug("erasures cannot be told now: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
