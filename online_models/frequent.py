"""Which things are frequent, in bounded memory and with a bound on what was missed.

Misra and Gries' summary ("Finding repeated elements", 1982), cut in batches as Agarwal et al. do
("Mergeable summaries", PODS 2012, section 3.1): counting goes on exactly until there are twice as
many rows as are to be kept, then the smaller half goes. What a row may have lost before it came in
is kept beside it, as Manku and Motwani's lossy counting does ("Approximate frequency counts over
data streams", VLDB 2002), so that every answer says how far it may be off. Space-saving (Metwally
et al., ICDT 2005) has the same bound.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

K = TypeVar("K", bound=Hashable)

FADED: Final = 1e-30
"""A weight below this, a hundred half-lives old, is none."""


class _Row(msgspec.Struct, array_like=True, gc=False):
    """Weight since the row came in, most that it had before, events, most events before.

    Out of the garbage collector's sight, which would walk a hundred thousand of them again and
    again: that was half of the time.
    """

    weight: float
    missed: float
    seen: float
    seen_missed: float


class Frequency(NamedTuple):
    """What is known of one thing.

    The true weight lies in [`weight`, `weight` + `missed`], the true number of events in
    [`seen`, `seen` + `seen_missed`].
    """

    weight: float = 0.0
    missed: float = 0.0
    seen: int = 0
    seen_missed: int = 0


class FrequentCounts(Generic[K]):
    """Counts of at most `2 * capacity` things.

    With W the sum of all weights added, what a row misses, and the true weight of what has no
    row, is at most W / (capacity + 1); `missed` is how much it came to, mostly less. So whatever
    weighs more than that has a row. Weights are in a unit of the caller's, who decays: `fade`.
    Cost: 0.15 us for a thing with a row; 1 to 2 us for one without, its share of the cuts
    included. Memory: 200 to 300 bytes a row.

    >>> counts = FrequentCounts[str](capacity=2)
    >>> for name in "abacadae":
    ...     _ = counts.add([name], 1.0)
    >>> counts.get("a")
    Frequency(weight=4.0, missed=0.0, seen=4, seen_missed=0)
    >>> len(counts) <= 4, counts.missed <= counts.total / 3
    (True, True)
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity: expected at least 1, got {capacity}")
        self.capacity = capacity
        self.total = 0.0
        self.missed = 0.0
        self.seen_missed = 0
        self.cuts = 0
        self._rows: dict[K, _Row] = {}
        self._changed: set[K] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def add(self, keys: Sequence[K], weight: float, limit: float = float("inf")) -> list[K]:
        """Count each key once, with a weight; return those that weigh `limit` or more by now."""
        rows, missed, seen_missed = self._rows, self.missed, float(self.seen_missed)
        heavy = []
        for key in keys:
            row = rows.get(key)
            if row is None:
                rows[key] = _Row(weight, missed, 1.0, seen_missed)
                if weight >= limit:
                    heavy.append(key)
            else:
                row.weight = heavier = row.weight + weight
                row.seen += 1.0
                if heavier >= limit:
                    heavy.append(key)
        self.total += weight * len(keys)
        if self._changed is not None:
            self._changed.update(keys)
        if len(rows) > 2 * self.capacity:
            self._cut()
        return heavy

    def get(self, key: K) -> Frequency:
        """Return what is known of a key; one without a row has only been missed."""
        row = self._rows.get(key)
        if row is None:
            return Frequency(0.0, self.missed, 0, self.seen_missed)
        return Frequency(row.weight, row.missed, int(row.seen), int(row.seen_missed))

    def weight(self, key: K) -> float:
        """Return the weight that is sure; 0 for a key without a row."""
        row = self._rows.get(key)
        return 0.0 if row is None else row.weight

    def top(self, count: int) -> list[K]:
        """Return the heaviest keys, heaviest first; ties by key."""
        ordered: list[Any] = sorted(self._rows, key=lambda key: (-self._rows[key].weight, key))
        return ordered[:count]

    def fade(self, factor: float) -> None:
        """Multiply all weights: the unit has changed. What has faded out goes."""
        self.total *= factor
        self.missed *= factor
        for row in self._rows.values():
            row.weight *= factor
            row.missed *= factor
        if any(row.weight < FADED for row in self._rows.values()):
            self._keep_above(max(self.missed, FADED))
        self._changed = None

    def discard(self, gone: Callable[[K], bool]) -> None:
        """Forget the rows of some keys, as if they had never had one."""
        kept = {key: row for key, row in self._rows.items() if not gone(key)}
        if len(kept) < len(self._rows):
            self._rows, self._changed = kept, None
            self.cuts += 1

    def sort(self) -> None:
        """Put the rows in order of their keys, so that equal counts have equal full dumps."""
        rows: Any = self._rows
        self._rows = {key: rows[key] for key in sorted(rows)}

    def dump(self, *, full: bool) -> bytes:
        """Return the counts, or the rows that changed since the last dump if no row went.

        Cost: 0.2 us a row. In the order in which the rows came in, see `sort`, which costs as
        much as ten dumps.
        """
        whole = full or self._changed is None
        rows = self._rows
        chosen = list(rows.items()) if whole else [(key, rows[key]) for key in self._changed or ()]
        state = (self.total, self.missed, self.seen_missed, self.cuts)
        self._changed = set()
        return msgspec.msgpack.encode((whole, state, chosen))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the counts with what a full dump and later ones say."""
        self._rows = {}
        for part in parts:
            whole, state, rows = msgspec.msgpack.decode(part)
            if whole:
                self._rows = {}
            self.total, self.missed, self.seen_missed, self.cuts = state
            for key, row in rows:
                thing: Any = tuple(key) if isinstance(key, list) else key
                self._rows[thing] = _Row(*map(float, row))
        self._changed = set() if parts else None

    def _cut(self) -> None:
        """Keep the rows that may have weighed most; what went was at most `missed`."""
        highest = sorted((row.weight + row.missed for row in self._rows.values()), reverse=True)
        self._keep_above(highest[self.capacity])

    def _keep_above(self, missed: float) -> None:
        self.missed = missed
        kept: dict[K, _Row] = {}
        for key, row in self._rows.items():
            if row.weight + row.missed > self.missed:
                kept[key] = row
            else:
                self.seen_missed = max(self.seen_missed, int(row.seen + row.seen_missed))
        self._rows = kept
        self.cuts += 1
        self._changed = None
