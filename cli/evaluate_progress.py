"""How far `headrace evaluate` is: a bar on a terminal, a line a model where there is none."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[str, float], None]


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Tell]:
    """Give what is told who is at work, and the share of it that is done."""
    console = Console(file=stream)
    if not console.is_terminal:
        yield _Lines(stream).tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bars:
        task = bars.add_task("reading", total=1.0)
        yield lambda name, share: bars.update(task, description=name, completed=share)


class _Lines:
    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._name = ""

    def tell(self, name: str, share: float) -> None:
        if name != self._name:
            self._name = name
            print(f"evaluating {name}", file=self._stream, flush=True)
