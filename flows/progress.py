"""How far each source partition has been read, for whoever publishes it.

>>> progress = Progress()
>>> progress.put("events.click/0", PartProgress(position=90, end=100, received=1511544070500))
>>> progress.lag
10
"""

from typing import NamedTuple


class PartProgress(NamedTuple):
    """`position` is the next offset to read, `end` the log's end as of the last fetch.

    `received` is the arrival time (ms) of the newest record read, 0 before the first.
    """

    position: int
    end: int | None
    received: int

    @property
    def lag(self) -> int:
        """Records that are there and not read yet; 0 while the end is not known."""
        return 0 if self.end is None else max(0, self.end - self.position)


class Progress:
    """The progress of all partitions of this process. Written by workers, read by any thread."""

    def __init__(self) -> None:
        self._parts: dict[str, PartProgress] = {}
        self._vouched: dict[str, int] = {}

    def put(self, part: str, progress: PartProgress) -> None:
        """Replace a partition's progress."""
        self._parts[part] = progress

    def vouch(self, part: str, until_ms: int) -> None:
        """Say that what the log had taken by then has been read, and has gone through the graph."""
        self._vouched[part] = until_ms

    def vouched(self, part: str) -> int | None:
        """Return what was last said of it: a worker that hangs says nothing new. None: never."""
        return self._vouched.get(part)

    def parts(self) -> dict[str, PartProgress]:
        """Return a copy of the progress by partition."""
        return dict(self._parts)

    @property
    def lag(self) -> int:
        """Records of all partitions that are there and not read yet."""
        return sum(part.lag for part in self.parts().values())
