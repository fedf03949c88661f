"""Campaigns and erasures as tables: every worker reads all of the topic `control`."""

import logging
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source

from contracts.campaigns import CampaignError, CampaignVersion, decode_version
from contracts.codec import DecodeError
from contracts.erasures import Erased, decode_erasure, is_erasure
from flows.records import RawBatch
from operators.campaigns.book import Book

logger = logging.getLogger(__name__)


class ControlTable:
    """Puts what is on the topic `control` into a worker's `Book`, and its table of the `Erased`.

    `loaded` turns true once all that was in the topic at the start is in: events wait for it. What
    cannot be used is told, and changes nothing: the version before it stays in force.
    """

    def __init__(self, book: Book, erased: Erased) -> None:
        self.loaded = False
        self._book = book
        self._erased = erased

    def extend(self, flow: Dataflow, source: Source[RawBatch]) -> Stream[tuple[str, Any]]:
        """Add the table to a graph; return an empty stream."""
        return op.flat_map("campaign_records", op.input("control", flow, source), self.take)

    def take(self, batch: RawBatch) -> Iterable[tuple[str, Any]]:
        """Take a batch of records in."""
        for record in batch.records:
            put_record(self._book, self._erased, record.value, record.origin)
            if self.loaded:
                logger.info("%s is taken note of: what it changes is in force", record.origin)
        if batch.last:
            self.loaded = True
            counts = len(self._book), len(self._erased)
            logger.info("loaded: campaigns of %d sites, %d erasures", *counts)
        return ()


def put_record(book: Book, erased: Erased, raw: bytes, origin: str) -> None:
    """Put one record of the topic into its table; say so if it cannot be used."""
    try:
        if is_erasure(raw):
            erased.put(decode_erasure(raw))
        else:
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
