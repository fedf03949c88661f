"""Refused events, with what was done about each."""

import asyncio
import re
from typing import Final, NamedTuple

from api.rejects.topic import Offsets, read_before, read_from
from contracts.erasures import Erased
from contracts.reject_list import Reject, RejectList
from contracts.settings import Settings
from storage.erasures import ErasureStore
from storage.reject_marks import Mark, RejectMarks

OPEN: Final = "open"
_ID: Final = re.compile(r"(\d{1,9})-(\d{1,18})", re.ASCII)


class Seen(NamedTuple):
    """One record, and its mark if anything was done about it."""

    reject: Reject
    mark: Mark | None

    @property
    def state(self) -> str:
        """`open`, `retried` or `dropped`."""
        return OPEN if self.mark is None else self.mark.state


class Looked(NamedTuple):
    """Some records, the newest last; they lie from `begins` to `ends`; `older`: some lie before."""

    seen: list[Seen]
    begins: Offsets
    ends: Offsets
    older: bool


class Desk:
    """Reads anew whenever it is asked, one reader at a time: few look, and seldom."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reading = asyncio.Lock()

    async def before(self, ends: Offsets | None, begins: Offsets | None) -> Looked:
        """Return the records before `ends`, else the newest, by arrival; see `read_before`.

        Raises `StoreError` or `LogUnavailableError`.
        """
        async with self._reading:
            return await asyncio.to_thread(self._before, ends, begins)

    async def one(self, id_: str) -> Seen | None:
        """Return a record, however old; None if there is none. Raises as `before`."""
        found = _ID.fullmatch(id_)
        if found is None:
            return None
        async with self._reading:
            return await asyncio.to_thread(self._one, id_, int(found[1]), int(found[2]))

    async def mark(self, reject: Reject, mark: Mark) -> None:
        """Keep what was done; raise `StoreError`."""

        def put() -> None:
            marks = RejectMarks(self._settings.redis)
            marks.put([reject.mark_id], mark)
            marks.close()

        await asyncio.to_thread(put)

    def _before(self, ends: Offsets | None, begins: Offsets | None) -> Looked:
        erased, done = self._known()
        found = read_before(self._settings, erased, ends, begins)
        return Looked(_seen(found.rejects, done), found.begins, found.ends, found.older)

    def _one(self, id_: str, partition: int, offset: int) -> Seen | None:
        erased, done = self._known()
        found = _seen(read_from(self._settings, erased, partition, offset), done)
        return next((one for one in found if one.reject.id == id_), None)

    def _known(self) -> tuple[Erased, dict[str, Mark]]:
        marks, erasures = RejectMarks(self._settings.redis), ErasureStore(self._settings.redis)
        try:
            return Erased(erasures.all()), marks.all()
        finally:
            marks.close()
            erasures.close()


def _seen(found: RejectList, done: dict[str, Mark]) -> list[Seen]:
    return [Seen(one, done.get(one.mark_id)) for one in found.by_arrival()]
