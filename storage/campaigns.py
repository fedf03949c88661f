"""Campaigns in the store's control keys: the newest version of each, and all that there were."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from redis.exceptions import RedisError

from contracts.campaigns import CampaignVersion, decode_version, encode_version
from contracts.keys import CAMPAIGN_SITES_KEY, campaign_versions_key, campaigns_key
from contracts.settings import RedisSettings
from storage.connection import connect_async, place, translated
from storage.errors import StoreUnavailable

NEWEST: Final = "newest"


class CampaignStore:
    """The campaigns of all sites; asyncio. Every method is one round trip unless it says so.

    All raise `StoreUnavailable` or `StoreRefused`.
    """

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `StoreRefused` if the settings are unusable; it connects at its first use."""
        self._where = place(settings.url.get_secret_value())
        self._seconds = settings.timeout_seconds
        self._client: Any = connect_async(settings, connections=4)

    async def sites(self) -> list[str]:
        """Return the sites that have, or had, any campaign."""
        async with self._asking():
            members = await self._client.smembers(CAMPAIGN_SITES_KEY)
        return sorted(member.decode() for member in members)

    async def all(self, site: str) -> list[CampaignVersion]:
        """Return the newest version of each campaign, by id; those that were deleted as well."""
        async with self._asking():
            found = await self._client.hvals(campaigns_key(site))
        return sorted(map(decode_version, found), key=lambda version: version.id)

    async def get(self, site: str, campaign: str) -> CampaignVersion | None:
        """Return the newest version of a campaign."""
        async with self._asking():
            raw = await self._client.hget(campaigns_key(site), campaign)
        return None if raw is None else decode_version(raw)

    async def versions(self, site: str, campaign: str) -> list[CampaignVersion]:
        """Return all versions of a campaign, in order."""
        async with self._asking():
            found = await self._client.hgetall(campaign_versions_key(site, campaign))
        known = [decode_version(raw) for name, raw in found.items() if name != NEWEST.encode()]
        return sorted(known, key=lambda version: version.version)

    async def next_number(self, site: str, campaign: str) -> int:
        """Return a number for a version that nobody else got."""
        async with self._asking():
            return int(await self._client.hincrby(campaign_versions_key(site, campaign), NEWEST, 1))

    async def put(self, version: CampaignVersion) -> None:
        """Keep a version as the newest one."""
        raw = encode_version(version)
        async with self._asking():
            pipe = self._client.pipeline(transaction=True)
            pipe.sadd(CAMPAIGN_SITES_KEY, version.site)
            pipe.hset(campaigns_key(version.site), version.id, raw)
            pipe.hset(campaign_versions_key(version.site, version.id), str(version.version), raw)
            await pipe.execute()

    async def counts(self, keys: list[str]) -> list[bytes | None]:
        """Return what some views hold."""
        async with self._asking():
            return list(await self._client.mget(keys))

    async def close(self) -> None:
        """Give back all connections."""
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(self._seconds):
                await self._client.aclose()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._seconds):
                with translated(self._where):
                    yield
        except TimeoutError:
            raise StoreUnavailable(
                f"the store at {self._where} did not answer within {self._seconds} s"
            ) from None
