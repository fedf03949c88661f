"""How far an import is: a bar on a terminal, a plain line now and then elsewhere."""

import time
from pathlib import Path
from typing import Final, Protocol, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

EVERY_SECONDS: Final = 10.0


class Progress(Protocol):
    """Told of bytes read and of events written; a context that ends the display."""

    def read(self, file: Path, position: int, size: int) -> None:
        """Take note of how many bytes of a file are read."""

    def write(self, done: int, total: int) -> None:
        """Take note of how many events are written."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def progress_on(stream: TextIO) -> Progress:
    """Return the display that suits the stream."""
    return Bar(stream) if stream.isatty() else PlainLines(stream)


class PlainLines:
    """One line every ten seconds, so that short imports print none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last = time.monotonic()

    def read(self, file: Path, position: int, size: int) -> None:
        """Say how much of a file is read."""
        self._say("reading", file.name, position, size)

    def write(self, done: int, total: int) -> None:
        """Say how many events are written."""
        self._say("writing", "events", done, total)

    def _say(self, verb: str, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._last >= EVERY_SECONDS:
            self._last = now
            print(f"{verb} {what}: {100 * done // max(total, 1)} %", file=self._stream, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left on the screen."""


class Bar:
    """A bar for each file that is read, and one for writing."""

    def __init__(self, stream: TextIO) -> None:
        self._bars = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(file=stream),
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}

    def read(self, file: Path, position: int, size: int) -> None:
        """Move the bar of a file."""
        self._move(f"reading {file.name}", position, size)

    def write(self, done: int, total: int) -> None:
        """Move the bar of writing."""
        self._move("writing events", done, total)

    def _move(self, name: str, done: int, total: int) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=max(total, 1))
        self._bars.update(self._tasks[name], completed=done, total=max(total, 1))

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
