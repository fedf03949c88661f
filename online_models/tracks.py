"""What became of items that were shown: decayed counts, bounded, one row an item.

A click says more where few were to be expected. `expected` sums, for each list an item stood in,
its share of the list's clicks by position alone, so that clicks over expected clicks is a click
rate freed of position and of the length of lists (COEC; Zhang and Jones, WWW 2007).

A row as it is stored, and as the store's view has it, is `COLUMNS` float64, counted as of `as_of`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from online_models.arrays import pack_arrays, unpack_arrays

HOUR_MS: Final = 3_600_000
HALF_LIVES_MS: Final = (2 * HOUR_MS, 12 * HOUR_MS, 72 * HOUR_MS)

_H = len(HALF_LIVES_MS)
AS_OF, LAST_SHOWN, STRENGTH = range(3)
CLICKS: Final = slice(3, 3 + _H)
EXPECTED: Final = slice(3 + _H, 3 + 2 * _H)
SHOWN: Final = slice(3 + 2 * _H, 3 + 3 * _H)
COLUMNS: Final = 3 + 3 * _H
ROW_BYTES: Final = 8 * COLUMNS

KEEP: Final = 15 / 16
STRONGEST: Final = 10.0

Rows = NDArray[np.float64]
_KIND: Final = "item tracks"


def faded(rows: Rows, now: int) -> Rows:
    """Return a copy of rows (n, COLUMNS) with their counts as of `now` (ms); never of before.

    >>> row = np.zeros((1, COLUMNS))
    >>> row[0, CLICKS] = 8.0
    >>> faded(row, 6 * HOUR_MS)[0, CLICKS].round(2).tolist()
    [1.0, 5.66, 7.55]
    """
    rows = rows.copy()
    lapse = np.maximum(now - rows[:, AS_OF], 0.0)
    keep = np.exp2(-lapse[:, None] / np.array(HALF_LIVES_MS, np.float64))
    for counts in (CLICKS, EXPECTED, SHOWN):
        rows[:, counts] *= keep
    rows[:, AS_OF] = np.maximum(rows[:, AS_OF], now)
    return rows


def unknown(count: int, now: int) -> Rows:
    """Return rows of items that were never shown."""
    rows = np.zeros((count, COLUMNS))
    rows[:, AS_OF] = now
    rows[:, LAST_SHOWN] = -1.0
    return rows


def unpack_row(raw: bytes | None) -> Rows | None:
    """Return a row (COLUMNS,) of a view; None without one, or if it cannot be one."""
    if raw is None or len(raw) != ROW_BYTES:
        return None
    row = np.frombuffer(raw, "<f8")
    return row if np.isfinite(row).all() else None


class Tracks:
    """The rows of at most `max_items` items: 96 bytes and about 150 more each.

    Over the bound those not shown for longest go, a sixteenth at once. Draws nothing at random.

    >>> tracks = Tracks()
    >>> tracks.show([7, 8], now=0)
    >>> tracks.expect([7, 8], [0.5, 0.5], now=0)
    >>> tracks.click(7, now=0)
    >>> tracks.rows([7, 8, 9], now=0)[:, CLICKS][:, 0].tolist()
    [1.0, 0.0, 0.0]
    """

    def __init__(self, max_items: int = 50_000) -> None:
        if max_items < 1:
            raise ValueError("max_items: expected room for at least one item")
        self.max_items = max_items
        self._at: dict[int, int] = {}
        self._rows = unknown(16, 0)
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self._at)

    def __contains__(self, item: int) -> bool:
        return item in self._at

    def rows(self, items: Sequence[int], now: int) -> Rows:
        """Return a copy of the items' rows as of `now`; of those unknown, `unknown` ones."""
        found = unknown(len(items), now)
        known = [(n, self._at[item]) for n, item in enumerate(items) if item in self._at]
        if known:
            places, slots = zip(*known, strict=True)
            found[list(places)] = faded(self._rows[list(slots)], now)
        return found

    def show(self, items: Sequence[int], now: int) -> None:
        """Count that each of distinct items was shown."""
        at = self._fade(items, now)
        self._rows[at, SHOWN] += 1.0
        self._rows[at, LAST_SHOWN] = np.maximum(self._rows[at, LAST_SHOWN], now)
        if len(self._at) > self.max_items:
            self._evict()

    def expect(self, items: Sequence[int], clicks: Sequence[float], now: int) -> None:
        """Count how many clicks each of distinct items was to expect."""
        items, clicks = self._kept(items, clicks)
        at = self._fade(items, now)
        self._rows[at, EXPECTED] += np.asarray(clicks, np.float64)[:, None]

    def click(self, item: int, now: int) -> None:
        """Count a click."""
        if item in self._at:
            self._rows[self._fade([item], now), CLICKS] += 1.0

    def strengthen(self, items: Sequence[int], by: Sequence[float], now: int) -> None:
        """Move the strengths of distinct items, within `STRONGEST`."""
        items, by = self._kept(items, by)
        at = self._fade(items, now)
        moved = self._rows[at, STRENGTH] + np.asarray(by, np.float64)
        self._rows[at, STRENGTH] = np.clip(moved, -STRONGEST, STRONGEST)

    def packed(self, item: int) -> bytes | None:
        """Return an item's row as bytes, or None if it is not known (any more)."""
        at = self._at.get(item)
        return None if at is None else self._rows[at].astype("<f8").tobytes()

    def items(self) -> Iterable[int]:
        """Return all items that are known."""
        return self._at.keys()

    def dump(self, *, full: bool = True) -> bytes:
        """Return all rows, or those that changed since the last dump; a row that went is empty."""
        items = sorted(self._at if full else self._changed)
        self._changed = set()
        kept = [item for item in items if item in self._at]
        arrays = {
            "items": np.array(kept, np.uint64),
            "rows": self._rows[[self._at[item] for item in kept]],
            "gone": np.array([item for item in items if item not in self._at], np.uint64),
        }
        return pack_arrays(_KIND, {"columns": COLUMNS}, arrays)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the rows with what the parts say: a full dump, then the changes in order."""
        merged: dict[int, NDArray[Any]] = {}
        for part in parts:
            meta, arrays = unpack_arrays(_KIND, part)
            if meta["columns"] != COLUMNS:
                raise ValueError(f"saved {_KIND}: they have other columns; start the model afresh")
            for item in arrays["gone"].tolist():
                merged.pop(item, None)
            merged.update(zip(arrays["items"].tolist(), arrays["rows"], strict=True))
        self._at = {item: at for at, item in enumerate(merged)}
        self._rows = np.vstack([*merged.values(), unknown(16, 0)])
        self._changed = set()

    def _kept(self, items: Sequence[int], values: Sequence[float]) -> tuple[list[int], list[float]]:
        pairs = [(i, v) for i, v in zip(items, values, strict=True) if i in self._at]
        return [item for item, _ in pairs], [value for _, value in pairs]

    def _fade(self, items: Sequence[int], now: int) -> list[int]:
        """Bring rows up to `now`, those of new items too; return where they are."""
        at = [self._place(item, now) for item in items]
        self._changed.update(items)
        self._rows[at] = faded(self._rows[at], now)
        return at

    def _place(self, item: int, now: int) -> int:
        at = self._at.get(item)
        if at is None:
            at = self._at[item] = len(self._at)
            if at == len(self._rows):
                self._rows = np.vstack([self._rows, unknown(len(self._rows), 0)])
            self._rows[at] = unknown(1, now)[0]
        return at

    def _evict(self) -> None:
        """Drop the items not shown for longest; of equals those with the larger number."""
        order = sorted(self._at, key=lambda item: (-self._rows[self._at[item], LAST_SHOWN], item))
        kept = order[: max(1, int(self.max_items * KEEP))]
        self._changed.update(order[len(kept) :])
        self._rows = np.vstack([self._rows[[self._at[item] for item in kept]], unknown(16, 0)])
        self._at = {item: at for at, item in enumerate(kept)}
