"""What is known of items, by time: the table that events are enriched from.

Every worker holds a copy. An event is joined with the record that was in force at the event's
own time, so that a replay joins as the live run did, whenever the record was read.
"""

from bisect import bisect_right
from typing import NamedTuple

from contracts.events import Item
from contracts.keys import item_key

VERSIONS_KEPT = 8


class ItemChange(NamedTuple):
    """The price of an item, or whether it is in stock, became another at `time` (ms)."""

    time: int
    old: Item
    new: Item


class Catalogue:
    """Item records by site, item and time; at most the last `VERSIONS_KEPT` of an item.

    >>> catalogue = Catalogue()
    >>> catalogue.put(Item(id="kettle", time=10, price=20.0))
    >>> catalogue.put(Item(id="kettle", time=50, price=15.0))
    >>> catalogue.get("default", "kettle", 49).price, catalogue.get("default", "kettle", 50).price
    (20.0, 15.0)
    """

    def __init__(self) -> None:
        self._records: dict[tuple[str, str], list[Item]] = {}
        self._ids: dict[tuple[str, int], str] = {}
        self.changes: list[ItemChange] = []
        """What became of prices and stock, in the order in which it was read."""

    def put(self, record: Item, received: int = 0) -> None:
        """Add a record, which arrived at `received` (ms); one of the same time replaces the other.

        Of a price or stock that changes, it is noted when: not before it is known.
        """
        versions = self._records.setdefault((record.site, record.id), [])
        if not versions:
            self._ids[record.site, item_key(record.id)] = record.id
        at = bisect_right(versions, record.time, key=_time)
        if at and at == len(versions):
            old = versions[-1]
            if (old.price, old.in_stock) != (record.price, record.in_stock):
                self.changes.append(ItemChange(max(record.time, received), old, record))
        if at and versions[at - 1].time == record.time:
            versions[at - 1] = record
        else:
            versions.insert(at, record)
        del versions[:-VERSIONS_KEPT]

    def get(self, site: str, item: str, time: int) -> Item | None:
        """Return the record in force at `time` (ms), or the first one for an earlier time."""
        versions = self._records.get((site, item))
        if versions is None:
            return None
        return versions[max(0, bisect_right(versions, time, key=_time) - 1)]

    def by_number(self, site: str, number: int) -> Item | None:
        """Return the newest record of the item with a number (`item_key`)."""
        id_ = self._ids.get((site, number))
        return None if id_ is None else self._records[site, id_][-1]

    def __len__(self) -> int:
        return len(self._records)


def _time(record: Item) -> int:
    return record.time
