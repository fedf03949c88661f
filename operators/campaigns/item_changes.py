"""What became of items' prices and stock, for campaigns that wait for it: each change once."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

from operators.campaigns.people import Watched
from operators.catalogue import Catalogue, ItemChange

AGAIN_MS: Final = 10_000
"""After a restart, changes of so long ago are looked at again."""


class ItemChanges:
    """The catalogue's changes, in the order of their times; `done` is all that is saved of it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._pending: list[tuple[int, int]] = []
        self._read = 0
        self._started = False
        self.done = 0

    def until(self, clock: int) -> Iterator[ItemChange]:
        """Yield the changes up to a time (ms) that were not looked at yet."""
        changes = self._catalogue.changes
        for number in range(self._read, len(changes)):
            # What was there at the start was looked at before the restart, but for the last of it.
            if self._started or changes[number].time > self.done:
                heappush(self._pending, (changes[number].time, number))
        self._read, self._started = len(changes), True
        while self._pending and self._pending[0][0] <= clock:
            yield changes[heappop(self._pending)[1]]

    def price_seen(self, person: Watched, change: ItemChange) -> float | None:
        """Return an item's price when a person last saw it, before a change."""
        item = change.new.id
        times = [
            past.time for past in person.past if past.item == item and past.time <= change.time
        ]
        if not times:
            return None
        record = self._catalogue.get(change.new.site, item, times[-1])
        return None if record is None else record.price
