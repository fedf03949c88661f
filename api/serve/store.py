"""The store as the API sees it: asked within a budget of time, and left alone while it is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from types import TracebackType
from typing import Final, TypeVar

from storage.errors import StoreError, StoreUnavailable
from storage.views import ViewReader

T = TypeVar("T")
Action = Callable[[ViewReader], Awaitable[T]]

PATIENCE: Final = 3
SILENCE_SECONDS: Final = 0.25
"""So many timeouts in a row, over so long, and the store counts as away: a busy one is not."""

GRACE_SECONDS: Final = 0.005
"""Between the end of a budget and giving up: time to take an answer that has already arrived."""

STALL_SECONDS: Final = 0.25
"""By at most so much a budget is extended for a stall of our own."""

logger = logging.getLogger("headrace.api")


class Budget:
    """The time that one answer may spend on the store, over all its round trips."""

    def __init__(self, seconds: float) -> None:
        self._end = asyncio.get_running_loop().time() + seconds

    def spend(self) -> "_Spending":
        """Return a scope that raises `TimeoutError` inside once the budget is spent."""
        return _Spending(self._end)


class _Spending:
    """A stall of this process must not look like a slow store: what arrived meanwhile is read
    before we give up, and the time that we were late by is given back.
    """

    def __init__(self, end: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = max(end, self._loop.time())
        self._scope = asyncio.timeout(None)

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()
        self._timer = self._loop.call_at(self._end, self._spent)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._scope.__aexit__(kind, error, trace)

    def _spent(self) -> None:
        now = self._loop.time()
        self._scope.reschedule(now + GRACE_SECONDS + min(now - self._end, STALL_SECONDS))


class Store:
    """Reads for answers, behind a circuit breaker.

    A failed connection (after one more try) or nothing but timeouts for a while open it: then
    every read fails at once, until `probe` finds the store answering again.
    """

    def __init__(self, reader: ViewReader, budget_seconds: float) -> None:
        self.reader = reader
        self.away = False
        self._budget_seconds = budget_seconds
        self._timeouts = 0
        self._answered = 0.0

    def budget(self) -> Budget:
        """Return the budget of one answer, from now."""
        return Budget(self._budget_seconds)

    async def read(self, action: "Action[T]", budget: Budget) -> T:
        """Return what `action` reads; raise `StoreError` once the budget is spent, or sooner."""
        if self.away:
            raise StoreUnavailable("the store is away; it is looked for several times a second")
        try:
            async with budget.spend():
                found = await self._with_one_more_try(action)
        except TimeoutError:
            self._timeouts += 1
            if self._timeouts >= PATIENCE and monotonic() - self._answered > SILENCE_SECONDS:
                self._leave("it does not answer in time")
            raise StoreUnavailable("the store did not answer within the budget") from None
        except StoreUnavailable as error:
            self._leave(str(error))
            raise
        self._timeouts, self._answered = 0, monotonic()
        return found

    async def probe(self, action: "Action[T]", seconds: float) -> T:
        """Read in the background, also while the store is away: success brings it back."""
        try:
            async with asyncio.timeout(seconds):
                found = await action(self.reader)
        except TimeoutError:
            self._leave("it does not answer in time")
            raise StoreUnavailable("the store did not answer in time") from None
        except StoreError as error:
            self._leave(str(error))
            raise
        if self.away:
            logger.warning("the store is back")
        self.away, self._timeouts, self._answered = False, 0, monotonic()
        return found

    async def _with_one_more_try(self, action: "Action[T]") -> T:
        try:
            return await action(self.reader)
        except StoreUnavailable:
            # A pooled connection may have been closed behind our back, as by a restart.
            return await action(self.reader)

    def _leave(self, reason: str) -> None:
        if not self.away:
            logger.warning("the store is away: %s. Answers come from memory, degraded", reason)
        self.away = True
