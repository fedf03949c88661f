"""How far a replay is: a line that moves on a terminal, a plain one now and then elsewhere."""

import time
from datetime import UTC, datetime
from typing import Final, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from contracts.wording import counted

EVERY_SECONDS: Final = 10.0


class ReplayProgress(Protocol):
    """Told of the records read and of where the recording's clock stands."""

    def read(self, records: int, clock_ms: int) -> None:
        """Take note."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def progress_on(stream: TextIO) -> ReplayProgress:
    """Return the display that suits the stream."""
    return Moving(stream) if stream.isatty() else Plain(stream)


def told(records: int, clock_ms: int) -> str:
    """Return the progress in words.

    >>> told(1500, 1511544070000)
    '1,500 records, 2017-11-24 17:21 in the recording'
    """
    clock = datetime.fromtimestamp(clock_ms / 1000, UTC)
    return f"{counted(records, 'record')}, {clock:%Y-%m-%d %H:%M} in the recording"


class Plain:
    """One line every ten seconds, so that short replays print none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = time.monotonic() + EVERY_SECONDS

    def read(self, records: int, clock_ms: int) -> None:
        """Print a line if it is time to."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY_SECONDS
            print(f"replaying: {told(records, clock_ms)}", file=self._stream, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class Moving:
    """One line that is written over."""

    def __init__(self, stream: TextIO) -> None:
        self._bar = RichProgress(
            SpinnerColumn(),
            TextColumn("replaying: {task.description}"),
            TimeElapsedColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None)

    def read(self, records: int, clock_ms: int) -> None:
        """Move the line."""
        self._bar.update(self._task, description=told(records, clock_ms))

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
