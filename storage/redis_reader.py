"""Reading views from Redis or Valkey, for the API: asyncio, one round trip a method."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

from redis.exceptions import NoScriptError, RedisError

from contracts.keys import ALIAS_MARK, Keys
from contracts.settings import RedisSettings
from storage.connection import classify, connect_async, place
from storage.errors import StoreUnavailable
from storage.scripts import load
from storage.views import Entry, LogState, Person, is_device

FIND_SECONDS: Final = 60.0
"""For which the store may be scanned."""


class RedisReader:
    """A `ViewReader` over pooled connections, and one apart for following streams."""

    def __init__(self, settings: RedisSettings) -> None:
        self._where = place(settings.url.get_secret_value())
        self._seconds = settings.timeout_seconds
        # Typed loosely: the types that redis-py gives its answers change between its majors.
        self._client: Any = connect_async(settings)
        self._follower: Any = connect_async(settings, connections=2)
        self._people = load("people")

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return what plain keys hold, in order."""
        if not keys:
            return []
        async with self._asking(self._seconds):
            return list(await self._client.execute_command("MGET", *keys))

    async def get_people(
        self, keys: Keys, site: str, ids: Sequence[str], extra: Sequence[str] = ()
    ) -> tuple[list[Person], list[bytes | None]]:
        """Return people (a device that was identified as its user), and what `extra` keys hold."""
        wanted: list[str] = []
        for id_ in ids:
            wanted += (keys.profile(site, id_), keys.standing(site, id_))
        wanted += extra
        if not any(map(is_device, ids)):
            flat = await self.get_many(wanted)
            triples = [("", *flat[i : i + 2]) for i in range(0, 2 * len(ids), 2)]
            return _people(ids, triples), flat[2 * len(ids) :]
        prefixes = (keys.profile(site, ""), keys.standing(site, ""))
        flat = await self._run(wanted, (len(ids), *prefixes, ALIAS_MARK))
        triples = [tuple(flat[i : i + 3]) for i in range(0, 3 * len(ids), 3)]
        return _people(ids, triples), flat[3 * len(ids) :]

    async def get_hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """Return all fields of hashes, none of one that does not exist."""
        async with self._asking(self._seconds):
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(key)
            return [dict(fields) for fields in await pipe.execute()]

    async def get_fields(
        self, wanted: Mapping[str, Sequence[str]]
    ) -> dict[str, list[bytes | None]]:
        """Return some fields of hashes, in order."""
        asked = {key: fields for key, fields in wanted.items() if fields}
        async with self._asking(self._seconds):
            pipe = self._client.pipeline(transaction=False)
            for key, fields in asked.items():
                pipe.execute_command("HMGET", key, *fields)
            found = dict(zip(asked, map(list, await pipe.execute()), strict=True))
        return {key: found.get(key, []) for key in wanted}

    async def get_members(self, key: str) -> set[str]:
        """Return the members of a set, empty if there is none."""
        async with self._asking(self._seconds):
            members = await self._client.smembers(key)
        return {member.decode() for member in members}

    async def get_logs(self, keys: Sequence[str]) -> list[LogState]:
        """Return where streams stand; one that does not exist stands at zero."""
        async with self._asking(self._seconds):
            pipe = self._client.pipeline(transaction=False)
            for key in keys:
                pipe.xinfo_stream(key)
            states = await pipe.execute(raise_on_error=False)
            return [_log_state(state) for state in states]

    async def follow(self, after: Mapping[str, str], wait_ms: int, limit: int) -> list[Entry]:
        """Return up to `limit` entries a stream that come after the ids given; wait for some."""
        async with self._asking(self._seconds + wait_ms / 1000):
            streams = await self._follower.execute_command(
                "XREAD", "COUNT", limit, "BLOCK", wait_ms, "STREAMS", *after, *after.values()
            )
        return [
            Entry(key.decode(), id_.decode(), fields)
            for key, entries in streams or ()
            for id_, fields in entries
        ]

    async def find(self, prefix: str) -> list[str]:
        """Return the keys that start with `prefix`. Many round trips: it scans the store."""
        async with self._asking(FIND_SECONDS):
            found = self._client.scan_iter(match=f"{prefix}*", count=2_000)
            return sorted({key.decode() async for key in found})

    async def ping(self) -> None:
        """Return if the store answers."""
        async with self._asking(self._seconds):
            await self._client.execute_command("PING")

    async def close(self) -> None:
        """Give back all connections."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._client.aclose()
                await self._follower.aclose()

    def _asking(self, seconds: float) -> "_Asking":
        return _Asking(self._where, seconds)

    async def _run(self, keys: Sequence[str], arguments: Sequence[Any]) -> list[Any]:
        command = (len(keys), *keys, *arguments)
        async with self._asking(self._seconds):
            try:
                answer = await self._client.execute_command(
                    "EVALSHA_RO", self._people.sha, *command
                )
            except NoScriptError:
                answer = await self._client.execute_command("EVAL_RO", self._people.text, *command)
        return list(answer)


class _Asking:
    """A time limit, inside which what redis-py raises becomes a `StoreError`.

    Two for each answer: a class takes half the time of nested context managers made by generators.
    """

    def __init__(self, where: str, seconds: float) -> None:
        self._where = where
        self._seconds = seconds
        self._limit = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._limit.__aexit__(kind, error, trace)
        except TimeoutError:
            raise StoreUnavailable(
                f"the store at {self._where} did not answer within {self._seconds} s"
            ) from None
        if isinstance(error, RedisError | OSError):
            raise classify(error, self._where) from error


def _people(ids: Sequence[str], triples: Sequence[Sequence[Any]]) -> list[Person]:
    return [
        Person(user.decode() if user else id_, profile, standing)
        for id_, (user, profile, standing) in zip(ids, triples, strict=True)
    ]


def _log_state(raw: Any) -> LogState:
    if isinstance(raw, Exception):
        if "no such key" in str(raw):
            return LogState()
        raise raw
    first = raw["first-entry"]
    last = raw["last-generated-id"].decode()
    begin = first[0].decode() if first else last
    return LogState(begin, last, int(raw["length"]), int(raw["entries-added"]))
