"""The crowd of one stream in memory: every item counted, exact after each touch.

`popularity` and `crowd_of` say what shards publish now and then, of the items that lead. Where
one process sees all touches nothing has to be ranked: decay is one factor for all of a column,
so that of those that lead only the item just touched can move, and a share is a look-up.
"""

from bisect import insort
from collections.abc import Sequence
from typing import Final

import numpy as np

from online_models.compiled import compiled
from online_models.crowd import HEAD, RANKINGS, Crowd
from online_models.decay import ForwardDecay, fade
from online_models.popularity import HALF_LIVES_MS, HORIZONS, KEEP
from online_models.row_index import FIRST_ROWS, grown
from online_models.rows import heaviest_at
from online_models.slot_table import SlotTable
from online_models.touches import WEIGHTS, Touch

_PAIRED: Final = len(HORIZONS)
"""The column of what an item is paired with, after those of the horizons."""

_Leader = tuple[float, int]
"""One of those that lead: minus its weight, its number. They sort as `heaviest` has them."""


class LiveCrowd:
    """Counts of at most `max_items` items, and how much `table` pairs each; about 180 bytes each.

    Over the cap the least go, a sixteenth at once; their weight stays in the totals. Cost: 10 us
    a touch.

    >>> live = LiveCrowd(SlotTable())
    >>> for item in (4, 4, 9):
    ...     live.count(Touch(item, "view", 0))
    >>> crowd = live.crowd(0)
    >>> crowd.heads[:2].tolist(), crowd.of(np.array([4, 9, 5], np.uint64))[:, 0].round(2).tolist()
    ([4, 9], [0.67, 0.33, 0.0])
    """

    def __init__(self, table: SlotTable, max_items: int = 200_000) -> None:
        if max_items < 1:
            raise ValueError("max_items: expected room for at least one item")
        self.max_items = max_items
        self._slots, self._releases = table, table.releases
        self._decays = [ForwardDecay(half_life) for half_life in HALF_LIVES_MS]
        self._totals = [0.0] * len(HORIZONS)
        self._place: dict[int, int] = {}
        self._keys = np.zeros(FIRST_ROWS, np.uint64)
        self._said = np.zeros((FIRST_ROWS, len(RANKINGS)))
        self._leads: list[list[_Leader]] = [[] for _ in HORIZONS]
        self._table = np.empty(0, np.int32)
        self._heads = np.empty(0, np.uint64)
        self._reindex()

    def __len__(self) -> int:
        return len(self._place)

    def count(self, touch: Touch) -> None:
        """Count a touch on every horizon, by what its type weighs."""
        weight = WEIGHTS.get(touch.type, 0.0)
        if not weight:
            return
        place, moved = self._place_of(touch.item), False
        for horizon, decay in enumerate(self._decays):
            cells = decay.advance(touch.time)
            if cells:
                self._fade(horizon, cells)
            gain = weight * decay.growth(touch.time)
            self._totals[horizon] += gain
            weighs = float(self._said[place, horizon]) + gain
            self._said[place, horizon] = weighs
            if weight > 0.0 and not cells:
                moved |= self._rise(horizon, (-weighs, touch.item))
            else:
                self._rank(horizon)
                moved = True
        if moved:
            self._line_up()
        if len(self._place) > self.max_items:
            self._evict()

    def paired(self, items: Sequence[int]) -> None:
        """Look up how much some items are paired by now."""
        if self._releases != self._slots.releases:
            # The table let rows go, or expresses masses otherwise.
            self._releases = self._slots.releases
            items = [*items, *self._place]
        place_of = self._place.get
        places = [place_of(item, -1) for item in items]
        if -1 in places:
            places = [self._place_of(item) for item in items]
        self._said[places, _PAIRED] = self._slots.masses_of(items)

    def crowd(self, time: int) -> Crowd:
        """Return what is said of all items as of `time`; it holds until the next touch."""
        count = len(self._place)
        shares = [1.0 / total if total > 0.0 else 0.0 for total in self._totals]
        scale = np.array([*shares, self._slots.factor(time)])
        return Crowd(self._keys[:count], self._said[:count], self._heads, self._table, scale)

    def _rise(self, horizon: int, item: _Leader) -> bool:
        """Move an item up among those that lead, to where it belongs now; say if it is there."""
        lead = self._leads[horizon]
        if len(lead) == HEAD and item > lead[-1]:
            return False
        for at, (_, key) in enumerate(lead):
            if key == item[1]:
                del lead[at]
                break
        insort(lead, item)
        del lead[HEAD:]
        return True

    def _rank(self, horizon: int) -> None:
        """Find out anew who leads: weights fell, or were given away."""
        count = len(self._place)
        order = heaviest_at(self._keys[:count], self._said[:count, horizon], HEAD)
        weights, keys = self._said[order, horizon].tolist(), self._keys[order].tolist()
        self._leads[horizon] = [(-w, key) for w, key in zip(weights, keys, strict=True)]

    def _line_up(self) -> None:
        keys = [key for lead in self._leads for _, key in lead]
        self._heads = np.array(keys, np.uint64)

    def _fade(self, horizon: int, cells: int) -> None:
        fade(self._said[:, horizon], cells)
        total = np.array([self._totals[horizon]])
        fade(total, cells)
        self._totals[horizon] = float(total[0])

    def _place_of(self, item: int) -> int:
        place = self._place.get(item)
        if place is not None:
            return place
        place = self._place[item] = len(self._place)
        if place == len(self._keys):
            self._keys, self._said = grown(self._keys, 2 * place), grown(self._said, 2 * place)
            self._keys[place] = item
            self._reindex()
        else:
            self._keys[place] = item
            fast = compiled()
            if fast is not None:
                fast.enter(self._keys, place, self._table)
        return place

    def _reindex(self) -> None:
        fast = compiled()
        if fast is not None:
            self._table = fast.index(self._keys, np.arange(len(self._place)))

    def _evict(self) -> None:
        """Let the least go: an item may be new and hot, or old and steady; either is reason to
        stay."""
        count = len(self._place)
        shares = self._said[:count, :_PAIRED] / np.maximum(self._totals, 1e-300)
        order = np.lexsort((self._keys[:count], -shares.max(axis=1)))
        kept = np.sort(order[: int(self.max_items * KEEP)])
        keys, said = self._keys[kept], self._said[kept]
        self._keys[:], self._said[:] = 0, 0.0
        self._keys[: len(kept)], self._said[: len(kept)] = keys, said
        self._place = {key: place for place, key in enumerate(keys.tolist())}
        self._reindex()
        for horizon in range(len(HORIZONS)):
            self._rank(horizon)
        self._line_up()
