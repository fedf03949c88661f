"""Where the demo shows what it says: a terminal with one live line, or plain lines."""

import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Final, Protocol, Self, TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.demo.reports import Figures
from cli.demo.stopping import ask_to_stop
from cli.demo.wording import line_of

PLAIN_SECONDS: Final = 5.0


class Display(Protocol):
    """Shows lines that stay, and the newest figures; a context that ends the display."""

    def say(self, text: str) -> None:
        """Show something that stays."""

    def show(self, figures: Figures) -> None:
        """Show how it goes."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def display_on(stream: TextIO) -> Display:
    """Return the display that suits the stream."""
    return Guarded(LiveLine(stream) if stream.isatty() else PlainLines(stream), stream)


class Guarded:
    """A display that may lose its reader, as `headrace demo | head` does: then we are to stop."""

    def __init__(self, display: Display, stream: TextIO) -> None:
        self._display = display
        self._stream = stream
        self._lost = False

    def say(self, text: str) -> None:
        """Show something that stays, if anybody is there."""
        self._try(lambda: self._display.say(text))

    def show(self, figures: Figures) -> None:
        """Show how it goes, if anybody is there."""
        self._try(lambda: self._display.show(figures))

    def _try(self, action: Callable[[], None]) -> None:
        if self._lost:
            return
        try:
            action()
        except OSError:
            self._lost = True
            # What is left in the stream's buffer would fail again at our end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            ask_to_stop()

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._display.__exit__(*_)


class PlainLines:
    """A line every five seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._next = 0.0

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)

    def show(self, figures: Figures) -> None:
        """Print the figures, unless they were printed a moment ago."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + PLAIN_SECONDS
            self.say(line_of(figures))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left on the screen."""


class LiveLine:
    """One line at the bottom that is written over; what is said, logs too, goes above it."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._live = Live(console=self._console, auto_refresh=False)
        self._handlers: list[tuple[logging.StreamHandler[TextIO], TextIO]] = []

    def say(self, text: str) -> None:
        """Print a line above the live one."""
        self._console.print(text, markup=False)

    def show(self, figures: Figures) -> None:
        """Write the figures over the last ones."""
        line = Text(line_of(figures), "bold", no_wrap=True, overflow="ellipsis")
        self._live.update(line, refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        # The live display stands in for stderr, which log handlers took hold of earlier.
        for handler in logging.getLogger("headrace").handlers:
            if isinstance(handler, logging.StreamHandler) and not isinstance(
                handler, logging.FileHandler
            ):
                self._handlers.append((handler, handler.setStream(sys.stderr) or sys.stderr))
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        for handler, before in self._handlers:
            handler.setStream(before)
