"""Let the first of each `(source, id)` through, within a day; count the rest.

An id is remembered as 64 bits of blake2b: among 40 million remembered ids, a new one is taken for
a repeat by mistake with probability 2e-12. Memory is 8 bytes an id, and some 100 for the newest
1,024 of each bucket.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from contracts.codec import pack
from operators.ledger import Ledger, id_number
from operators.messages import Arrived

SPANS = 4
"""The remembered time is cut into so many spans; an old span is dropped as a whole."""
LOOSE = 1_024
"""Ids of the current span that are held as Python's numbers, before they join its array."""


class Dedupe:
    """One bucket's memory of event ids, by arrival time; `Durable`.

    Remembers for at least `hours`, at most a quarter longer (and as long again while source
    partitions are read unevenly), and at most `max_ids`, or those of the current span, a quarter
    of `hours`, if they are more: over that the oldest span is forgotten early (`forgotten` counts
    the ids). `ledger` says which were repeats.
    """

    def __init__(self, hours: int, max_ids: int) -> None:
        self._span_ms = hours * 3_600_000 // SPANS
        self._max_ids = max_ids
        self._open: dict[int, set[int]] = {}
        self._closed: dict[int, NDArray[np.uint64]] = {}
        self._added: dict[int, list[int]] = {}
        self._clock = 0
        self._clocks: dict[int, int] = {}
        self.duplicates = 0
        self.forgotten = 0
        self.ledger = Ledger()

    def on_batch(self, items: Sequence[Arrived], clock: int) -> list[Arrived]:
        """Return the events not seen before, in order. `clock` is the arrival time (ms)."""
        firsts: list[Arrived] = []
        begun = 0
        # An id is remembered from its own arrival on: not from that of the batch's last event,
        # which may be days later where a backlog is read.
        for at, item in enumerate(items):
            if item.received > self._clocks.get(item.part, 0):
                self._clocks[item.part] = item.received
            if item.received // self._span_ms > self._clock // self._span_ms:
                firsts += self._firsts(items[begun:at])
                begun = at
                self._advance(item.received)
        firsts += self._firsts(items[begun:])
        self._advance(max([clock, *(item.received for item in items)]))
        return firsts

    def _firsts(self, items: Sequence[Arrived]) -> list[Arrived]:
        """Return those not seen before, of events that arrived within one span."""
        span = self._clock // self._span_ms
        current = self._open.setdefault(span, set())
        added = self._added.setdefault(span, [])
        firsts = []
        numbers = [id_number(item.event) for item in items]
        seen = self._seen_before(numbers)
        for item, number, known in zip(items, numbers, seen, strict=True):
            if known or number in current:
                self.duplicates += 1
                self.ledger.add("duplicate", item.part, number)
                continue
            item.number = number
            current.add(number)
            added.append(number)
            firsts.append(item)
        if len(current) >= LOOSE:
            self._pack(span)
        return firsts

    def _pack(self, span: int) -> None:
        """Let the loose ids of a span join those of it that are packed."""
        loose = np.sort(np.fromiter(self._open.pop(span), np.uint64))
        if (packed := self._closed.get(span)) is not None:
            loose = np.concatenate((packed, loose))
            loose.sort(kind="stable")  # which merges two runs that are in order
        self._closed[span] = loose

    def __len__(self) -> int:
        return sum(map(len, self._open.values())) + sum(map(len, self._closed.values()))

    def dump(self, *, full: bool) -> bytes:
        """Return all remembered ids, or those added since the last dump."""
        spans = self._all() if full else self._added.items()
        packed = {span: np.asarray(ids, np.uint64).tobytes() for span, ids in spans}
        self._added = {}
        return pack(
            _Saved(self._clock, self.duplicates, self.forgotten, packed, self.ledger, self._clocks)
        )

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the memory with what the parts say."""
        self._open, self._closed, self._added = {}, {}, {}
        for part in parts:
            saved = _decoder.decode(part)
            self._clock, self.duplicates = saved.clock, saved.duplicates
            self.forgotten, self.ledger = saved.forgotten, saved.ledger
            self._clocks = saved.clocks
            for span, raw in saved.spans.items():
                self._open.setdefault(span, set()).update(np.frombuffer(raw, np.uint64).tolist())
        self._close()

    def _all(self) -> Iterator[tuple[int, list[int]]]:
        for span in sorted({*self._closed, *self._open}):
            packed = self._closed[span].tolist() if span in self._closed else []
            yield span, sorted([*packed, *self._open.get(span, ())])

    def _seen_before(self, numbers: list[int]) -> list[bool]:
        if not self._closed or not numbers:
            return [False] * len(numbers)
        wanted = np.asarray(numbers, np.uint64)
        found = np.zeros(len(wanted), bool)
        for ids in self._closed.values():
            at = np.searchsorted(ids, wanted)
            inside = at < len(ids)
            found[inside] |= ids[at[inside]] == wanted[inside]
        known: list[bool] = found.tolist()
        return known

    def _advance(self, clock: int) -> None:
        before = self._clock // self._span_ms
        self._clock = max(self._clock, clock)
        if self._clock // self._span_ms > before:
            self._close()

    def _close(self) -> None:
        """Close the spans that are over, and forget those that are too old or too many."""
        current = self._clock // self._span_ms
        for span in [s for s in self._open if s < current or len(self._open[s]) >= LOOSE]:
            self._pack(span)
        oldest = self._slowest() // self._span_ms - SPANS
        for span in [s for s in self._closed if s < oldest]:
            del self._closed[span]
        while len(self) > self._max_ids and (old := [s for s in self._closed if s < current]):
            self.forgotten += len(self._closed.pop(min(old)))

    def _slowest(self) -> int:
        """Return the clock of the source partition that is furthest behind, by one memory at most.

        After an outage one partition may be read a day before another one: the ids of the slower
        one are not to be forgotten by the clock of the faster. One that is behind by more than two
        memories is taken to have nothing more to say.
        """
        memory = self._span_ms * SPANS
        self._clocks = {
            part: at for part, at in self._clocks.items() if at > self._clock - 2 * memory
        }
        return max(min([self._clock, *self._clocks.values()]), self._clock - memory)


class _Saved(Struct, array_like=True):
    clock: int
    duplicates: int
    forgotten: int
    spans: dict[int, bytes]
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    clocks: dict[int, int] = {}


_decoder = msgspec.msgpack.Decoder(_Saved)
