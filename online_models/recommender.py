"""The recommender as one object in memory: for evaluation, tests and notebooks.

Made of the same functions that the graph spreads over keyed operators and the API: touches to
pairs, pairs to rows, rows and rankings to a blend.
"""

import math
from collections import OrderedDict
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contracts.keys import item_key
from contracts.lean import lean
from online_models.blend import Candidate, best, leaders
from online_models.content import Content
from online_models.live_crowd import LiveCrowd
from online_models.pairs import PairBuffer, last_liked
from online_models.slate import CANDIDATES, Slate, evidence_of, slate_of
from online_models.slot_table import DAY_MS, SlotTable
from online_models.touches import Touch
from online_models.weights import Weights

with lean():
    from river.reco.base import Ranker

SECOND_MS: Final = 1_000
LAST_MS: Final = 1 << 53
"""Times from here on are no times: the lines of `contracts.events`."""

RECENTS: Final = 50


class ItemRecommender(Ranker):
    """Ranks items for users, from what each touched and what others touched along with it.

    Pure and deterministic: `x` may carry the event's `type` and its `time` (ms); without a time,
    each event is a second after the last. Bounded: `max_users` people with their last touches,
    `max_items` rows. Learns from the pairs of `batch` events at once: waiting for 64 costs up to
    3 % of the hits where people touch the same things shortly after one another.

    >>> model = ItemRecommender(batch=1)
    >>> for user in range(5):
    ...     for item in ("cup", "saucer"):
    ...         model.learn_one(user, item)
    >>> model.learn_one("ada", "cup")
    >>> model.rank("ada", {"cup", "saucer", "anvil"})
    ['saucer', 'cup', 'anvil']
    """

    def __init__(
        self,
        slots: int = 128,
        window: int = 20,
        half_life_days: float = 30.0,
        max_items: int = 200_000,
        max_users: int = 100_000,
        batch: int = 1,
        repeats: bool = False,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed=seed)
        self.slots = slots
        self.window = window
        self.half_life_days = half_life_days
        self.max_items = max_items
        self.max_users = max_users
        self.batch = batch
        self.repeats = repeats
        self.weights = Weights()
        self._table = SlotTable(slots, int(half_life_days * DAY_MS), max_rows=max_items)
        self._live = LiveCrowd(self._table, max_items)
        self._pairs = PairBuffer(window)
        self._users: OrderedDict[Hashable, list[Touch]] = OrderedDict()
        self._content = Content()
        self._waiting = 0
        self._time = 0

    def learn_one(
        self, user: Hashable, item: Hashable, y: Any = True, x: dict[str, Any] | None = None
    ) -> None:
        """Learn that a user touched an item; a reward `y` of 0 or less is a dislike.

        A reward that is no number teaches nothing.
        """
        if not math.isfinite(y):
            return
        touch = self._touch(item, y, x or {})
        recents = self._users.pop(user, [])
        others = last_liked(recents, touch.item, self.window)
        if self.batch == 1:
            self._table.learn_touch(touch, others)
            self._live.paired([touch.item, *others])
        else:
            self._pairs.add_others(touch, others)
        self._live.count(touch)
        self._content.touched([touch.item])
        self._users[user] = [*recents[1 - RECENTS :], touch]
        if len(self._users) > self.max_users:
            self._users.popitem(last=False)
        self._waiting += 1
        if self._waiting >= self.batch:
            self.flush()

    def describe(self, item: Hashable, concepts: Sequence[str]) -> None:
        """Take in a catalogue entry (`content.concepts_of`): the item can be found without events.

        >>> model = ItemRecommender(batch=1)
        >>> for item in ("kettle", "teapot"):
        ...     model.describe(item, ["c kitchen"])
        >>> model.learn_one("ada", "kettle")
        >>> model.rank("ada", {"teapot", "anvil"})
        ['teapot', 'anvil']
        """
        self._content.put(number_of(item), concepts)

    def learn_from_choice(self, candidates: Slate, item: Hashable) -> None:
        """Teach the blend that `item` came next, where `candidates` were to choose from."""
        at = candidates.place_of(number_of(item))
        if at is not None:
            self.weights.learn_one(candidates, at)

    def predict_one(self, user: Hashable, item: Hashable, x: dict[str, Any] | None = None) -> float:
        """Return the item's share among the user's candidates; 0 if it is not one."""
        number = number_of(item)
        ranked = best(self.slate(user), self.weights, CANDIDATES)
        return next((candidate.score for candidate in ranked if candidate.item == number), 0.0)

    def rank(
        self, user: Hashable, items: Iterable[Hashable], x: dict[str, Any] | None = None
    ) -> list[Hashable]:
        """Return given items, best first; those that nothing is known of last, by number."""
        ranked = best(self.slate(user), self.weights, CANDIDATES)
        scores = {candidate.item: candidate.score for candidate in ranked}
        numbers = {item: number_of(item) for item in items}
        return sorted(numbers, key=lambda i: (-scores.get(numbers[i], 0.0), numbers[i]))

    def recommend(
        self, user: Hashable, n: int = 10, exclude: Collection[int] = ()
    ) -> list[Candidate]:
        """Return the n best of all items, by number."""
        return best(self.slate(user, exclude), self.weights, n)

    def best(self, candidates: Slate, n: int) -> list[Candidate]:
        """Return the n best of a slate."""
        return best(candidates, self.weights, n)

    def leaders(self, candidates: Slate, n: int) -> list[int]:
        """Return the numbers of the n best of a slate: what `best` does, without its reasons."""
        order, _ = leaders(candidates, self.weights, n)
        numbers: list[int] = candidates.items[order].tolist()
        return numbers

    def slate(
        self,
        user: Hashable,
        exclude: Collection[int] | NDArray[np.uint64] = (),
        now: int | None = None,
    ) -> Slate:
        """Return the user's candidates at `now` (ms), which is the newest event's time if None."""
        recents = self._users.get(user, [])
        evidence = evidence_of(recents)
        rows = self._table.gather([item for item, _ in evidence], self._time)
        if not isinstance(exclude, np.ndarray):
            exclude = np.fromiter(exclude, np.uint64, len(exclude))
        now = self._time if now is None else now
        return slate_of(
            recents,
            evidence,
            rows,
            self._live.crowd(self._time),
            exclude,
            now,
            repeats=self.repeats,
            content=self._content,
        )

    def flush(self) -> None:
        """Learn from what waits for its batch."""
        self._waiting = 0
        if len(self._pairs):
            self._live.paired(self._table.learn_many(*self._pairs.take()).tolist())

    def _touch(self, item: Hashable, y: Any, x: dict[str, Any]) -> Touch:
        time = x.get("time")
        if not isinstance(time, (int, float)) or not 0 <= time < LAST_MS:
            time = self._time + SECOND_MS
        self._time = max(self._time, int(time))
        liked = str(x.get("type", "view")) if y > 0 else "dislike"
        return Touch(number_of(item), liked, int(time))


def number_of(item: Hashable) -> int:
    """Return an item's 64-bit number: itself if it is one, else that of its name."""
    if isinstance(item, int) and 0 <= item < 1 << 64:
        return item
    return item_key(str(item))
