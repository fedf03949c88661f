"""The blend's weights learnt beside the stream: from a few people, with rows made of their touches.

The rows and rankings that serve lie in many shards, and lag. What the weights need is to see
choices as an answer would: so this keeps small rows of its own, guesses what comes next, and
learns how far to trust whom. Shares do not depend on how many people they are made of; rows rest on
less than those that serve, so neighbours are trusted a little less than they might be.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, Self

import msgspec
import numpy as np

from online_models.content import Content
from online_models.crowd import LINKED, crowd_of
from online_models.pairs import last_liked
from online_models.popularity import Popularity
from online_models.rows import TopList, pack_top, unpack_top
from online_models.slate import evidence_of, slate_of
from online_models.slot_table import DAY_MS, SlotTable
from online_models.touches import WEIGHTS, Touch
from online_models.weights import Weights

TOP: Final = 500
REFRESH: Final = 32
"""Touches that are counted at once; then the rankings are made anew."""


PAIRED: Final = 20
"""Touches before one that it is paired with."""

_NOBODY: Final = np.empty(0, np.uint64)


class Described:
    """What the items that were touched are about: the last `max_items` of them to be described.

    >>> described = Described(2)
    >>> for item in (1, 2, 3):
    ...     described.put(item, ["c kitchen"])
    >>> len(described.content)
    2
    """

    def __init__(self, max_items: int) -> None:
        self.content = Content()
        self._max_items = max_items
        self._known: dict[int, list[str]] = {}
        self._unsaved: list[tuple[int, list[str]]] = []

    def put(self, item: int, concepts: list[str]) -> None:
        """Take in what an item is about, where it says something else than before."""
        if self._known.get(item, []) == concepts:
            return
        self._unsaved.append((item, concepts))
        self._known[item] = concepts
        self.content.put(item, concepts)
        self.content.touched([item])
        if len(self._known) > self._max_items:
            oldest = next(iter(self._known))
            del self._known[oldest]
            self.content.remove(oldest)

    def dump(self, *, full: bool) -> list[tuple[int, list[str]]]:
        """Return what is known, or what came since the last dump."""
        found = list(self._known.items()) if full else self._unsaved
        self._unsaved = []
        return found

    @classmethod
    def load(cls, max_items: int, parts: Iterable[list[tuple[int, list[str]]]]) -> Self:
        """Return what was dumped: all of it, then the changes in order."""
        described = cls(max_items)
        for item, concepts in chain(*parts):
            described.put(item, concepts)
        described._unsaved = []
        return described


class Apprentice:
    """Weights of one site, and what they are learnt with: at most `max_items` rows.

    Cost: about 0.5 ms a choice, of one person in `flow.blend_every`.

    >>> apprentice = Apprentice()
    >>> for user in range(50):
    ...     apprentice.learn([], Touch(1, "view", user))
    ...     apprentice.learn([Touch(1, "view", user)], Touch(2, "view", user))
    >>> apprentice.weights.learned > 0
    True
    """

    def __init__(
        self, slots: int = 64, half_life_days: float = 30.0, max_items: int = 20_000
    ) -> None:
        self.weights = Weights()
        self._max_items = max_items
        self._table = SlotTable(slots, int(half_life_days * DAY_MS), max_rows=max_items)
        self._popularity = Popularity(max_items=max_items)
        self._described = Described(max_items)
        self._touched: list[Touch] = []
        self._tops: Mapping[str, TopList] = {}
        self._crowd = crowd_of(self._tops)

    def learn(self, before: Sequence[Touch], touch: Touch, concepts: Sequence[str] = ()) -> None:
        """Learn that a person came to touch an item after `before`, oldest first.

        `concepts` say what the item is about (`content.concepts_of`).
        """
        self._described.put(touch.item, list(concepts))
        if WEIGHTS[touch.type] > 0.0 and all(touch.item != known.item for known in before):
            self._choose(before, touch)
        self._table.learn_touch(touch, last_liked(before, touch.item, PAIRED))
        self._touched.append(touch)
        if len(self._touched) >= REFRESH:
            self._rank()

    def dump(self, *, full: bool) -> bytes:
        """Return the state, or what changed of it."""
        return _encode(
            (
                self._table.dump(full=full),
                self._popularity.dump(full=full),
                self.weights.pack(),
                [tuple(touch) for touch in self._touched],
                {name: pack_top(top) for name, top in self._tops.items()},
                self._described.dump(full=full),
            )
        )

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state: a full dump, then the changes in order. Raises `ValueError`."""
        decoded = [_decode(part) for part in parts]
        self._table.load([table for table, *_ in decoded])
        self._popularity.load([counts for _, counts, *_ in decoded])
        told = (described for *_, described in decoded)
        self._described = Described.load(self._max_items, told)
        _, _, weights, touched, tops, _ = decoded[-1]
        self.weights = Weights.unpack(weights)
        self._touched = [Touch(*touch) for touch in touched]
        self._tops = {name: unpack_top(top) for name, top in tops.items()}
        self._crowd = crowd_of(self._tops)

    def _choose(self, before: Sequence[Touch], touch: Touch) -> None:
        evidence = evidence_of(before)
        rows = self._table.gather([item for item, _ in evidence], self._table.time)
        content = self._described.content
        candidates = slate_of(
            before, evidence, rows, self._crowd, _NOBODY, touch.time, content=content
        )
        at = candidates.place_of(touch.item)
        if at is not None:
            self.weights.learn_one(candidates, at)

    def _rank(self) -> None:
        touched, self._touched = self._touched, []
        self._popularity.learn_many(
            np.array([touch.item for touch in touched], np.uint64),
            np.array([WEIGHTS[touch.type] for touch in touched], np.float32),
            np.array([touch.time for touch in touched], np.int64),
        )
        time = self._popularity.time
        self._tops = {**self._popularity.top(TOP, time), LINKED: self._table.heaviest(TOP, time)}
        self._crowd = crowd_of(self._tops)


_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.Decoder(
    tuple[
        bytes,
        bytes,
        bytes,
        list[tuple[int, str, int]],
        dict[str, bytes],
        list[tuple[int, list[str]]],
    ]
).decode
