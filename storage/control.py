"""Asking for control data (`c:`), asyncio: commands and scripts, each within a bound of time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from redis.exceptions import NoScriptError, RedisError, ResponseError

from contracts.settings import RedisSettings
from storage.connection import connect_async, place, translated
from storage.errors import StoreUnavailable
from storage.scripts import load

_FENCED: Final = re.compile(r"FENCED (\d+)")


class LeaseLostError(Exception):
    """Another process holds the lease now: this one must stop. Nothing was written."""


class Control:
    """A connection pool of one event loop. Every method raises `StoreError`."""

    def __init__(self, settings: RedisSettings, connections: int = 16) -> None:
        self._where = place(settings.url.get_secret_value())
        self._seconds = settings.timeout_seconds
        # Typed loosely: the types that redis-py gives its answers change between its majors.
        self._client: Any = connect_async(settings, connections=connections)

    async def ask(self, *command: Any, wait_ms: int = 0) -> Any:
        """Return the answer to one command, which may itself wait for `wait_ms`."""
        asking = partial(self._client.execute_command, *command)
        return await self._within(asking, self._seconds + wait_ms / 1000)

    async def ask_all(
        self, commands: Sequence[Sequence[Any]], *, at_once: bool = False
    ) -> list[Any]:
        """Return the answers to several commands, in one round trip; `at_once`: all or none."""
        if not commands:
            return []
        pipe = self._client.pipeline(transaction=at_once)
        for command in commands:
            pipe.execute_command(*command)
        return list(await self._within(pipe.execute, self._seconds))

    async def run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """Return what a script answers; raise `LeaseLostError` if it says that we are fenced."""
        script = load(name)
        command = (len(keys), *keys, *arguments)
        asking = partial(self._evaluate, script.sha, script.text, command)
        return await self._within(asking, self._seconds)

    async def close(self) -> None:
        """Give back all connections."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._client.aclose()

    async def _evaluate(self, sha: str, text: str, command: Sequence[Any]) -> Any:
        try:
            return await self._client.execute_command("EVALSHA", sha, *command)
        except NoScriptError:
            return await self._client.execute_command("EVAL", text, *command)
        except ResponseError as error:
            if fenced := _FENCED.search(str(error)):
                raise LeaseLostError(f"run {fenced[1]} holds the lease now") from None
            raise

    async def _within(self, asking: Callable[[], Awaitable[Any]], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                with translated(self._where):
                    return await asking()
        except TimeoutError:
            raise StoreUnavailable(
                f"the store at {self._where} did not answer within {seconds} s"
            ) from None
