"""Asking for control data (`c:`), asyncio: commands and scripts, each within a bound of time."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from redis.exceptions import NoScriptError, RedisError, ResponseError

from contracts.settings import RedisSettings
from storage.connection import connect_async, place, translated
from storage.errors import StoreUnavailable
from storage.lasting import WAIT_S, until_saved
from storage.scripts import load

_FENCED: Final = re.compile(r"FENCED (\d+)")


class LeaseLostError(Exception):
    """Another process holds the lease now: this one must stop. Nothing was written."""


class Control:
    """A connection pool of one event loop. Every method raises `StoreError`.

    With `lasting` it answers when what was written is on the store's disk.
    """

    def __init__(self, settings: RedisSettings, connections: int = 16) -> None:
        self._where = place(settings.url.get_secret_value())
        self._seconds = settings.timeout_seconds
        # Typed loosely: the types that redis-py gives its answers change between its majors.
        self._client: Any = connect_async(settings, connections=connections)

    async def ask(self, *command: Any, wait_ms: int = 0, lasting: bool = False) -> Any:
        """Return the answer to one command, which may itself wait for `wait_ms`."""

        async def asking(client: Any) -> Any:
            return await client.execute_command(*command)

        return await self._within(asking, self._seconds + wait_ms / 1000, lasting)

    async def ask_all(
        self, commands: Sequence[Sequence[Any]], *, at_once: bool = False, lasting: bool = False
    ) -> list[Any]:
        """Return the answers to several commands, in one round trip; `at_once`: all or none."""
        if not commands:
            return []

        async def asking(client: Any) -> Any:
            pipe = client.pipeline(transaction=at_once)
            for command in commands:
                pipe.execute_command(*command)
            return await pipe.execute()

        return list(await self._within(asking, self._seconds, lasting))

    async def run(
        self, name: str, keys: Sequence[str], arguments: Sequence[Any], *, lasting: bool = False
    ) -> Any:
        """Return what a script answers; raise `LeaseLostError` if it says that we are fenced."""
        script = load(name)
        command = (len(keys), *keys, *arguments)

        async def asking(client: Any) -> Any:
            return await _evaluate(client, script.sha, script.text, command)

        return await self._within(asking, self._seconds, lasting)

    async def close(self) -> None:
        """Give back all connections."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._client.aclose()

    async def _within(
        self, asking: Callable[[Any], Awaitable[Any]], seconds: float, lasting: bool
    ) -> Any:
        if lasting:
            seconds += WAIT_S
        try:
            async with asyncio.timeout(seconds):
                with translated(self._where):
                    if not lasting:
                        return await asking(self._client)
                    async with self._client.client() as connection:
                        answer = await asking(connection)
                        await until_saved(connection, self._where)
                        return answer
        except TimeoutError:
            raise StoreUnavailable(
                f"the store at {self._where} did not answer within {seconds} s"
            ) from None


async def _evaluate(client: Any, sha: str, text: str, command: Sequence[Any]) -> Any:
    try:
        return await client.execute_command("EVALSHA", sha, *command)
    except NoScriptError:
        return await client.execute_command("EVAL", text, *command)
    except ResponseError as error:
        if fenced := _FENCED.search(str(error)):
            raise LeaseLostError(f"run {fenced[1]} holds the lease now") from None
        raise
