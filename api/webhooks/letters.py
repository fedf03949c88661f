"""Triggers under way to one receiver, and what their outcomes change in the store."""

from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import msgspec

from api.webhooks.schedule import next_attempt
from api.webhooks.sending import Outcome
from contracts.subscriptions import DeadLetter, Pending
from storage.deliveries import Delivery
from storage.lease import Command


class Letter(NamedTuple):
    """One trigger: its attempts so far, and when it was first tried (ms), 0 for never."""

    id: str
    event: bytes
    attempts: int = 0
    first: int = 0


class Clerk:
    """Turns outcomes into commands for the store."""

    def __init__(self, delivery: Delivery, rng: Random) -> None:
        self._delivery = delivery
        self._rng = rng

    def settle(
        self, letters: Sequence[Letter], outcomes: Sequence[Outcome], now: int
    ) -> Iterator[Command]:
        """Yield what outcomes change: counts, what waits for another attempt, dead letters."""
        delivered = sum(outcome.delivered for outcome in outcomes)
        if delivered:
            yield self._delivery.count("delivered", delivered)
        if delivered < len(outcomes):
            yield self._delivery.count("failed", len(outcomes) - delivered)
        for letter, outcome in zip(letters, outcomes, strict=True):
            if not outcome.delivered:
                yield from self._failed(letter, outcome, now)
            elif letter.attempts:
                yield from self._delivery.drop(letter.id)

    def _failed(self, letter: Letter, outcome: Outcome, now: int) -> Iterator[Command]:
        attempts, first = letter.attempts + 1, letter.first or now
        due = next_attempt(attempts, now, self._rng, outcome.retry_after)
        if due is not None:
            pending = Pending(letter.event, attempts, first, outcome.error)
            yield from self._delivery.keep(letter.id, pending, due)
            return
        yield self._delivery.count("dead", 1)
        yield from self._delivery.bury(
            DeadLetter(
                id=letter.id,
                event=msgspec.Raw(letter.event),
                attempts=attempts,
                first=first,
                last=now,
                error=outcome.error,
            )
        )
        yield from self._delivery.drop(letter.id)
