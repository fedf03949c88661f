"""Keeps the gate's keys as the store has them: a change is in force within a second or two."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from api.background import running
from api.gate import Gate
from api.rates import Shared
from contracts.codec import DecodeError
from contracts.settings import Settings
from storage.api_keys import read_keys
from storage.connection import connect_async
from storage.control import Control
from storage.errors import StoreError

SECONDS: Final = 1.0
FIRST_SECONDS: Final = 1.0
"""That a start waits for the keys."""

logger = logging.getLogger("headrace.api")


@asynccontextmanager
async def kept(gate: Gate, control: Control) -> AsyncIterator[None]:
    """Read the keys while the context lasts. The last ones stay while the store is away."""
    first = asyncio.Event()
    async with running(_keep(gate, control, first)):
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                await first.wait()
        yield


@asynccontextmanager
async def shared(gate: Gate, settings: Settings) -> AsyncIterator[None]:
    """Add up the gate's rates with those of other processes while the context lasts."""
    rates = [rate for rate in (gate.by_key, gate.by_address) if rate.limit and gate.asks]
    if not rates:
        yield
        return
    client = connect_async(settings.redis, connections=1)
    try:
        url = settings.redis.url.get_secret_value()
        async with running(Shared(rates, client.connection_pool, url).run()):
            yield
    finally:
        await client.aclose()


async def _keep(gate: Gate, control: Control, first: asyncio.Event) -> None:
    while True:
        try:
            gate.learn(await read_keys(control))
        except StoreError as error:
            logger.debug("the keys cannot be read: %s", error)
        except DecodeError as error:
            # Of a newer version perhaps. Who is let in must not depend on what is half read.
            logger.error("the keys in the store are not understood, the last ones stay: %s", error)
        first.set()
        await asyncio.sleep(SECONDS)
