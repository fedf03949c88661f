"""How far the views lag behind what was accepted."""

from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

T = TypeVar("T", bound=Struct)

LEFT_OVER_MS: Final = 60_000
"""A part that nobody wrote for so long while others were written belongs to no worker any more."""


class Progress(Struct):
    """How far one part of the source has been read.

    `received`: arrival time (ms) of the newest record applied; `written`: when this was said;
    `lag`: records that had arrived then and were not yet read. `vouched`: what had arrived by then
    (ms) is in the views; null of a recording, which is read as fast as it goes.
    """

    part: str
    offset: int = 0
    received: int = 0
    written: int = 0
    lag: int = 0
    vouched: int | None = None


def told(kind: type[T], records: Iterable[bytes | None]) -> list[T]:
    """Return what processes of the flow told, as JSON; what is missing or damaged is left out."""
    found = []
    for raw in records:
        if raw is not None:
            try:
                found.append(msgspec.json.decode(raw, type=kind))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
    return found


def current(parts: Iterable[Progress]) -> list[Progress]:
    """Return the parts that a worker has, or had when the flow died."""
    listed = list(parts)
    newest = max((part.written for part in listed), default=0)
    return [part for part in listed if part.written >= newest - LEFT_OVER_MS]


def lag_ms(parts: Iterable[Progress], now: int) -> int | None:
    """Return L such that every event accepted more than L ms before `now` is in the views.

    A worker that looks for records and finds none vouches for all that was accepted until then; one
    that has more to read, for all up to the newest record that went through; one that hangs, for
    nothing since. The worst part counts. None if no part ever reported.

    >>> caught_up = Progress("events.click/0", written=9_900, vouched=9_895)
    >>> behind = Progress("events.click/1", written=9_900, vouched=8_000, lag=12)
    >>> lag_ms([caught_up], now=10_000), lag_ms([caught_up, behind], now=10_000)
    (105, 2000)
    """
    vouched = [part.written if part.vouched is None else part.vouched for part in parts]
    return max(0, now - min(vouched)) if vouched else None
