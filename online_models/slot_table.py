"""Items and their neighbours: a fixed number of slots an item, decayed in event time.

Each item has `slots` places for neighbours, each with a weight in every channel. A neighbour that
finds the row full replaces the slot that weighs least (space-saving, Metwally et al., ICDT 2005),
but does not inherit its weight: the weights are read as shares, and an inherited one would be
credited to a pair that nobody made. Decay keeps newcomers from being locked out in its place.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from online_models import slots
from online_models.arrays import pack_arrays, unpack_arrays
from online_models.compiled import compiled
from online_models.decay import ForwardDecay, check_weights, fade, runs
from online_models.frontrunners import Frontrunners
from online_models.pairs import FADES, NEXT, NEXT_FADES, PairBuffer
from online_models.row_index import RowIndex, grown
from online_models.rows import CHANNELS, Gathered, NeighbourRow, TopList, pack_row
from online_models.slots import Newcomers, narrowed, newcomers, totals_of
from online_models.touches import WEIGHTS, Touch

DAY_MS: Final = 86_400_000
CHUNK: Final = 2_048
"""Pairs that are looked up at once: their rows fit the cache."""

PACK_CHUNK: Final = 128
"""Rows that are packed at once: larger temporary arrays would be mapped anew each time."""

KEEP: Final = 15 / 16
"""Share of the rows that stays when the cap is exceeded, so that evictions come in bulk."""


class SlotTable:
    """One shard's neighbour rows.

    About 16 bytes a slot and 100 an item: 1.1 KB an item with 64 slots and two channels. Learning
    costs a few microseconds a pair in batches of 1,000, less in larger ones. The same input in
    the same order always gives the same rows; as long as nothing is evicted, how it is cut into
    batches does not matter either.

    >>> table = SlotTable(slots=4, half_life_ms=DAY_MS)
    >>> one, two, now = np.array([1], "u8"), np.array([2], "u8"), np.array([0], "i8")
    >>> table.learn_many(one, two, np.array([0], "i1"), np.array([1], "f4"), now).tolist()
    [1]
    >>> table.row(1, DAY_MS).weights.tolist()
    [[0.5, 0.0]]
    """

    def __init__(
        self,
        slots: int = 64,
        half_life_ms: int = 30 * DAY_MS,
        channels: int = len(CHANNELS),
        max_rows: int = 1_000_000,
    ) -> None:
        if slots < 1 or channels < 1 or max_rows < 1:
            raise ValueError("slots, channels and max_rows must be at least 1")
        self.slots = slots
        self.channels = channels
        self.max_rows = max_rows
        self.time = self.releases = 0
        self._decay = ForwardDecay(half_life_ms)
        self._clear()

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, item: int) -> bool:
        return item in self._index

    def items(self) -> list[int]:
        """Return the items that have a row, by rising number."""
        keys: list[int] = np.sort(self._index.key_of[self._index.rows()]).tolist()
        return keys

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays, without the index."""
        return self._keys.nbytes + self._weights.nbytes + self._used.nbytes + self._mass.nbytes

    def learn_many(
        self,
        items: NDArray[np.uint64],
        neighbours: NDArray[np.uint64],
        channels: NDArray[np.int8],
        weights: NDArray[np.float32],
        times: NDArray[np.int64],
    ) -> NDArray[np.uint64]:
        """Add weights to pairs, in order; return the items whose rows changed, by rising number.

        All arrays are of one length n; times are epoch ms. Raises `ValueError` for weights
        beyond `decay.HEAVIEST` and channels that do not exist, before anything is changed.
        """
        if len(items) == 0:
            return np.empty(0, np.uint64)
        check_weights(weights)
        if channels.min() < 0 or channels.max() >= self.channels:
            raise ValueError(f"channels: expected 0 to {self.channels - 1}")
        for run in runs([self._decay], times):
            self._advance(int(times[run].max()))
            gains = self._decay.gains(weights[run], times[run], np.float32)
            for at in range(0, len(gains), CHUNK):
                cut = slice(run.start + at, min(run.start + at + CHUNK, run.stop))
                chunk = gains[at : at + CHUNK]
                self._learn_chunk(items[cut], neighbours[cut], channels[cut], chunk)
        touched = np.unique(items)
        if len(self._index) > self.max_rows:
            self._evict_rows()
            touched = np.array([k for k in touched.tolist() if k in self._index], np.uint64)
        return touched

    def learn_touch(self, event: Touch, others: Sequence[int]) -> None:
        """Learn the pairs of a touch after `others` (`pairs.last_liked`): as `learn_many`, sooner.

        Cost: 15 us after 20 others where numba is installed.
        """
        evidence = WEIGHTS.get(event.type, 0.0)
        if not evidence or not others:
            return
        fast = compiled()
        if fast is None:
            buffer = PairBuffer(len(others))
            buffer.add_others(event, others)
            self.learn_many(*buffer.take())
            return
        self._advance(event.time)
        numbers = np.array([event.item, *others], np.uint64)
        rows = self._claim(numbers)
        arrays = (self._keys, self._weights, self._used, self._mass)
        growth = self._decay.growth(event.time)
        fast.add_touch(*arrays, rows, numbers, evidence, growth, FADES, NEXT_FADES, NEXT)
        if len(self._index) > self.max_rows:
            self._evict_rows()

    def row(self, item: int, time: int) -> NeighbourRow:
        """Return an item's neighbours, strongest first, as of `time`; empty if it is not known."""
        at = self._index.get(item)
        if at is None:
            return NeighbourRow(
                np.empty(0, np.uint64), np.empty((0, self.channels), np.float32), time
            )
        return self._rows(np.array([at]), time)[0]

    def rows(self, items: Sequence[int], time: int) -> dict[int, NeighbourRow]:
        """Return the rows of those items that are known; 2 to 3 us each, a tenth of `row`."""
        found = {item: at for item in items if (at := self._index.get(item)) is not None}
        if not found:
            return {}
        rows = self._rows(np.array(list(found.values())), time)
        return dict(zip(found, rows, strict=True))

    def gather(self, items: Sequence[int], time: int) -> Gathered:
        """Return the rows of those items that are known, in one piece; under 1 us each, compiled.

        As `rows.gathered` of `rows`, but for the order within a row. Needs two channels.
        """
        rows = np.array(self._index.places(items), np.int64)
        lags = np.flatnonzero(rows >= 0)
        rows = rows[lags]
        factor = np.float32(self._decay.factor(time))
        gather = (compiled() or slots).gather
        arrays = self._keys, self._weights, self._used, self._mass
        keys, weights, lengths, masses = gather(*arrays, rows, factor)
        return Gathered(keys, weights, lengths, masses, lags)

    def masses_of(self, items: Sequence[int]) -> NDArray[np.float32]:
        """Return how much each item is paired with any others (channel 0), in the unit of storage;
        times `factor` it is in views. 0 for those that are not known.

        What is in that unit holds until `releases` changes.
        """
        rows = np.array(self._index.places(items), np.int64)
        masses: NDArray[np.float32] = np.where(rows < 0, np.float32(0), self._mass[rows, 0])
        return masses

    def factor(self, time: int) -> float:
        """Return what a stored 1 weighs at `time`."""
        return self._decay.factor(time)

    def heaviest(self, k: int, time: int) -> TopList:
        """Return the k items that are paired most with any others (channel 0), as of `time`.

        Its `total` is that of these items alone: as a share it would say nothing.
        """
        every = partial(self._index.rows, in_order=False)
        (rows,) = self._front.lead(k, self._index.key_of, [self._mass[:, 0]], every)
        mass = self._mass[rows, 0].astype(np.float64) * self._decay.factor(time)
        return TopList(self._index.key_of[rows], mass.astype(np.float32), time, float(mass.sum()))

    def pack(self, item: int) -> bytes:
        """Return an item's row as `rows.pack_row` has it, as of the newest event learnt from."""
        return pack_row(self.row(item, self.time))

    def pack_many(self, items: NDArray[np.uint64]) -> list[bytes]:
        """Return the packed rows of known items; 2 to 3 us each, a tenth of `pack`."""
        at = np.array([self._index.get(item) for item in items.tolist()], np.int64)
        return [
            pack_row(row)
            for cut in range(0, len(at), PACK_CHUNK)
            for row in self._rows(at[cut : cut + PACK_CHUNK], self.time)
        ]

    def forget(self, below: float) -> int:
        """Drop the rows whose decayed sum of weights is below a limit; return how many."""
        rows = self._index.rows()
        faint = rows[self._mass[rows].sum(axis=1) * self._decay.factor(self.time) < below]
        self._release(faint)
        return len(faint)

    def dump(self, *, full: bool = True) -> bytes:
        """Return the state, or what changed since the last dump. The same state, the same bytes."""
        rows = self._index.rows(changed_only=not full)
        gone = np.array([] if full else sorted(self._index.gone), np.uint64)
        used = self._used[rows]
        filled = np.arange(self.slots) < used[:, None]
        meta = {
            "half_life_ms": self._decay.half_life_ms,
            "landmark": self._decay.landmark,
            "time": self.time,
            "channels": self.channels,
        }
        arrays: dict[str, NDArray[Any]] = {
            "items": self._index.key_of[rows],
            "used": used,
            "masses": self._mass[rows],
            "keys": self._keys[rows][filled],
            "weights": self._weights[rows][filled],
            "gone": gone,
        }
        self._index.mark_saved()
        return pack_arrays("slot table", meta, arrays)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state: a full dump, then the changes in order.

        Rows saved with more slots are cut to the heaviest. Raises `ValueError` for other
        half-lives or channels, and for damaged bytes.
        """
        self._clear()
        self.time = 0
        self._decay = ForwardDecay(self._decay.half_life_ms)
        for part in parts:
            self._load_part(*unpack_arrays("slot table", part))
        self._index.mark_saved()

    def _load_part(self, meta: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        for name, mine in (
            ("half_life_ms", self._decay.half_life_ms),
            ("channels", self.channels),
        ):
            if meta[name] != mine:
                raise ValueError(
                    f"saved slot table: {name} is {meta[name]}, the setting says {mine}. "
                    "Set it back, or rebuild the table with a replay"
                )
        if "masses" not in arrays:
            raise ValueError(
                "saved slot table: it is of an older Headrace; rebuild the table with a replay"
            )
        self._release(self._index.find(arrays["gone"]))
        if meta["landmark"] is None:
            return
        self._advance(meta["time"])
        used = arrays["used"].astype(np.int64)
        width = max(int(used.max(initial=0)), self.slots)
        filled = np.arange(width) < used[:, None]
        keys = np.zeros((len(used), width), np.uint64)
        weights = np.zeros((len(used), width, self.channels), np.float32)
        keys[filled], weights[filled] = arrays["keys"], arrays["weights"]
        if width > self.slots:
            keys, weights, used = narrowed(keys, weights, used, self.slots)
        rows = self._claim(arrays["items"])
        self._keys[rows], self._weights[rows] = keys, weights
        self._used[rows], self._mass[rows] = used, arrays["masses"]
        self._front.reset()

    def _clear(self) -> None:
        self._index = RowIndex()
        rows = self._index.capacity
        self._keys = np.zeros((rows, self.slots), np.uint64)
        self._weights = np.zeros((rows, self.slots, self.channels), np.float32)
        self._used = np.zeros(rows, np.int32)
        self._mass = np.zeros((rows, self.channels), np.float32)
        self._front = Frontrunners()

    def _advance(self, time: int) -> None:
        self.time = max(self.time, time)
        cells = self._decay.advance(self.time)
        fade(self._weights, cells)
        fade(self._mass, cells)
        self.releases += cells > 0

    def _claim(self, items: NDArray[np.uint64]) -> NDArray[np.int64]:
        rows = self._index.claim(items)
        self._front.gained(rows)
        if self._index.capacity > len(self._used):
            self._keys = grown(self._keys, self._index.capacity)
            self._weights = grown(self._weights, self._index.capacity)
            self._used = grown(self._used, self._index.capacity)
            self._mass = grown(self._mass, self._index.capacity)
        return rows

    def _learn_chunk(
        self,
        items: NDArray[np.uint64],
        neighbours: NDArray[np.uint64],
        channels: NDArray[np.int8],
        gains: NDArray[np.float32],
    ) -> None:
        fast = compiled()
        if fast is not None and len(items) <= fast.SMALL:
            rows = self._claim(items)
            arrays = (self._keys, self._weights, self._used, self._mass)
            fast.add(*arrays, rows, neighbours, channels, gains)
            return
        distinct, inverse = np.unique(items, return_inverse=True)
        rows = self._claim(distinct)[inverse]
        np.add.at(self._mass.reshape(-1), rows * self.channels + channels, np.abs(gains))
        match = self._keys[rows] == neighbours[:, None]
        slots = match.argmax(axis=1)
        # An empty slot holds key 0, which may be an item too.
        found = match[np.arange(len(rows)), slots] & (slots < self._used[rows])
        flat = (rows[found] * self.slots + slots[found]) * self.channels + channels[found]
        np.add.at(self._weights.reshape(-1), flat, gains[found])
        new = ~found
        if new.any():
            self._admit(
                newcomers(rows[new], neighbours[new], channels[new], gains[new], self.channels)
            )

    def _admit(self, new: Newcomers) -> None:
        """Give newcomers the free slots of their rows, then those that weigh least."""
        slots = self._used[new.rows] + new.ranks
        free = slots < self.slots
        rows = new.rows[free]
        self._keys[rows, slots[free]] = new.keys[free]
        self._weights[rows, slots[free]] = new.weights[free]
        np.add.at(self._used, rows, 1)
        if not free.all():
            self._replace(new.rows[~free], new.keys[~free], new.weights[~free])

    def _replace(
        self, rows: NDArray[np.int64], keys: NDArray[np.uint64], weights: NDArray[np.float32]
    ) -> None:
        """Let newcomers, grouped by row, replace the least slot of it, one after another.

        Rows are worked on side by side, the one with the most newcomers first, so that each
        wave is a prefix of `totals`.
        """
        full, starts, counts = np.unique(rows, return_index=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        full, starts, counts = full[order], starts[order], counts[order]
        totals = totals_of(self._weights[full])
        gains = weights.sum(axis=1)
        owner = np.full(totals.shape, -1, np.int64)
        line = np.arange(len(full))
        waves = np.searchsorted(-counts, -np.arange(counts[0]), side="left")
        for wave, width in enumerate(waves.tolist()):
            at = line[:width]
            slot = totals[:width].argmin(axis=1)
            comer = starts[:width] + wave
            totals[at, slot] = gains[comer]
            owner[at, slot] = comer
        at, slot = np.nonzero(owner >= 0)
        comer = owner[at, slot]
        self._keys[full[at], slot] = keys[comer]
        self._weights[full[at], slot] = weights[comer]

    def _rows(self, rows: NDArray[np.int64], time: int) -> list[NeighbourRow]:
        factor = np.float32(self._decay.factor(time))
        weights, mass = np.maximum(self._weights[rows] * factor, 0), self._mass[rows] * factor
        totals = totals_of(weights)
        order = np.argsort(-totals, axis=1, kind="stable")
        counts = (totals > 0).sum(axis=1).tolist()
        keys = np.take_along_axis(self._keys[rows], order, axis=1)
        weights = np.take_along_axis(weights, order[:, :, None], axis=1)
        return [
            NeighbourRow(keys[at, :count], weights[at, :count], time, mass[at])
            for at, count in enumerate(counts)
        ]

    def _evict_rows(self) -> None:
        rows = self._index.rows()
        surplus = len(rows) - int(self.max_rows * KEEP)
        # Ties go by number: `rows` come sorted by it.
        self._release(rows[np.argsort(self._mass[rows].sum(axis=1), kind="stable")[:surplus]])

    def _release(self, rows: NDArray[np.int64]) -> None:
        self.releases += 1
        self._index.release(self._index.key_of[rows].tolist())
        self._used[rows] = 0
        self._mass[rows] = 0
        self._front.reset()
        self._keys[rows] = 0
        self._weights[rows] = 0
