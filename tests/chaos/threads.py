"""Threads that work for as long as a context lasts."""

import threading
from collections.abc import Callable
from typing import Self


class Threads:
    """Runs each piece of `work` in a thread of its own; each is to end once `_stop` is set."""

    def __init__(self, *work: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=one) for one in work]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
