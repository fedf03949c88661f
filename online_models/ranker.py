"""Puts a list's items in order by how likely a click is, learnt as lists are shown and clicked.

An item's facts are taken when it is shown, before that counts, and kept by request: what is learnt
from a click saw nothing of what came later. Of two clicks in a list, the second is learnt as a
choice among the items that were left (Plackett and Luce). Beside weights, each item has a
`strength`, moved by how much more often it was clicked than its strength and position against the
list's others let expect: the online form of a Plackett-Luce rating.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.codec import pack
from online_models.offers import PERSONAL, RAW, features
from online_models.rank_weights import RankWeights, softmax
from online_models.shown import MAX_LIST, ShownList, ShownLists
from online_models.tracks import COLUMNS, STRENGTH, Tracks

LASTS_MS: Final = 30 * 60 * 1000
"""Event time after which a list is over: a click that comes later is not the list's doing."""

STRENGTH_RATE: Final = 0.2
FIRST_PACE: Final = 0.1
PACE_LISTS: Final = 1_000
LAST_MS: Final = 1 << 53
"""The line of `contracts.events`: times at or beyond it are none."""

Personal = Sequence[float]


class Ranker:
    """Learns from lists; bounded by `max_items` item rows and `max_shown` items in open lists.

    `request` names a list, `items` are numbers. Times never go back for what is kept: an earlier
    one counts as if it were now. Cost: 150 us to rank 40 items; 120 to take note of such a list
    that is shown at once, and 330 to learn from a click in it.

    >>> ranker = Ranker()
    >>> for list_ in range(50):
    ...     ranker.show(str(list_), [1, 2, 3], [0, 1, 2], [(0.0,) * 4] * 3, 0, list_ * 1000)
    ...     _ = ranker.click(str(list_), 3, list_ * 1000 + 500)
    >>> scores = ranker.score([1, 2, 3], [(0.0,) * 4] * 3, 0, 60_000)
    >>> int(scores.argmax())
    2
    """

    def __init__(
        self, max_items: int = 50_000, max_shown: int = 100_000, lasts_ms: int = LASTS_MS
    ) -> None:
        self.lasts_ms = lasts_ms
        self.weights = RankWeights()
        self.tracks = Tracks(max_items)
        self.lists = ShownLists(max_shown)
        self.pending: set[int] = set()
        """Items whose rows changed since the owner last emptied this."""
        self._clock = 0
        self._over = 0
        self._matched = 0
        self._unmatched = 0
        self._pace = FIRST_PACE

    def score(
        self, items: Sequence[int], personal: Sequence[Personal], history: int, now: int
    ) -> NDArray[np.float64]:
        """Return how attractive items are to a person now, whatever their positions."""
        rows = self.tracks.rows(items, now)
        return score(self.weights, rows, personal, history, now)

    def show(
        self,
        request: str,
        items: Sequence[int],
        positions: Sequence[int],
        personal: Sequence[Personal],
        history: int,
        time: int,
    ) -> None:
        """Take note that items were shown in a list; those shown in it before are ignored."""
        now = self._now(time)
        if now is None:
            return
        self._end(now)
        shown = self.lists.open(request, now, history)
        known = set(shown.items)
        fresh = [
            (item, position, own)
            for item, position, own in zip(items, positions, personal, strict=True)
            if item not in known and not known.add(item)  # type: ignore[func-returns-value]
        ][: MAX_LIST - len(shown)]
        if not fresh:
            return
        numbers = [item for item, _, _ in fresh]
        raw = _raw(self.tracks.rows(numbers, now), [own for _, _, own in fresh])
        shown.add(numbers, [position for _, position, _ in fresh], raw, now)
        self.lists.grew(request, len(fresh))
        self.tracks.show(numbers, now)
        self.pending.update(numbers)

    def click(self, request: str, item: int, time: int) -> bool:
        """Learn that an item of a list was clicked; return False if no open list has it."""
        now = self._now(time)
        if now is None:
            return False
        self._end(now)
        shown = self.lists.get(request)
        if shown is None or item not in shown.items or item in shown.clicked:
            self._unmatched += 1
            return False
        self._learn(shown, item, now)
        self.lists.open(request, now, shown.history).clicked.append(item)
        self._matched += 1
        return True

    def counts(self) -> dict[str, int]:
        """Return what was learnt from, and what is kept."""
        return {
            "learned": self.weights.learned,
            "clicks": self._matched,
            "unmatched": self._unmatched,
            "lists": self._over,
            "open": len(self.lists),
            "items": len(self.tracks),
        }

    def dump(self, *, full: bool = True) -> bytes:
        """Return the state, or what changed of it since the last dump."""
        marks = (self._clock, self._over, self._matched, self._unmatched, self._pace)
        return pack(
            (
                self.weights.pack(),
                self.tracks.dump(full=full),
                self.lists.dump(full=full),
                marks,
                sorted(self.pending),
            )
        )

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state with what the parts say: a full dump, then the changes in order."""
        decoded = [_parts.decode(part) for part in parts]
        weights, _, _, marks, pending = decoded[-1]
        self.weights = RankWeights.unpack(weights)
        self.tracks.load([tracks for _, tracks, *_ in decoded])
        self.lists.load([lists for _, _, lists, *_ in decoded])
        self._clock, self._over, self._matched, self._unmatched, self._pace = marks
        self.pending = set(pending)

    def _now(self, time: int) -> int | None:
        if not 0 <= time < LAST_MS:
            return None
        self._clock = max(self._clock, int(time))
        return self._clock

    def _learn(self, shown: ShownList, item: int, now: int) -> None:
        self._settle(shown, now)
        clicked = set(shown.clicked)
        left = [n for n, other in enumerate(shown.items) if other not in clicked]
        at = left.index(shown.items.index(item))
        raw = shown.facts()[left]
        positions = np.array(shown.positions, np.int64)[left]
        times = np.array(shown.times, np.float64)[left]
        self.weights.learn_one(features(raw, times), at, shown.history, positions)
        error = -softmax(raw[:, STRENGTH] + self.weights.bias(positions))
        error[at] += 1.0
        numbers = [shown.items[n] for n in left]
        self.tracks.strengthen(numbers, (STRENGTH_RATE * error).tolist(), now)
        self.tracks.click(item, now)
        self.pending.update(numbers)

    def _settle(self, shown: ShownList, now: int) -> None:
        """Count what clicks the list's new items were to expect, by their positions alone."""
        if shown.settled == len(shown):
            return
        shares = softmax(self.weights.bias(np.array(shown.positions, np.int64)))
        fresh, due = shown.items[shown.settled :], self._pace * shares[shown.settled :]
        self.tracks.expect(fresh, due.tolist(), now)
        self.pending.update(fresh)
        shown.settled = len(shown)

    def _end(self, now: int) -> None:
        for _, shown in self.lists.over(now, self.lasts_ms):
            self._settle(shown, now)
            self._over += 1
            self._pace += (len(shown.clicked) - self._pace) / min(self._over, PACE_LISTS)


_parts = msgspec.msgpack.Decoder(
    tuple[bytes, bytes, bytes, tuple[int, int, int, int, float], list[int]]
)


def score(
    weights: RankWeights,
    rows: NDArray[np.float64],
    personal: Sequence[Personal],
    history: int,
    now: int,
) -> NDArray[np.float64]:
    """Return how attractive items (n,) are now, by their rows as of now and personal facts."""
    return weights.scores(offered(rows, personal, now), history)


def offered(
    rows: NDArray[np.float64], personal: Sequence[Personal], now: int
) -> NDArray[np.float64]:
    """Return the features (n, F) of items that are offered together now."""
    return features(_raw(rows, personal), np.full(len(rows), float(now)))


def facts_of(personal: Sequence[Personal]) -> NDArray[np.float64]:
    """Return personal facts as an array (n, `PERSONAL`)."""
    return np.asarray(personal, np.float64).reshape(len(personal), len(PERSONAL))


def _raw(rows: NDArray[np.float64], personal: Sequence[Personal]) -> NDArray[np.float64]:
    raw = np.empty((len(rows), RAW))
    raw[:, :COLUMNS] = rows
    raw[:, COLUMNS:] = facts_of(personal)
    return raw
