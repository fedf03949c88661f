"""People of whom something is still to become known, and when."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence

from operators.durable import PackedMap


class WaitingMap(PackedMap):
    """A map of what waits, by person, that tells whose moment has come; `Durable`.

    `moments` returns the moments (ms) that a value waits for. A value may be looked at when
    nothing of it is due any more: whoever is told checks.

    >>> visits = WaitingMap(lambda value: value)
    >>> visits["ada"] = b"\\x05\\x07"
    >>> visits.wait("ada", 5), visits.wait("ada", 7)
    (None, None)
    >>> list(visits.due(4)), list(visits.due(6))
    ([], ['ada'])
    >>> copy = WaitingMap(lambda value: value)
    >>> copy.load([visits.dump(full=True)])
    >>> list(copy.due(9))
    ['ada', 'ada']
    """

    def __init__(self, moments: Callable[[bytes], Iterable[int]]) -> None:
        super().__init__()
        self._moments = moments
        self._deadlines: list[tuple[int, str]] = []

    def wait(self, key: str, until: int) -> None:
        """Remember a moment of a person's."""
        heapq.heappush(self._deadlines, (until, key))

    def due(self, clock: int) -> Iterator[str]:
        """Yield whose moment came by `clock` (ms), in order, once for each moment."""
        while self._deadlines and self._deadlines[0][0] <= clock:
            yield heapq.heappop(self._deadlines)[1]

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what waits with what the parts say."""
        super().load(parts)
        self._deadlines = [(until, key) for key in self for until in self._moments(self[key])]
        heapq.heapify(self._deadlines)
