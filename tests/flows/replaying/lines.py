"""Lines of recordings for tests, and what becomes of them."""

from collections.abc import Iterable, Sequence

from flows.records import Raw
from flows.replaying.arrival_clock import arrivals
from flows.replaying.total_order import in_order
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND

__all__ = ["AHEAD", "DAY", "HOUR", "LATENESS", "MINUTE", "NOON", "SECOND"]

AHEAD = 5 * MINUTE
LATENESS = 10 * MINUTE


def line(at: int, id_: str | None = None, number: int = 0) -> Raw:
    """A line whose event happened `at` ms after noon."""
    id_ = f"e{at:012d}" if id_ is None else id_
    return Raw(f'{{"id": "{id_}", "time": {NOON + at}}}'.encode(), 0, "f:", number)


def rubbish() -> Raw:
    return Raw(b"{", 0, "f:", 0)


def copies(lines: Iterable[Raw]) -> list[Raw]:
    """Ordering stamps the records, so each ordering takes its own."""
    return [Raw(r.value, r.received, r.place, r.number) for r in lines]


def clock_of(lines: Iterable[Raw]) -> list[int]:
    """Return the arrival clock at each line, in ms after noon."""
    return [clock - NOON for _, _, clock, _ in arrivals(copies(lines), AHEAD, LATENESS)]


def times_of(lines: Iterable[Raw]) -> list[int]:
    """Return the effective event time of each line, in ms after noon."""
    return [time - NOON for time, *_ in arrivals(copies(lines), AHEAD, LATENESS)]


def ordered(lines: Iterable[Raw]) -> list[Raw]:
    return list(in_order(arrivals(copies(lines), AHEAD, LATENESS), LATENESS))


def values(records: Sequence[Raw]) -> list[bytes]:
    return [record.value for record in records]


def late(records: Iterable[Raw]) -> list[Raw]:
    """Return the records that the first step marks as late."""
    found = []
    for record in records:
        time = int(record.value.rpartition(b" ")[2].rstrip(b"}") or b"0")
        if time < record.received - LATENESS:
            found.append(record)
    return found
