"""Stop without losing the running epoch: a signal only asks, and the sources end by themselves.

The engine has no such stop: SIGTERM ends a process at once, SIGINT aborts without a snapshot.
So the handler sets a flag; every source looks at it in `next_batch`, idle ones too, and ends its
partitions. The engine then writes a last snapshot, and the next run resumes exactly there.
"""

import signal
import time
from collections.abc import Sequence
from types import FrameType
from typing import Final

STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
SLICE_S: Final = 0.02


class Drain:
    """Whether the dataflow is asked to stop. Shared by all sources and sinks of a process.

    It holds a plain flag and no lock: a lock that the interrupted thread holds would never be
    given back to a signal handler.

    >>> drain = Drain()
    >>> drain.install([signal.SIGTERM])
    >>> signal.raise_signal(signal.SIGTERM)
    >>> drain.asked
    True
    >>> _ = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    """

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Ask all sources to end."""
        self.asked = True

    def install(self, signals: Sequence[signal.Signals] = STOPPING) -> None:
        """Let signals ask, whatever they did before; a repeated one changes nothing.

        Call it from the main thread (`signal.signal` raises `ValueError` elsewhere).
        """
        for number in signals:
            signal.signal(number, self._on_signal)

    def wait(self, seconds: float) -> bool:
        """Sleep, but not longer than until asked; return whether it was. For blocking retries."""
        until = time.monotonic() + seconds
        while not self.asked and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, SLICE_S))
        return self.asked

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
