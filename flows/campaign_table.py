"""The campaigns as a table: every worker reads all versions from the topic `control`."""

import logging
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source

from contracts.campaigns import CampaignError, CampaignVersion, decode_version
from contracts.codec import DecodeError
from flows.records import RawBatch
from operators.campaigns.book import Book

logger = logging.getLogger(__name__)


class CampaignTable:
    """Puts the versions on the topic `control` into a worker's `Book`.

    `loaded` turns true once all that was in the topic at the start is in: events wait for it. What
    cannot be used is told, and changes nothing: the version before it stays in force.
    """

    def __init__(self, book: Book) -> None:
        self.loaded = False
        self._book = book

    def extend(self, flow: Dataflow, source: Source[RawBatch]) -> Stream[tuple[str, Any]]:
        """Add the table to a graph; return an empty stream."""
        return op.flat_map("campaign_records", op.input("control", flow, source), self.take)

    def take(self, batch: RawBatch) -> Iterable[tuple[str, Any]]:
        """Take a batch of records in."""
        for record in batch.records:
            put_record(self._book, record.value, record.origin)
        if batch.last:
            self.loaded = True
            logger.info("campaigns loaded: of %d sites", len(self._book))
        return ()


def put_record(book: Book, raw: bytes, origin: str) -> None:
    """Put one record of the topic into a book; say so if it cannot be used."""
    try:
        put(book, decode_version(raw))
    except DecodeError as error:
        logger.warning("%s is left out: %s", origin, error)


def put(book: Book, version: CampaignVersion) -> None:
    """Put a version into a book; say so if it cannot be used."""
    try:
        book.put(version)
    except CampaignError as error:
        logger.error(
            "campaign %s of site %s: version %d is not taken, the one before stays: %s",
            version.id,
            version.site,
            version.version,
            error,
        )
