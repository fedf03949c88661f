"""Lists under way: what was shown in answer to a request, as it was known then, until it is over.

A list is whole when it is clicked, or when its time has run out. Only then can be said what a click
on each item was worth, so what is needed for that is kept by request.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from online_models.offers import RAW

MAX_LIST: Final = 300
"""Items of one list that are kept; those after them are not learnt from."""


class ShownList(Struct, array_like=True):
    """One list: in columns, what was shown, where, when, and the `RAW` facts of each as float64.

    `settled` items had their expected clicks counted; `clicked` are the numbers clicked so far.
    """

    time: int
    history: int
    items: list[int] = []
    positions: list[int] = []
    times: list[int] = []
    raw: bytes = b""
    clicked: list[int] = []
    settled: int = 0

    def __len__(self) -> int:
        return len(self.items)

    def add(
        self, items: Sequence[int], positions: Sequence[int], raw: NDArray[np.float64], time: int
    ) -> None:
        """Add items, which are not in the list yet, with their facts (n, RAW)."""
        self.items += items
        self.positions += positions
        self.times += [time] * len(items)
        self.raw += raw.astype("<f8").tobytes()

    def facts(self) -> NDArray[np.float64]:
        """Return the facts (n, RAW) as they were when each item was shown."""
        return np.frombuffer(self.raw, "<f8").reshape(-1, RAW)


class ShownLists:
    """Lists by request, oldest first; `max_shown` items in all, 128 bytes and about 100 more each.

    >>> lists = ShownLists(max_shown=2)
    >>> for time, request in enumerate("ab"):
    ...     lists.open(request, time, history=0).add([1, 2], [0, 1], np.zeros((2, RAW)), time)
    ...     lists.grew(request, 2)
    >>> [request for request, _ in lists.over(clock=1, lasts_ms=100)], len(lists)
    (['a'], 1)
    """

    def __init__(self, max_shown: int = 100_000) -> None:
        self.max_shown = max_shown
        self._lists: OrderedDict[str, ShownList] = OrderedDict()
        self._changed: set[str] = set()
        self._count = 0

    def __len__(self) -> int:
        return len(self._lists)

    def get(self, request: str) -> ShownList | None:
        """Return the list of a request, to be read."""
        return self._lists.get(request)

    def open(self, request: str, time: int, history: int) -> ShownList:
        """Return the list of a request, to be changed; begin it if need be."""
        self._changed.add(request)
        if request not in self._lists:
            # New lists: Struct defaults are copied, but only while they are empty.
            self._lists[request] = ShownList(time, history)
        return self._lists[request]

    def grew(self, request: str, by: int) -> None:
        """Take note that a list has so many items more."""
        self._changed.add(request)
        self._count += by

    def over(self, clock: int, lasts_ms: int) -> Iterator[tuple[str, ShownList]]:
        """Take out and yield the oldest lists: those that are over or have no room."""
        while self._lists:
            request, oldest = next(iter(self._lists.items()))
            if self._count <= self.max_shown and oldest.time + lasts_ms > clock:
                return
            del self._lists[request]
            self._changed.add(request)
            self._count -= len(oldest)
            yield request, oldest

    def dump(self, *, full: bool = True) -> bytes:
        """Return the lists, or what changed since the last dump; one that is over is None.

        Changed ones come in the order in which they were begun.
        """
        lists: dict[str, ShownList | None] = {
            request: shown
            for request, shown in self._lists.items()
            if full or request in self._changed
        }
        if not full:
            lists |= dict.fromkeys(sorted(self._changed - self._lists.keys()))
        self._changed = set()
        return msgspec.msgpack.encode(lists)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the lists with what the parts say: a full dump, then the changes in order."""
        self._lists = OrderedDict()
        for part in parts:
            for request, shown in _decoder.decode(part).items():
                if shown is None:
                    self._lists.pop(request, None)
                else:
                    self._lists[request] = shown
        self._changed = set()
        self._count = sum(map(len, self._lists.values()))


_decoder = msgspec.msgpack.Decoder(dict[str, ShownList | None])
