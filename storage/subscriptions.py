"""Subscriptions as control data: one hash a site, each change made only to what was seen."""

import logging
from collections.abc import Callable
from typing import Final

from contracts.codec import DecodeError, decode_json, encode_json
from contracts.keys import subscriptions_key
from contracts.subscriptions import MAX_SUBSCRIPTIONS, Subscription
from storage.control import Control

TRIES: Final = 5

logger = logging.getLogger("headrace.triggers")


class TooManyError(Exception):
    """The site has as many subscriptions as it may have."""


class ConflictError(Exception):
    """Others changed the same subscription again and again meanwhile; nothing was written."""


class SubscriptionStore:
    """The subscriptions of all sites. Every method raises `StoreError`."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def all_of(self, site: str) -> list[Subscription]:
        """Return a site's subscriptions, the oldest first; what cannot be read is left out."""
        flat = await self._control.ask("HVALS", subscriptions_key(site))
        found = []
        for raw in flat:
            try:
                found.append(decode_json(raw, Subscription))
            except DecodeError as error:
                logger.error("a subscription of site %s cannot be read: %s", site, error.detail)
        return sorted(found, key=lambda one: (one.created, one.id))

    async def get(self, site: str, id_: str) -> Subscription | None:
        """Return one subscription."""
        raw = await self._control.ask("HGET", subscriptions_key(site), id_)
        return None if raw is None else decode_json(raw, Subscription)

    async def add(self, subscription: Subscription) -> None:
        """Keep a new subscription; raise `TooManyError`."""
        taken = await self._replace(subscription.site, subscription.id, b"", subscription)
        if taken < 0:
            raise TooManyError

    async def change(
        self, site: str, id_: str, change: Callable[[Subscription], Subscription]
    ) -> Subscription | None:
        """Return a subscription after `change`, None if there is none; raise `ConflictError`."""
        for _ in range(TRIES):
            raw = await self._control.ask("HGET", subscriptions_key(site), id_)
            if raw is None:
                return None
            changed = change(decode_json(raw, Subscription))
            if await self._replace(site, id_, raw, changed):
                return changed
        raise ConflictError(f"subscription {id_} is being changed by others: try again")

    async def remove(self, site: str, id_: str) -> bool:
        """Forget a subscription; tell whether there was one. Its delivery is swept later."""
        return bool(await self._control.ask("HDEL", subscriptions_key(site), id_, lasting=True))

    async def _replace(self, site: str, id_: str, was: bytes, becomes: Subscription) -> int:
        arguments = (id_, was, encode_json(becomes), MAX_SUBSCRIPTIONS)
        keys = [subscriptions_key(site)]
        return int(await self._control.run("replace", keys, arguments, lasting=True))
