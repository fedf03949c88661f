"""What the demo shows: who is simulated, where to look, and one live line."""

import logging
import os
import shlex
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Protocol, Self, TextIO
from urllib.parse import quote

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cli.demo.reports import Figures
from cli.demo.stopping import ask_to_stop

PLAIN_SECONDS: Final = 5.0
TROUBLE_CHARS: Final = 100


class Display(Protocol):
    """Shows lines that stay, and the newest figures; a context that ends the display."""

    def say(self, text: str) -> None:
        """Show something that stays."""

    def show(self, figures: Figures) -> None:
        """Show how it goes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._display.__exit__(kind, error, trace)


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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
        line = Text(line_of(figures), "bold", no_wrap=False, overflow="fold")
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
        for handler, before in self._handlers:
            handler.setStream(before)


def line_of(figures: Figures) -> str:
    """Return the live line.

    >>> line_of(Figures(events_rate=199.6, fresh_p50=8.2, fresh_p99=31.4, applied=120, lag_ms=9))
    '200 events/s | fresh in 8 ms (p50), 31 ms (p99) | 0 recommendations/s | 120 applied, lag 9 ms'
    """
    fresh = "fresh in -"
    if figures.fresh_p50 is not None and figures.fresh_p99 is not None:
        fresh = f"fresh in {figures.fresh_p50:.0f} ms (p50), {figures.fresh_p99:.0f} ms (p99)"
    lag = "unknown" if figures.lag_ms is None else f"{figures.lag_ms:,} ms"
    parts = [
        f"{figures.events_rate:,.0f} events/s",
        fresh,
        f"{figures.answers_rate:,.0f} recommendations/s",
        f"{figures.applied:,} applied, lag {lag}",
    ]
    if figures.online is not None:
        parts.append(f"{figures.online:,} online")
    if figures.troubles:
        parts.append(f"{figures.troubles:,} troubles, last: {figures.last_trouble[:TROUBLE_CHARS]}")
    return " | ".join(parts)


def welcome(url: str, people: str) -> str:
    """Return what is said once all of it serves; `people` says whose events they are."""
    return "\n".join(
        (
            "",
            f"  {people}",
            "",
            f"  API            {url}",
            f"  documentation  {url}/docs",
            f"  for operators  {url}/v1/stats  {url}/metrics",
            "  Ctrl-C stops all of it.",
            "",
        )
    )


def examples(url: str, user: str, item: str) -> str:
    """Return calls to try, about somebody whom the engine knows.

    >>> print(examples("http://127.0.0.1:8000", "ada 1", "oak-tray").splitlines()[1])
      curl -s 'http://127.0.0.1:8000/v1/users/ada%201/recommendations?n=5'
    """
    person, thing = quote(user, safe=""), quote(item, safe="")
    paths = (
        f"/v1/users/{person}/recommendations?n=5",
        f"/v1/users/{person}/profile",
        f"/v1/items/{thing}/similar",
        "/v1/trending",
        "/v1/segments",
    )
    calls = [f"  curl -s {shlex.quote(url + path)}" for path in paths]
    return "\n".join(("Try, in another terminal:", *calls, ""))


def summary(figures: Figures) -> str:
    """Return the last words.

    >>> print(summary(Figures(accepted=10, applied=9, duplicate=1, answers=3)))
    10 events accepted; the engine has applied 9, and found 1 duplicates; 3 recommendations given
    """
    text = f"{figures.accepted:,} events accepted"
    if figures.refused:
        text += f", {figures.refused:,} refused"
    text += f"; the engine has applied {figures.applied:,}"
    if figures.applied > figures.accepted:
        text += " in all"  # in a folder that was kept, or after the shoppers started again
    if figures.duplicate:
        text += f", and found {figures.duplicate:,} duplicates"
    if figures.others:
        text += f", and rejected or withheld {figures.others:,}"
    if not figures.settled:
        text += "; the last ones were still on their way"
    text += f"; {figures.answers:,} recommendations given"
    if figures.fresh_p50 is not None and figures.fresh_p99 is not None:
        text += (
            f"; in the last minute fresh in {figures.fresh_p50:.0f} ms (p50), "
            f"{figures.fresh_p99:.0f} ms (p99)"
        )
    return text
