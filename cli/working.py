"""That something takes its time: a line with the seconds on a terminal, plain ones elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

EVERY_SECONDS: Final = 10.0


@contextmanager
def working(what: str, stream: TextIO | None = None) -> Iterator[None]:
    """Say on `stream`, else stderr, that this is being done, for as long as the context lasts.

    Elsewhere than on a terminal there is a line each ten seconds, so that what is short says
    nothing.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        with _plain(what, stream):
            yield
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream), transient=True) as bar:
        bar.add_task(what, total=None)
        yield


@contextmanager
def _plain(what: str, stream: TextIO) -> Iterator[None]:
    begun, done = time.monotonic(), threading.Event()

    def say() -> None:
        while not done.wait(EVERY_SECONDS):
            print(f"{what}: {time.monotonic() - begun:.0f} s so far", file=stream, flush=True)

    thread = threading.Thread(target=say, name="working", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
