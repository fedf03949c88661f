"""What was written of late, said again to a store that may have forgotten it.

A store that saves its append-only file once a second forgets up to two seconds of what it has
acknowledged when it is killed, and so does a replica that takes over. Nobody tells its writers. So
a writer keeps its last seconds, and says them again, in order, when it has to connect anew. That
harms nothing where nothing was lost: views are absolute, and an id of a trigger is accepted once.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

KEPT_S: Final = 3.0
"""Longer than a store takes to have on its disk what it acknowledged."""
KEPT_BYTES: Final = 32 << 20
LOOK_S: Final = 0.05
"""Several who share a writer look one after the other: the first one's look will do."""

T = TypeVar("T")
R = TypeVar("R")


class Recent(Generic[T]):
    """The last seconds of one writer, at most `KEPT_BYTES` of them. For one thread.

    `on_connect` is to be called with each connection that is made, before it is used.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: deque[tuple[float, int, T]] = deque()
        self._bytes = 0
        self._connections = 0
        self._told = 0
        self._looked = 0.0

    def on_connect(self, connection: Any) -> None:
        """Greet a store as redis-py does, and note that it may be another one."""
        connection.on_connect()
        self._connections += 1

    def write(self, item: T, size: int, send: Callable[[T], R]) -> R:
        """Send an item of so many bytes; to a new connection also what came before, and it again.

        Raises what `send` raises; then the item is to be written again.
        """
        answer = send(item)
        self._repeat(send, (item,))
        self._hold(item, size)
        return answer

    def refresh(self, look: Callable[[], object], send: Callable[[T], object]) -> None:
        """Find out, while nothing is written, whether the store was lost: `look` asks it anything.

        Costs nothing once what was written of late is old.
        """
        if self._held and self._clock() >= self._looked + LOOK_S:
            look()
            self._repeat(send, ())
            self._looked = self._clock()
            self._drop(self._looked - KEPT_S)

    def _repeat(self, send: Callable[[T], object], last: tuple[T, ...]) -> None:
        # A connection that breaks meanwhile makes it begin anew.
        while self._told != (connections := self._connections):
            for _, _, item in (*self._held, *((0, 0, item) for item in last if self._held)):
                send(item)
            self._told = connections
            now = self._clock()
            self._held = deque((now, size, item) for _, size, item in self._held)

    def _hold(self, item: T, size: int) -> None:
        now = self._clock()
        self._drop(now - KEPT_S)
        self._held.append((now, size, item))
        self._bytes += size
        while self._bytes > KEPT_BYTES:
            self._bytes -= self._held.popleft()[1]

    def _drop(self, before: float) -> None:
        # Whoever answered since then on the same connection has it on its disk.
        while self._held and self._held[0][0] < before:
            self._bytes -= self._held.popleft()[1]
