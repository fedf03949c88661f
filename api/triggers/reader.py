"""One reader of triggers: its position, its filter, and the subscription that it acknowledges."""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Final

from api.triggers.hub import PAGE, Batch, Hub, Trigger
from contracts.subscriptions import Filter, Position
from storage.deliveries import Delivery
from storage.errors import StoreError

NOTE_SECONDS: Final = 1.0
"""How often the progress of a stream is written down, at most."""

logger = logging.getLogger("headrace.triggers")


class Reader:
    """Reads a site's triggers from a position on; for one client, not for several at a time."""

    def __init__(
        self,
        hub: Hub,
        site: str,
        filter_: Filter,
        position: Position,
        delivery: Delivery | None = None,
        on_lost: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.site = site
        self.position = position
        self._hub = hub
        self.filter = filter_
        self._delivery = delivery
        self._on_lost = on_lost
        self._noted, self._noted_at = position, monotonic()

    def wants(self, trigger: Trigger) -> bool:
        """Tell whether a trigger is for this reader."""
        return trigger.marks is not None and self.filter.wants(trigger.marks)

    async def read(self, limit: int = PAGE) -> Batch:
        """Return what comes after the position, wanted or not; raise `StoreError`.

        What was trimmed before it was read is counted, and said in the log.
        """
        batch = await self._hub.read(self.site, self.position, limit)
        if batch.lost:
            logger.warning(
                "%d triggers of site %s were trimmed before a reader came to them: read more often",
                batch.lost,
                self.site,
            )
            self._on_lost(batch.lost)
            after = self.position
            await self._note(Position(after.id, after.ordinal + batch.lost), batch.lost)
        return batch

    @property
    def owes(self) -> bool:
        """Whether progress has not been written down yet."""
        return self._delivery is not None and self._noted != self.position

    async def took(self, batch: Batch) -> None:
        """Go on after a batch that the client has taken."""
        self.position = batch.end
        if self.owes and monotonic() - self._noted_at >= NOTE_SECONDS:
            await self.acknowledge()

    async def acknowledge(self) -> None:
        """Write down that everything up to the position has been taken."""
        self._noted, self._noted_at = self.position, monotonic()
        await self._note(self.position, 0)

    async def _note(self, position: Position, lost: int) -> None:
        if self._delivery is None:
            return
        try:
            await self._delivery.advance(position, lost)
        except StoreError as error:
            logger.debug("progress was not written down: %s", error)
