"""A batch of writes as the keys and arguments of one call of `write.lua`."""

from collections.abc import Iterator, Sequence
from typing import Final

from storage.writes import AddMembers, Append, DeleteView, SetFields, SetView, Write

MAX_WRITES: Final = 500
MAX_BYTES: Final = 1_000_000
MAX_PARTS: Final = 2_000
"""Of one write: Lua unpacks fewer than 8,000 values at once."""

Argument = str | bytes | int


class Call:
    """The keys and arguments of one call."""

    __slots__ = ("arguments", "keys", "size")

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.arguments: list[Argument] = []
        self.size = 0

    @property
    def full(self) -> bool:
        """Whether it is time for another call: one holds up all readers, for a millisecond."""
        return len(self.keys) >= MAX_WRITES or self.size >= MAX_BYTES


def calls(writes: Sequence[Write]) -> Iterator[Call]:
    """Yield the calls that a batch takes: one for up to 500 writes or 1 MB, order kept."""
    call = Call()
    for write in writes:
        if call.full:
            yield call
            call = Call()
        # The common kind is spelled out: it is nine tenths of all writes.
        if type(write) is SetView:
            call.keys.append(write.key)
            call.size += len(write.value)
            if write.ttl_ms is None:
                call.arguments += ("S", write.value)
            else:
                call.arguments += ("P", write.value, write.ttl_ms)
        else:
            _add(call, write)
    if call.keys:
        yield call


def _add(call: Call, write: Write) -> None:
    match write:
        case DeleteView():
            call.keys.append(write.key)
            call.arguments.append("D")
        case SetFields():
            for part in _pairs(write.fields, MAX_PARTS):
                _put(call, write.key, ("H", len(part)), part)
        case Append():
            for part in _pairs(write.fields, len(write.fields) or 1):
                _put(call, write.key, ("X", write.max_len, len(part)), part)
        case AddMembers():
            for first in range(0, len(write.members), MAX_PARTS):
                members = write.members[first : first + MAX_PARTS]
                _put(call, write.key, ("M", len(members)), members)


def _put(
    call: Call, key: str, head: tuple[Argument, ...], parts: Sequence[str] | Sequence[str | bytes]
) -> None:
    call.keys.append(key)
    call.arguments += head
    call.arguments += parts
    call.size += sum(map(len, parts))


def _pairs(fields: dict[str, bytes], limit: int) -> Iterator[list[str | bytes]]:
    items = list(fields.items())
    for first in range(0, len(items), limit):
        yield [part for pair in items[first : first + limit] for part in pair]
