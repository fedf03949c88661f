"""One thing for each worker thread of a process.

`threading.local` does not do it: workers of a cluster are threads of the engine, which enters
Python anew for each call, and what a call left in a `threading.local` is gone at the next one.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerThread(Generic[T]):
    """Makes a thing at a thread's first `get`, and returns it at the later ones.

    >>> files = PerThread(list)
    >>> files.get() is files.get()
    True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}

    def get(self) -> T:
        """Return the calling thread's own."""
        thread = threading.get_ident()
        made = self._made.get(thread)
        if made is None:
            made = self._made[thread] = self._make()
        return made
