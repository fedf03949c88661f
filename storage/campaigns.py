"""Campaigns in the store's control keys: the newest version of each, and all that there were."""

from collections.abc import AsyncIterator
from typing import Final

from contracts.campaigns import CampaignVersion, decode_version, encode_version
from contracts.keys import CAMPAIGN_SITES_KEY, Keys, campaign_versions_key, campaigns_key
from contracts.settings import RedisSettings
from storage.control import Control
from storage.people_sample import Sample, namespaces_of, people_of

NEWEST: Final = "newest"


class CampaignStore:
    """The campaigns of all sites; asyncio. Every method is one round trip unless it says so.

    All raise `StoreUnavailable` or `StoreRefused`.
    """

    def __init__(self, settings: RedisSettings) -> None:
        """Raises `StoreRefused` if the settings are unusable; it connects at its first use."""
        self._control = Control(settings, connections=4)

    async def sites(self) -> list[str]:
        """Return the sites that have, or had, any campaign."""
        members = await self._control.ask("SMEMBERS", CAMPAIGN_SITES_KEY)
        return sorted(member.decode() for member in members)

    async def all(self, site: str) -> list[CampaignVersion]:
        """Return the newest version of each campaign, by id; those that were deleted as well."""
        found = await self._control.ask("HVALS", campaigns_key(site))
        return sorted(map(decode_version, found), key=lambda version: version.id)

    async def get(self, site: str, campaign: str) -> CampaignVersion | None:
        """Return the newest version of a campaign."""
        raw = await self._control.ask("HGET", campaigns_key(site), campaign)
        return None if raw is None else decode_version(raw)

    async def versions(self, site: str, campaign: str) -> list[CampaignVersion]:
        """Return all versions of a campaign, in order."""
        found = await self._control.ask("HGETALL", campaign_versions_key(site, campaign))
        known = [decode_version(raw) for name, raw in found.items() if name != NEWEST.encode()]
        return sorted(known, key=lambda version: version.version)

    async def next_number(self, site: str, campaign: str) -> int:
        """Return a number for a version that nobody else got."""
        key = campaign_versions_key(site, campaign)
        return int(await self._control.ask("HINCRBY", key, NEWEST, 1))

    async def put(self, version: CampaignVersion) -> None:
        """Keep a version as the newest one."""
        raw, every = encode_version(version), campaign_versions_key(version.site, version.id)
        writes = (
            ("SADD", CAMPAIGN_SITES_KEY, version.site),
            ("HSET", campaigns_key(version.site), version.id, raw),
            ("HSET", every, str(version.version), raw),
        )
        await self._control.ask_all(writes, at_once=True, lasting=True)

    async def counts(self, keys: list[str]) -> list[bytes | None]:
        """Return what some views hold."""
        return list(await self._control.ask("MGET", *keys))

    def people(self, keys: Keys, site: str) -> AsyncIterator[Sample]:
        """Yield people as views have them, page by page; see `people_of`."""
        return people_of(self._control, keys, site)

    async def namespaces(self) -> list[str]:
        """Return the namespaces that a run ever wrote, by name. Several round trips."""
        return await namespaces_of(self._control)

    async def close(self) -> None:
        """Give back all connections."""
        await self._control.close()
