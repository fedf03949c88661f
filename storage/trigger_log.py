"""Reading the streams of triggers: what comes after a position, and what was trimmed before."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from contracts.erasures import Erased
from contracts.keys import ERASED_KEY, triggers_key
from contracts.subscriptions import Position
from storage.control import Control
from storage.erasures import REVISION, erasures_in

BEGINNING: Final = Position.parse("0")


class Record(NamedTuple):
    """One trigger of a stream: its position, and the bytes of its CloudEvent."""

    position: Position
    event: bytes


class Page(NamedTuple):
    """What was read. `lost` entries after the position asked for were trimmed before the first
    of `records`; `end` is the position after them, `latest` that of the newest entry, and `gone`
    is how many entries were ever trimmed.
    """

    records: list[Record]
    lost: int
    end: Position
    latest: Position
    gone: int


class TriggerLog:
    """Reads sites' streams of triggers. Not for writing: the flow does that."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def read(self, site: str, after: Position, limit: int) -> Page:
        """Return up to `limit` triggers after a position. One round trip."""
        answer = await self._control.run("trigger_page", [triggers_key(site)], [after.id, limit])
        return page_of(after, limit, answer)

    async def newest(self, site: str, before: str, limit: int) -> list[tuple[str, bytes]]:
        """Return entries, the newest first: id and CloudEvent. `before` is an id, or `+`."""
        end = before if before == "+" else f"({before}"
        found = await self._control.ask("XREVRANGE", triggers_key(site), end, "-", "COUNT", limit)
        return [(id_.decode(), fields.get(b"event", b"")) for id_, fields in found]

    async def latest(self, site: str) -> Position:
        """Return the position of the newest entry."""
        return (await self.read(site, BEGINNING, 0)).latest

    async def erased(self, known: bytes) -> tuple[bytes, Erased] | None:
        """Return the erasures and what stands for their state; None if that is `known`."""
        revision = await self._control.ask("HGET", ERASED_KEY, REVISION) or b""
        if revision == known:
            return None
        found = await self._control.ask("HGETALL", ERASED_KEY)
        fields = (
            found if isinstance(found, dict) else dict(zip(found[::2], found[1::2], strict=True))
        )
        return revision, Erased(erasures_in(fields))

    async def news(self, after: Mapping[str, Position], wait_ms: int) -> list[str]:
        """Return the sites that have a trigger after the position given; wait for one."""
        sites = {triggers_key(site).encode(): site for site in after}
        ids = [position.id for position in after.values()]
        command = ("XREAD", "COUNT", 1, "BLOCK", wait_ms, "STREAMS", *sites, *ids)
        found = await self._control.ask(*command, wait_ms=wait_ms)
        return [sites[key] for key, _ in found or ()]


def page_of(after: Position, limit: int, answer: list[Any]) -> Page:
    """Return what the script answered, every record with its number among all ever added.

    Entries that were deleted out of the middle, as for an erased person, make numbers fall behind
    until the reader has caught up, where they are set right: `lost` may then say too many, and
    never too few.
    """
    added, kept, newest, first, flat = answer
    latest = Position(newest.decode(), int(added))
    gone = int(added) - int(kept)
    first_kept = Position(first.decode(), 0).order if first else (1 << 64, 0)
    base, lost = max(0, after.ordinal), 0
    if after.order < first_kept and after.order < latest.order:
        base = gone
        lost = max(0, gone - after.ordinal) if after.ordinal >= 0 else 0
    records = [
        Record(Position(id_.decode(), base + number), event)
        for number, (id_, event) in enumerate(zip(flat[::2], flat[1::2], strict=True), 1)
    ]
    end = records[-1].position if records else Position(after.id, base)
    if limit and len(records) < limit:
        end = Position(max(end, latest, key=lambda position: position.order).id, int(added))
    return Page(records, lost, end, latest, gone)
