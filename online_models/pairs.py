"""From a person's touches to pairs of items: what the neighbour rows are learnt from.

`together`: the item and each of the last `window` others, in both directions, fading by `LAG` a
step. `next`: the item after each of the last `NEXT_WINDOW` others, forward only, halved a step.

Evidence has a sign. An item that was disliked or sent back takes weight off its pairs with what
the person liked; what a person disliked before says nothing about what comes now.
"""

from array import array
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from online_models.touches import WEIGHTS, Touch

K = TypeVar("K")
K_co = TypeVar("K_co", covariant=True)

LAG: Final = 0.8
TOGETHER: Final = 0
NEXT: Final = 1
"""Channels, in the order of `rows.CHANNELS`."""

NEXT_LAG: Final = 0.5
NEXT_WINDOW: Final = 6

FADES: Final = np.array([LAG**lag for lag in range(64)])
NEXT_FADES: Final = np.array([NEXT_LAG**lag for lag in range(NEXT_WINDOW)])
_FADE: Final = tuple(FADES.tolist())
_NEXT_FADE: Final = tuple(NEXT_FADES.tolist())


class PairArrays(NamedTuple):
    """Pairs as columns of one length, in the order that `SlotTable.learn_many` takes them."""

    items: NDArray[np.uint64]
    neighbours: NDArray[np.uint64]
    channels: NDArray[np.int8]
    weights: NDArray[np.float32]
    times: NDArray[np.int64]

    def by_shard(self, shards: int) -> dict[int, "PairArrays"]:
        """Return the pairs of each shard that has any, in order. An item's shard: number % shards.

        >>> pairs_of([Touch(1, "view", 0)], Touch(2, "view", 5)).by_shard(2)[0].items.tolist()
        [2]
        """
        shard = (self.items % np.uint64(shards)).astype(np.int64)
        parts = {}
        for number in np.unique(shard).tolist():
            mine = shard == number
            parts[number] = PairArrays(*(column[mine] for column in self))
        return parts

    def pack(self) -> bytes:
        """Return the pairs as bytes, 29 each."""
        return b"".join(column.tobytes() for column in self)

    @classmethod
    def unpack(cls, raw: bytes) -> "PairArrays":
        """Return packed pairs, read-only; raise `ValueError` if the bytes are cut."""
        count, rest = divmod(len(raw), _PAIR_BYTES)
        if rest:
            raise ValueError(f"packed pairs: {len(raw)} bytes are not a multiple of {_PAIR_BYTES}")
        columns, at = [], 0
        for dtype in _COLUMNS:
            columns.append(np.frombuffer(raw, dtype, count, at))
            at += count * dtype.itemsize
        return cls(*columns)


_COLUMNS: Final = tuple(np.dtype(name) for name in ("u8", "u8", "i1", "f4", "i8"))
_PAIR_BYTES: Final = sum(dtype.itemsize for dtype in _COLUMNS)


class PairBuffer:
    """Collects the pairs of many events, to be learnt from at once. About 6 us an event.

    >>> buffer = PairBuffer()
    >>> buffer.add([Touch(1, "view", 0)], Touch(2, "view", 5))
    >>> pairs = buffer.take()
    >>> pairs.items.tolist(), pairs.neighbours.tolist(), pairs.channels.tolist()
    ([2, 1, 1], [1, 2, 2], [0, 0, 1])
    """

    def __init__(self, window: int = 20) -> None:
        self._window = min(window, len(_FADE))
        self._clear()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, recents: Sequence[Touch], event: Touch) -> None:
        """Take in an event of a person whose touches before it were `recents`, oldest first."""
        if recents and event.type in WEIGHTS:
            self.add_others(event, last_liked(recents, event.item, self._window))

    def add_others(self, event: Touch, others: Sequence[int]) -> None:
        """Take in an event after `others` (`last_liked`)."""
        evidence = WEIGHTS.get(event.type, 0.0)
        count = len(others)
        if not evidence or not count:
            return
        gains = [evidence * fade for fade in _FADE[:count]]
        mine = [event.item] * count
        self._items.extend(mine)
        self._items.extend(others)
        self._neighbours.extend(others)
        self._neighbours.extend(mine)
        self._weights.extend(gains)
        self._weights.extend(gains)
        self._channels.extend(bytes(2 * count))
        before = others[:NEXT_WINDOW]
        self._items.extend(before)
        self._neighbours.extend(mine[: len(before)])
        self._weights.extend([evidence * fade for fade in _NEXT_FADE[: len(before)]])
        self._channels.extend([NEXT] * len(before))
        self._counts.append(2 * count + len(before))
        self._times.append(event.time)

    def take(self) -> PairArrays:
        """Return what was collected, and begin anew."""
        pairs = PairArrays(
            np.frombuffer(self._items, np.uint64),
            np.frombuffer(self._neighbours, np.uint64),
            np.frombuffer(self._channels, np.int8),
            np.frombuffer(self._weights, np.float32),
            np.repeat(np.array(self._times, np.int64), self._counts),
        )
        self._clear()
        return pairs

    def _clear(self) -> None:
        self._items = array("Q")
        self._neighbours = array("Q")
        self._weights = array("f")
        self._channels = bytearray()
        self._times: list[int] = []
        self._counts: list[int] = []


def pairs_of(recents: Sequence[Touch], event: Touch, window: int = 20) -> PairArrays:
    """Return the pairs of one event. Pure; for many events a `PairBuffer` is cheaper."""
    buffer = PairBuffer(window)
    buffer.add(recents, event)
    return buffer.take()


class _Touched(Protocol[K_co]):
    @property
    def item(self) -> K_co: ...
    @property
    def type(self) -> str: ...


def last_liked(recents: Sequence[_Touched[K]], item: K, window: int) -> list[K]:
    """Return the last distinct other items that were not disliked, newest first."""
    seen = {item}
    others: list[K] = []
    for touch in reversed(recents):
        if touch.item in seen:
            continue
        seen.add(touch.item)
        if WEIGHTS.get(touch.type, 0.0) > 0.0:
            others.append(touch.item)
            if len(others) == window:
                break
    return others
