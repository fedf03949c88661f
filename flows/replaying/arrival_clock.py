"""When records arrived, and which event time of theirs is taken: a clock that no liar moves.

A message of Kafka brings its arrival time along. The lines of a file have none, so it is made
from the events: a line arrived at the highest event time so far that can be believed.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Struct

from flows.arrivals import believed
from flows.records import Raw

WITNESSES: Final = 5
HORIZON: Final = 64
LAST_GAP_MS: Final = 7 * 86_400_000
"""A file's last line may come so long after the one before it, with no line to confirm it."""

Arrival = tuple[int, str, int, Raw]
"""An event's effective time (ms), its id, the arrival clock (ms), and the record.

The effective time is the event's own, or the arrival time where that is ahead of it by more than
the settings allow, or where there is none.
"""

Stamped = tuple[int, str, Raw]
"""An event's own time, 0 where it has none that a clock can mean; its id; the record."""


class _Stamp(Struct):
    time: int = 0
    id: str = ""


_stamp = msgspec.json.Decoder(_Stamp)


def stamped(record: Raw) -> Stamped:
    """Read time and id out of the bytes, and nothing else. Cost: about 0.6 us.

    >>> stamped(Raw(b'{"id": "1", "time": 1511544070000, "price": 2}', 0, "f:", 1))[:2]
    (1511544070000, '1')
    >>> stamped(Raw(b'{"id": "1", "time"', 0, "f:", 1))[:2]
    (0, '')
    """
    if record.fault is not None:
        return 0, "", record
    try:
        stamp = _stamp.decode(record.value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0, "", record
    return believed(stamp.time, 0), stamp.id, record


def arrived(records: Iterable[Raw], max_ahead_ms: int) -> Iterator[Arrival]:
    """Take the arrival times that the records bring along; the clock is the highest so far."""
    clock = 0
    for record in records:
        time, id_, _ = stamped(record)
        received = record.received
        clock = max(clock, received)
        yield time if 0 < time <= received + max_ahead_ms else received, id_, clock, record


def arrivals(records: Iterable[Raw], max_ahead_ms: int, lateness_ms: int) -> Iterator[Arrival]:
    """Say when the lines of one file arrived.

    The clock is the highest event time that is believed so far. A jump ahead by more than
    `max_ahead_ms` is believed only if the lines after it jump as well: the median of the next
    five that are not late. So one liar does not move time, and a night without visitors does (a
    lie is taken for a night only where the next few lines really reach it). Before the first
    believable time the clock stands at 0.

    A time that is ahead by no more than a late line may be behind is not a lie: in a recording
    that was shuffled, such a line came early. It keeps its time, and does not move the clock.

    Holds at most the next `HORIZON` lines, and only around jumps.
    """
    lines = _Lines(records)
    clock = 0
    for time, id_, record in lines:
        if time <= clock:
            yield time or clock, id_, clock, record
            continue
        if clock == 0:
            # As early as any of the first lines: too early does no harm, a jump mends it.
            clock = min([time, *lines.witnesses(0)])
        clock, time = _judged(clock, time, lines, max_ahead_ms, lateness_ms)
        yield time, id_, clock, record


def _judged(
    clock: int, time: int, lines: "_Lines", max_ahead_ms: int, lateness_ms: int
) -> tuple[int, int]:
    """Return the clock after a line that claims to be ahead of it, and the line's time."""
    if time <= clock + max_ahead_ms or _confirmed(clock, time, lines, max_ahead_ms, lateness_ms):
        return time, time
    if time <= clock + max_ahead_ms + lateness_ms:
        return clock, time
    return clock, clock


def _confirmed(clock: int, time: int, lines: "_Lines", max_ahead_ms: int, lateness_ms: int) -> bool:
    """Say whether the lines to come have jumped as well."""
    witnesses = sorted(lines.witnesses(clock - lateness_ms))
    if not witnesses:
        return lines.none_left and time <= clock + LAST_GAP_MS
    median = witnesses[(len(witnesses) - 1) // 2]
    return median > clock + max_ahead_ms and time <= median + max_ahead_ms + lateness_ms


class _Lines:
    """The lines of a file, with a look at those to come."""

    def __init__(self, records: Iterable[Raw]) -> None:
        self._records = iter(records)
        self._ahead: deque[Stamped] = deque()

    def __iter__(self) -> Iterator[Stamped]:
        return self

    def __next__(self) -> Stamped:
        if self._ahead:
            return self._ahead.popleft()
        return stamped(next(self._records))

    @property
    def none_left(self) -> bool:
        """Whether the last look ahead saw the end of the file, and no time before it."""
        return len(self._ahead) < HORIZON and not any(time for time, *_ in self._ahead)

    def witnesses(self, least: int) -> list[int]:
        """Return the event times of the next lines that say where time stands.

        Those before `least`, which are late, say nothing of that.
        """
        found: list[int] = []
        for time, *_ in self._look():
            if time and time >= least:
                found.append(time)
                if len(found) == WITNESSES:
                    break
        return found

    def _look(self) -> Iterator[Stamped]:
        yield from list(self._ahead)
        while len(self._ahead) < HORIZON:
            record = next(self._records, None)
            if record is None:
                return
            self._ahead.append(stamped(record))
            yield self._ahead[-1]
