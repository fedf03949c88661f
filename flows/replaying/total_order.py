"""A recording's total order: by event time, then id, within a bounded window; then rounds.

A shuffle within the window gives exactly the order of the clean input. What comes later than the
window is late: it keeps the place at which it came, so it counts as late in every replay.
"""

import heapq
from collections.abc import Iterable, Iterator
from typing import Final

from flows.records import Raw, RawBatch
from flows.replaying.arrival_clock import Timed

PART: Final = "replay"
MAX_WAITING: Final = 500_000
"""More records than this in one window are not held back: bounded memory comes first."""


def in_order(
    arrivals: Iterable[tuple[Timed, int]], lateness_ms: int, max_ahead_ms: int
) -> Iterator[Raw]:
    """Yield the records in their total order, numbered from 1.

    A record in order is taken to arrive at its own event time; a late one keeps its arrival. A
    time further ahead of the arrival than `max_ahead_ms`, or none at all, stands at the arrival.
    Holds the records of one window in memory.
    """
    waiting: list[tuple[int, str, int, Timed]] = []
    seq = 0
    for number, (record, arrival) in enumerate(arrivals):
        time = record.time
        if time is None or time > arrival + max_ahead_ms:
            time = arrival
        while waiting and (waiting[0][0] < arrival - lateness_ms or len(waiting) > MAX_WAITING):
            seq += 1
            yield _raw(waiting, seq)
        if time < arrival - lateness_ms:
            seq += 1
            yield Raw(record.value, arrival, record.place, record.number, seq)
        else:
            heapq.heappush(waiting, (time, record.id, number, record))
    while waiting:
        seq += 1
        yield _raw(waiting, seq)


def _raw(waiting: list[tuple[int, str, int, Timed]], seq: int) -> Raw:
    time, _, _, record = heapq.heappop(waiting)
    return Raw(record.value, time, record.place, record.number, seq)


def in_rounds(records: Iterable[Raw], size: int) -> Iterator[RawBatch]:
    """Yield the records in rounds of `size`, numbered from 0; the last one is marked.

    A round's watermark is the newest arrival up to its end.
    """
    watermark, number = 0, 0
    batch: list[Raw] = []
    for record in records:
        if len(batch) == size:
            yield RawBatch(PART, number, watermark, batch)
            number, batch = number + 1, []
        batch.append(record)
        watermark = max(watermark, record.received)
    yield RawBatch(PART, number, watermark, batch, last=True)
