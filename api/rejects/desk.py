"""Refused events, with what was done about each."""

import asyncio
from typing import Final, NamedTuple, TypeVar

from api.rejects.topic import read_newest
from contracts.erasures import Erased
from contracts.reject_list import Reject
from contracts.settings import Settings
from storage.erasures import ErasureStore
from storage.reject_marks import Mark, RejectMarks

T = TypeVar("T")

OPEN: Final = "open"


class Seen(NamedTuple):
    """One record, and its mark if anything was done about it."""

    reject: Reject
    mark: Mark | None

    @property
    def state(self) -> str:
        """`open`, `retried` or `dropped`."""
        return OPEN if self.mark is None else self.mark.state


class Desk:
    """Reads anew whenever it is asked, one reader at a time: few look, and seldom."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading = asyncio.Lock()

    async def all(self) -> list[Seen]:
        """Return the records by arrival; raise `StoreError` or `LogUnavailableError`."""
        async with self._reading:
            return await asyncio.to_thread(self._read)

    async def mark(self, reject: Reject, mark: Mark) -> None:
        """Keep what was done; raise `StoreError`."""

        def put() -> None:
            marks = RejectMarks(self._settings.redis)
            marks.put([reject.mark_id], mark)
            marks.close()

        await asyncio.to_thread(put)

    def _read(self) -> list[Seen]:
        marks, erasures = RejectMarks(self._settings.redis), ErasureStore(self._settings.redis)
        try:
            done, erased = marks.all(), Erased(erasures.all())
        finally:
            marks.close()
            erasures.close()
        found = read_newest(self._settings, erased).by_arrival()
        return [Seen(one, done.get(one.mark_id)) for one in found]
