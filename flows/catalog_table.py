"""The catalogue as a table: every worker holds a copy, one of them publishes it as views."""

import logging
from collections.abc import Iterable
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source

from contracts.codec import DecodeError, decode_json, pack
from contracts.events import Item
from contracts.rejects import rejected
from flows.records import RawBatch
from operators.catalogue import Catalogue
from operators.messages import Ends, Refused, View, Views

logger = logging.getLogger(__name__)

OWNER = "catalog"


class CatalogTable:
    """Puts the records of the topic `catalog` into a worker's `Catalogue`.

    `loaded` turns true once all that was in the topic at the start is in: events wait for it.
    """

    def __init__(self, catalogue: Catalogue, *, publishes: bool) -> None:
        self.loaded = False
        self._catalogue = catalogue
        self._publishes = publishes

    def extend(self, flow: Dataflow, source: Source[RawBatch]) -> Stream[tuple[str, Any]]:
        """Add the table to a graph; return its views, and what was refused."""
        return op.flat_map("catalog_records", op.input("catalog", flow, source), self.take)

    def take(self, batch: RawBatch) -> Iterable[tuple[str, Any]]:
        """Take a batch of records in."""
        views: list[View] = []
        refused = Refused(batch.part, [], Ends())
        for record in batch.records:
            try:
                item = decode_json(record.value, Item)
            except DecodeError as error:
                refused.records.append(
                    rejected(
                        error.reason, error.detail, record.origin, record.value, record.received
                    )
                )
                continue
            self._catalogue.put(item, record.received)
            views.append(catalog_view(item))
        if batch.last:
            self.loaded = True
            logger.info("catalogue loaded: %d items", len(self._catalogue))
        # Every worker reads every record; one copy of what is said about it is enough.
        if self._publishes and views:
            yield OWNER, Views(views)
        if self._publishes and refused.records:
            yield OWNER, refused


def catalog_view(item: Item) -> View:
    """Return the view of a catalogue record."""
    return View("catalog", item.site, item.id, pack(item))
