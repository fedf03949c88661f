"""Campaigns: kept in the store, and told to the running flow by the topic `control`.

A change is on the topic before it is in the store, so what is shown is in force, or a moment away
from it. Versions are told again at each start: the topic may be new, and is compacted.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from api.admin.preview import Preview
from api.background import running
from api.collect.log import Log, LogUnavailableError, Record
from contracts.campaign_files import CampaignFileError, read_folder
from contracts.campaign_parts import campaign_parts
from contracts.campaigns import Campaign, CampaignVersion, encode_version
from contracts.clock_records import clock_record
from contracts.codec import load_json
from contracts.keys import CONTROL_TOPIC, EVENT_TOPICS, Keys, partition_of
from contracts.settings import Settings
from online_models.campaign_course import Courses, merge_courses, unpack_courses
from online_models.campaign_results import Counts, merge, unpack_counts
from storage.campaigns import CampaignStore
from storage.errors import StoreError

MAX_CAMPAIGNS: Final = 1_000
MAX_REPLAYS: Final = 20
LOOK_SECONDS: Final = 1.0
API: Final = "api"
FILE: Final = "file"

logger = logging.getLogger("headrace.api")


class Campaigns:
    """The campaigns of all sites, for one event loop. `clock` gives epoch ms."""

    def __init__(
        self, settings: Settings, store: CampaignStore, log: Log, clock: Callable[[], int]
    ) -> None:
        self._settings = settings
        self._store = store
        self._log = log
        self._clock = clock
        self._changing = asyncio.Lock()
        self._seen: dict[Path, tuple[int, int]] | None = None
        self._told = False
        self._ticked = 0.0

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, log: Log, clock: Callable[[], int]
    ) -> AsyncIterator[Self]:
        """Keep campaigns at the settings' store, and read those in the folder as it changes."""
        campaigns = cls(settings, CampaignStore(settings.redis), log, clock)
        try:
            async with running(campaigns._keep()):
                yield campaigns
        finally:
            await campaigns._store.close()

    async def all(self, site: str) -> list[CampaignVersion]:
        """Return the newest version of each campaign that there is."""
        return [one for one in await self._store.all(site) if one.campaign is not None]

    async def get(self, site: str, id_: str) -> CampaignVersion | None:
        """Return the newest version of a campaign; that it was deleted, too."""
        return await self._store.get(site, id_)

    async def versions(self, site: str, id_: str) -> list[CampaignVersion]:
        """Return all versions of a campaign."""
        return await self._store.versions(site, id_)

    async def change(
        self, site: str, id_: str, campaign: Campaign | None, origin: str = API
    ) -> CampaignVersion:
        """Make a new version, and return it once the flow will hear of it.

        Raises `LogUnavailableError` or `StoreError`: the change may then be in force all the same,
        and is to be made again.
        """
        async with self._changing:
            before = await self._store.get(site, id_)
            version = CampaignVersion(
                site=site,
                id=id_,
                version=await self._store.next_number(site, id_),
                time=max(self._clock(), before.time + 1 if before is not None else 0),
                campaign=None if campaign is None else campaign.as_dict(),
                origin=origin,
            )
            await self._tell([version])
            await self._store.put(version)
        return version

    async def counts(self, namespace: str, site: str) -> dict[str, dict[str, int]]:
        """Return how often each campaign of a site fired, and for what reasons not."""
        keys = Keys(namespace)
        names = campaign_parts(self._settings.flow.buckets)
        found: dict[str, dict[str, int]] = {}
        for raw in await self._store.counts([keys.campaigns(name) for name in names]):
            for campaign, counts in (load_json(raw) if raw else {}).get(site, {}).items():
                total = found.setdefault(campaign, {})
                for what, count in counts.items():
                    if what != "digest":
                        total[what] = total.get(what, 0) + count
        return found

    async def preview(
        self, namespace: str, site: str, campaign: Campaign, most: int
    ) -> dict[str, Any]:
        """Return whom a campaign could reach, of at most so many people, and what replays made."""
        preview = Preview(campaign, self._clock())
        whole = await preview.look(self._store.people(Keys(namespace), site), most)
        replays = []
        for name in (await self._store.namespaces())[:MAX_REPLAYS]:
            if name != namespace:
                counts = (await self.counts(name, site)).get(campaign.id)
                replays += [{"namespace": name, "counts": counts}] if counts else []
        return {**preview.told(), "whole": whole, "replays": replays}

    async def courses(self, namespace: str, site: str, id_: str) -> Courses:
        """Return how a campaign's conversion came about, by version."""
        keys = Keys(namespace)
        names = campaign_parts(self._settings.flow.buckets)
        found = await self._store.counts([keys.course(site, id_, name) for name in names])
        return merge_courses(unpack_courses(raw) for raw in found if raw)

    async def results(self, namespace: str, site: str, id_: str) -> Counts:
        """Return what came of a campaign's triggers, by version."""
        keys = Keys(namespace)
        names = campaign_parts(self._settings.flow.buckets)
        found = await self._store.counts([keys.results(site, id_, name) for name in names])
        return merge(unpack_counts(raw) for raw in found if raw)

    async def _tell(self, versions: list[CampaignVersion]) -> None:
        records = [Record(CONTROL_TOPIC, one.key, encode_version(one)) for one in versions]
        await self._log.append(records, self._clock())

    async def _keep(self) -> None:
        while True:
            try:
                if not self._told:
                    await self._tell_all()
                await self._read_folder()
                await self._tick()
            except (StoreError, LogUnavailableError) as error:
                logger.debug("campaigns cannot be kept up now: %s", error)
            except Exception:
                logger.exception("keeping campaigns up failed; it goes on")
            await asyncio.sleep(LOOK_SECONDS)

    async def _tell_all(self) -> None:
        """Tell the flow all versions again, for the case that the topic is a new one."""
        for site in await self._store.sites():
            for newest in await self._store.all(site):
                await self._tell(await self._store.versions(site, newest.id))
        self._told = True

    async def _read_folder(self) -> None:
        """Take in what changed in the folder: a file that is wrong changes nothing, and is told."""
        folder = self._settings.campaigns.folder
        if folder is None or (stamps := await asyncio.to_thread(_stamps, folder)) == self._seen:
            return
        try:
            files = await asyncio.to_thread(read_folder, folder)
        except CampaignFileError as error:
            logger.error("%s; the campaigns read before stay in force", error)
            self._seen = stamps
            return
        wanted = {(file.site, file.campaign.id): file.campaign for file in files}
        for site in sorted({*await self._store.sites(), *(file.site for file in files)}):
            known = {one.id: one for one in await self._store.all(site)}
            for id_, one in known.items():
                if one.origin == FILE and one.campaign is not None and (site, id_) not in wanted:
                    await self.change(site, id_, None, FILE)
            for (of_site, id_), campaign in wanted.items():
                if of_site == site and (
                    id_ not in known or known[id_].campaign != campaign.as_dict()
                ):
                    await self.change(site, id_, campaign, FILE)
        self._seen = stamps
        logger.info("%s: %d campaigns", folder, len(files))

    async def _tick(self) -> None:
        """Write clock records, where campaigns or decisions may wait for time to pass."""
        seconds = self._settings.campaigns.clock_seconds
        now = asyncio.get_running_loop().time()
        if not seconds or now < self._ticked + seconds:
            return
        if self._settings.api.offers_file is None and not await self._store.sites():
            return
        self._ticked = now
        time = self._clock()
        await self._log.append(
            [
                Record(topic, key, clock_record(time))
                for topic in EVENT_TOPICS
                for key in keys_of_all(self._log.partitions(topic))
            ],
            time,
        )


def keys_of_all(partitions: int) -> list[bytes]:
    """Return keys of messages, one for each partition.

    >>> sorted(partition_of(key, 4) for key in keys_of_all(4))
    [0, 1, 2, 3]
    """
    found: dict[int, bytes] = {}
    number = 0
    while len(found) < partitions:
        key = b"clock/%d" % number
        found.setdefault(partition_of(key, partitions), key)
        number += 1
    return list(found.values())


def _stamps(folder: Path) -> dict[Path, tuple[int, int]]:
    stamps = {}
    for path in sorted(folder.glob("*.toml")):
        with suppress(OSError):
            status = path.stat()
            stamps[path] = status.st_mtime_ns, status.st_size
    return stamps


def shown(version: CampaignVersion) -> dict[str, Any]:
    """Return a version as the API shows it."""
    return {
        "id": version.id,
        "version": version.version,
        "time": version.time,
        "origin": version.origin,
        "deleted": version.campaign is None,
        "campaign": version.campaign,
    }
