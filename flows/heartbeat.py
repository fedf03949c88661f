"""How far the process has read, told to the store several times a second, also when idle.

The API computes how fresh its answers are from it. It is no part of the state: a heartbeat that
cannot be written is left out, the next one says more.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Self

from contracts.codec import dump_json
from contracts.keys import Keys
from flows.progress import Progress
from storage.errors import StoreError
from storage.views import ViewWriter
from storage.writes import SetView, Write

EVERY_SECONDS: Final = 0.2
LIFETIME_MS: Final = 3_600_000

logger = logging.getLogger(__name__)


class Heartbeat:
    """A thread that publishes `Progress`; a context manager.

    `open_views` opens a connection of its own: the sinks' is the worker's.
    """

    def __init__(
        self, open_views: Callable[[], ViewWriter], namespace: str, progress: Progress
    ) -> None:
        self._open = open_views
        self._keys = Keys(namespace)
        self._progress = progress
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=5)

    def beats(self, now_ms: int) -> list[Write]:
        """Return the progress of all partitions as views, as of `now_ms`."""
        return [
            SetView(
                self._keys.progress(name),
                dump_json(
                    {
                        "part": name,
                        "offset": part.position,
                        "received": part.received,
                        "written": now_ms,
                        "lag": part.lag,
                    }
                ),
                LIFETIME_MS,
            )
            for name, part in sorted(self._progress.parts().items())
        ]

    def _run(self) -> None:
        views = self._open()
        while not self._stop.wait(EVERY_SECONDS):
            beats = self.beats(time.time_ns() // 1_000_000)
            if not beats:
                continue
            try:
                views.write(beats)
            except StoreError as error:
                logger.debug("no heartbeat: %s", error)
