"""Merge recordings that are each in order of arrival."""

import heapq
from collections.abc import Callable, Iterator, Sequence

from flows.replaying.arrival_clock import Arrival

Open = Callable[[], Iterator[Arrival]]


def merged(streams: Sequence[Open]) -> Iterator[Arrival]:
    """Yield the arrivals of several streams by their clock; equal ones in the streams' order.

    Each stream is opened to look at its first arrival, and closed again until its turn: of a
    year of daily files few are open at a time.
    """
    if len(streams) == 1:
        yield from streams[0]()
        return
    waiting = _by_start(streams)
    open_: list[tuple[int, int, Arrival, Iterator[Arrival]]] = []
    while waiting or open_:
        while waiting and (not open_ or waiting[0] <= open_[0][:2]):
            _, index = heapq.heappop(waiting)
            _push(open_, index, streams[index]())
        if open_:
            _, index, arrival, stream = heapq.heappop(open_)
            yield arrival
            _push(open_, index, stream)


def _by_start(streams: Sequence[Open]) -> list[tuple[int, int]]:
    starts: list[tuple[int, int]] = []
    for index, open_stream in enumerate(streams):
        stream = open_stream()
        first = next(stream, None)
        if first is not None:
            starts.append((first[2], index))
        _close(stream)
    heapq.heapify(starts)
    return starts


def _push(
    open_: list[tuple[int, int, Arrival, Iterator[Arrival]]], index: int, stream: Iterator[Arrival]
) -> None:
    arrival = next(stream, None)
    if arrival is not None:
        heapq.heappush(open_, (arrival[2], index, arrival, stream))


def _close(stream: Iterator[Arrival]) -> None:
    close = getattr(stream, "close", None)
    if close is not None:
        close()
