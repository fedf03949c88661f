"""How much each item was touched of late: decayed counts at three half-lives.

`popular` is the long horizon. `trending` is what the short horizon has beyond what the long one
lets expect: a ratio, shrunk towards 1, so that one visit of a rare item is no trend.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from online_models.arrays import pack_arrays, unpack_arrays
from online_models.decay import ForwardDecay, check_weights, fade, runs
from online_models.frontrunners import Frontrunners
from online_models.row_index import RowIndex, grown
from online_models.rows import TopList, heaviest

HOUR_MS: Final = 3_600_000
HORIZONS: Final = ("short", "medium", "long")
HALF_LIVES_MS: Final = (HOUR_MS, 24 * HOUR_MS, 14 * 24 * HOUR_MS)
KEEP: Final = 15 / 16
SHRINKAGE: Final = 5.0
"""Touches of the long horizon's pace that an item must exceed before it counts as a trend."""


class Popularity:
    """One shard's decayed counts, one column a horizon; 24 bytes and about 100 an item.

    Over `max_items` the least go, a sixteenth at once; their weight stays in the totals. As with
    the slot table, how the input is cut into batches does not matter until then.

    >>> counts = Popularity()
    >>> counts.learn_many(np.array([4, 4, 9], np.uint64), np.ones(3), np.zeros(3, np.int64))
    >>> top = counts.top(1, time=HOUR_MS)["short"]
    >>> top.keys.tolist(), top.weights.tolist(), top.total
    ([4], [1.0], 1.5)
    """

    def __init__(
        self,
        half_lives_ms: Sequence[int] = HALF_LIVES_MS,
        max_items: int = 200_000,
    ) -> None:
        if len(half_lives_ms) != len(HORIZONS) or max_items < 1:
            raise ValueError(f"expected {len(HORIZONS)} half-lives and room for at least one item")
        self.max_items = max_items
        self.time = 0
        self._decays = [ForwardDecay(half_life) for half_life in half_lives_ms]
        self._clear()

    def __len__(self) -> int:
        return len(self._index)

    def learn_many(
        self,
        items: NDArray[np.uint64],
        weights: NDArray[np.floating[Any]],
        times: NDArray[np.int64],
    ) -> None:
        """Add weights to items, in order. Raises `ValueError` for those beyond `HEAVIEST`."""
        if len(items) == 0:
            return
        check_weights(weights)
        for run in runs(self._decays, times):
            self._learn_run(items[run], weights[run], times[run])
        if len(self._index) > self.max_items:
            self._evict()

    def top(self, k: int, time: int) -> dict[str, TopList]:
        """Return the k heaviest items of each horizon as of `time`, heaviest first."""
        columns = [self._weights[:, horizon] for horizon in range(len(HORIZONS))]
        every = partial(self._index.rows, in_order=False)
        leaders = self._front.lead(k, self._index.key_of, columns, every)
        tops = {}
        for horizon, name in enumerate(HORIZONS):
            factor, rows = self._decays[horizon].factor(time), leaders[horizon]
            weights = (self._weights[rows, horizon] * factor).astype(np.float32)
            total = float(self._totals[horizon]) * factor
            tops[name] = TopList(self._index.key_of[rows], weights, time, total)
        return tops

    def dump(self, *, full: bool = True) -> bytes:
        """Return the state, or what changed since the last dump. The same state, the same bytes."""
        rows = self._index.rows(changed_only=not full)
        meta = {
            "half_lives_ms": [decay.half_life_ms for decay in self._decays],
            "landmarks": [decay.landmark for decay in self._decays],
            "time": self.time,
        }
        arrays: dict[str, NDArray[Any]] = {
            "items": self._index.key_of[rows],
            "weights": self._weights[rows],
            "totals": self._totals,
            "gone": np.array([] if full else sorted(self._index.gone), np.uint64),
        }
        self._index.mark_saved()
        return pack_arrays("popularity", meta, arrays)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state: a full dump, then the changes in order. Raises `ValueError`."""
        self._clear()
        self.time = 0
        self._decays = [ForwardDecay(decay.half_life_ms) for decay in self._decays]
        mine = [decay.half_life_ms for decay in self._decays]
        for part in parts:
            meta, arrays = unpack_arrays("popularity", part)
            if meta["half_lives_ms"] != mine:
                raise ValueError(
                    f"saved popularity: half-lives are {meta['half_lives_ms']}, the setting says "
                    f"{mine}. Set it back, or rebuild the counts with a replay"
                )
            self._release(self._index.find(arrays["gone"]))
            if meta["landmarks"][0] is not None:
                self._advance(meta["time"])
            rows = self._claim(arrays["items"])
            self._weights[rows] = arrays["weights"]
            self._totals = arrays["totals"].copy()
        self._front.reset()
        self._index.mark_saved()

    def _clear(self) -> None:
        self._index = RowIndex()
        self._weights = np.zeros((self._index.capacity, len(HORIZONS)))
        self._totals = np.zeros(len(HORIZONS))
        self._front = Frontrunners()

    def _advance(self, time: int) -> None:
        self.time = max(self.time, time)
        for horizon, decay in enumerate(self._decays):
            cells = decay.advance(self.time)
            fade(self._weights[:, horizon], cells)
            fade(self._totals[horizon : horizon + 1], cells)

    def _learn_run(
        self,
        items: NDArray[np.uint64],
        weights: NDArray[np.floating[Any]],
        times: NDArray[np.int64],
    ) -> None:
        self._advance(int(times.max()))
        distinct, inverse = np.unique(items, return_inverse=True)
        known = self._claim(distinct)
        rows = known[inverse]
        if weights.min() < 0.0:
            self._front.reset()
        else:
            self._front.gained(known)
        for horizon, decay in enumerate(self._decays):
            gains = decay.gains(weights, times, np.float64)
            np.add.at(self._weights[:, horizon], rows, gains)
            # One after another, as in smaller batches: `sum` would round differently.
            np.add.at(self._totals, np.full(len(gains), horizon), gains)

    def _claim(self, items: NDArray[np.uint64]) -> NDArray[np.int64]:
        rows = self._index.claim(items)
        if self._index.capacity > len(self._weights):
            self._weights = grown(self._weights, self._index.capacity)
        return rows

    def _evict(self) -> None:
        rows = self._index.rows()
        now = np.array([decay.factor(self.time) for decay in self._decays])
        shares = self._weights[rows] * now / np.maximum(self._totals * now, 1e-12)
        surplus = len(rows) - int(self.max_items * KEEP)
        # An item may be new and hot, or old and steady: either is reason to stay.
        self._release(rows[np.argsort(shares.max(axis=1), kind="stable")[:surplus]])

    def _release(self, rows: NDArray[np.int64]) -> None:
        self._index.release(self._index.key_of[rows].tolist())
        self._weights[rows] = 0
        self._front.reset()


def merge(tops: Iterable[TopList], k: int, half_life_ms: int) -> TopList:
    """Return one ranking of several shards', as of the newest of their times.

    Exact: shards hold different items, so an item of the first k is among the first k of its own
    shard. `half_life_ms` is that of the ranking, for shards that were asked at different times.

    >>> a = TopList(np.array([1], np.uint64), np.array([4.0], np.float32), 0, 9.0)
    >>> b = TopList(np.array([2], np.uint64), np.array([3.0], np.float32), 1000, 3.0)
    >>> both = merge([a, b], 1, half_life_ms=1000)
    >>> both.keys.tolist(), both.weights.tolist(), both.total
    ([2], [3.0], 7.5)
    """
    parts = list(tops)
    time = max((top.time for top in parts), default=0)
    factors = [0.5 ** ((time - top.time) / half_life_ms) for top in parts]
    keys = np.concatenate([np.empty(0, np.uint64), *(top.keys for top in parts)])
    scaled = (top.weights * factor for top, factor in zip(parts, factors, strict=True))
    weights: NDArray[np.float64] = np.concatenate([np.empty(0), *scaled])
    distinct, inverse = np.unique(keys, return_inverse=True)
    sums = np.bincount(inverse, weights, len(distinct)).astype(np.float64)
    total = sum(top.total * factor for top, factor in zip(parts, factors, strict=True))
    return heaviest(distinct, sums, k, time, float(total))


def trending(short: TopList, long: TopList, k: int) -> TopList:
    """Return items by how much hotter they are now than they used to be, hottest first.

    The weight of an item is (s + c) / (e + c): s its touches on the short horizon, e those that
    its share of the long one lets expect there, c `SHRINKAGE`. Items that are not above 1 are
    left out; an item outside `long` counts as the last one in it. Cost: about 50 us.
    """
    if not len(short.keys):
        return TopList(short.keys, short.weights, short.time, 0.0)
    order = np.argsort(long.keys)
    floor = long.weights[-1] if len(long.weights) else 0.0
    usual = np.full(len(short.keys), floor, np.float64)
    if len(order):
        at = order[np.minimum(np.searchsorted(long.keys[order], short.keys), len(order) - 1)]
        usual = np.where(long.keys[at] == short.keys, long.weights[at], usual)
    expected = usual * short.total / max(long.total, 1e-12)
    ratios = (short.weights + SHRINKAGE) / (expected + SHRINKAGE)
    up = ratios > 1.0
    return heaviest(short.keys[up], ratios[up], k, short.time, float(ratios[up].sum()))
