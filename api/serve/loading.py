"""Loading a catalogue from its pages, and keeping it as the store has it."""

import asyncio
import gc
import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from api.serve.catalogue import Catalogue
from api.serve.memory import Memory, Site
from contracts.keys import CATALOG_PAGES, Keys, catalog_page_of
from storage.views import Entry, ViewReader

PAGES_AT_ONCE: Final = 8
FOLLOW_LIMIT: Final = 500

logger = logging.getLogger("headrace.api")


async def load(reader: ViewReader, memory: Memory) -> None:
    """Load every site's catalogue; raise `StoreError`."""
    for site in memory.sites.values():
        await load_site(reader, memory.keys, site)


async def load_site(reader: ViewReader, keys: Keys, site: Site) -> None:
    """Load one site's catalogue anew. Cost: 2 to 3 us an item, other work goes on meanwhile."""
    # First where the log stands, then the pages: what changes in between is then followed.
    (log,) = await reader.get_logs([site.log_key])
    catalogue = Catalogue()
    for first in range(0, CATALOG_PAGES, PAGES_AT_ONCE):
        pages = range(first, first + PAGES_AT_ONCE)
        found = await reader.get_hashes([keys.catalog_page(site.name, page) for page in pages])
        for page in found:
            _put_all(catalogue, page.items())
            await asyncio.sleep(0)
    catalogue.loaded()
    site.catalogue, site.log = catalogue, log
    # Half a million long-lived objects: let no garbage collection walk over them.
    gc.freeze()
    logger.info("site %s of %s: %d items", site.name, keys.namespace, len(catalogue))


async def follow(reader: ViewReader, memory: Memory, wait_ms: int) -> None:
    """Wait for changes of the catalogues and take them over; raise `StoreError`."""
    sites = {site.log_key: site for site in memory.sites.values()}
    after = {key: site.log.last for key, site in sites.items()}
    changed: dict[str, list[Entry]] = {}
    for entry in await reader.follow(after, wait_ms, FOLLOW_LIMIT):
        changed.setdefault(entry.key, []).append(entry)
    for key, entries in changed.items():
        site = sites[key]
        await _take(reader, memory.keys, site, entries)
        added = site.log.added + len(entries)
        site.log = replace(site.log, last=entries[-1].id, added=added)


async def check(reader: ViewReader, memory: Memory) -> None:
    """Load again what could not be followed: a log that was wiped, or cut before we read it.

    Not to be run beside `follow`: both move the place up to which the log is read.
    """
    sites = list(memory.sites.values())
    logs = await reader.get_logs([site.log_key for site in sites])
    for site, log in zip(sites, logs, strict=True):
        unread = log.added - site.log.added
        missed = log.last == site.log.last and unread > 0
        if unread < 0 or unread > log.length or missed:
            logger.warning("the catalogue of site %s is loaded again", site.name)
            await load_site(reader, memory.keys, site)


async def _take(reader: ViewReader, keys: Keys, site: Site, entries: Sequence[Entry]) -> None:
    ids = {entry.fields[b"item"].decode() for entry in entries if b"item" in entry.fields}
    wanted: dict[str, list[str]] = {}
    for id_ in sorted(ids):
        wanted.setdefault(keys.catalog_page(site.name, catalog_page_of(id_)), []).append(id_)
    for page, records in (await reader.get_fields(wanted)).items():
        fields = zip(wanted[page], records, strict=True)
        _put_all(site.catalogue, ((id_.encode(), record or b"") for id_, record in fields))


def _put_all(catalogue: Catalogue, records: Iterable[tuple[bytes, bytes]]) -> None:
    for id_, record in records:
        try:
            catalogue.put_packed(id_.decode(), record)
        except ValueError as error:
            logger.error("%s", error)
