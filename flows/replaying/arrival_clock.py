"""When a line of a file would have arrived: a clock that one liar does not move.

A file says when things happened, not when they came. So a line is taken to arrive at the newest
time that was believable up to it. A jump ahead is believable when the lines after it are there
too, as after a night; a single line from next year is not, and moves nothing.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from statistics import median_high
from typing import TypeVar

from msgspec import Struct

from contracts.validation import EARLIEST_MS, LATEST_MS

LOOK_AHEAD = 5

T = TypeVar("T")


class Timed(Struct, array_like=True, gc=False):
    """A record with the event time (ms) and id that it claims, if it can be read at all."""

    value: bytes
    place: str
    number: int
    time: int | None
    id: str
    received: int | None = None


def with_arrivals(records: Iterable[Timed], max_ahead_ms: int) -> Iterator[tuple[Timed, int]]:
    """Yield each record with its arrival (ms): its own, or what the clock says.

    >>> lines = [Timed(b"", "f:", n, 10**12 + t, "") for n, t in enumerate([0, 10**10, 5, 7, 9])]
    >>> [arrival - 10**12 for _, arrival in with_arrivals(lines, max_ahead_ms=60_000)]
    [0, 0, 5, 7, 9]
    """
    clock: int | None = None
    for record, following in _with_following(records, LOOK_AHEAD):
        if record.received is not None:
            yield record, record.received
            continue
        time = record.time if _believable(record.time) else None
        if clock is None or (time is not None and time > clock):
            clock = _advance(clock, time, following, max_ahead_ms)
        yield record, EARLIEST_MS if clock is None else clock


def _advance(
    clock: int | None, time: int | None, following: Iterable[Timed], max_ahead_ms: int
) -> int | None:
    """Return where the clock stands after a record whose time is ahead of it."""
    if time is not None and clock is not None and time <= clock + max_ahead_ms:
        return time
    later = [record.time for record in following if _believable(record.time)]
    if not later:
        return clock if time is None else time
    agreed = median_high([each for each in later if each is not None])
    if time is None:
        return None
    # Confirmed: those after it are not far behind it. At the very start the clock has to begin
    # somewhere, and a first line that nobody confirms is not the place.
    if agreed >= time - max_ahead_ms:
        return time
    return clock if clock is not None else agreed


def _believable(time: int | None) -> bool:
    return time is not None and EARLIEST_MS <= time < LATEST_MS


def _with_following(records: Iterable[T], count: int) -> Iterator[tuple[T, deque[T]]]:
    """Yield each record with the `count` that come after it, fewer at the end."""
    ahead: deque[T] = deque()
    for record in records:
        ahead.append(record)
        if len(ahead) > count:
            yield ahead.popleft(), ahead
    while ahead:
        yield ahead.popleft(), ahead
