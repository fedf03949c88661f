"""How far the process has read, told to the store several times a second, also when idle.

The API computes how fresh its answers are from it. It is no part of the state: a heartbeat that
cannot be written is left out, the next one says more.
"""

import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Final, Self

from contracts.codec import dump_json, encode_json
from contracts.keys import Keys
from flows.progress import Progress
from flows.topics import RETENTION_MS
from flows.vitals import Vitals
from storage.errors import StoreError
from storage.views import ViewWriter
from storage.writes import SetView, Write

EVERY_SECONDS: Final = 0.2
LOOK_EVERY: Final = 5
"""Heartbeats between two looks at recovery."""
LIFETIME_MS: Final = RETENTION_MS
"""As long as the log keeps what a flow that died has not read: for so long its lag is told."""
WORKER_LIFETIME_MS: Final = 60_000

logger = logging.getLogger(__name__)


class Heartbeat:
    """A thread that publishes `Progress` and `Vitals`; a context manager.

    `open_views` opens a connection of its own: the sinks' is the worker's.
    """

    def __init__(
        self,
        open_views: Callable[[], ViewWriter],
        namespace: str,
        progress: Progress,
        vitals: Vitals,
    ) -> None:
        self._open = open_views
        self._keys = Keys(namespace)
        self._progress = progress
        self._vitals = vitals
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
                        "vouched": self._progress.vouched(name),
                    }
                ),
                LIFETIME_MS,
            )
            for name, part in sorted(self._progress.parts().items())
        ]

    def vitals(self, now_ms: int) -> list[Write]:
        """Return how this process is, and when an epoch was kept, as views."""
        worker = self._vitals.worker(now_ms, list(self._progress.parts()))
        key = self._keys.worker(worker.worker)
        writes: list[Write] = [SetView(key, encode_json(worker), WORKER_LIFETIME_MS)]
        checkpoint = self._vitals.checkpoint(now_ms)
        if checkpoint is not None:
            writes.append(SetView(self._keys.checkpoint(), encode_json(checkpoint), LIFETIME_MS))
        return writes

    def _run(self) -> None:
        views = self._open()
        for turn in itertools.count():
            if self._stop.wait(EVERY_SECONDS):
                return
            now_ms = time.time_ns() // 1_000_000
            beats = self.beats(now_ms)
            if turn % LOOK_EVERY == 0:
                beats += self.vitals(now_ms)
            if not beats:
                continue
            try:
                views.write(beats)
            except StoreError as error:
                logger.debug("no heartbeat: %s", error)
