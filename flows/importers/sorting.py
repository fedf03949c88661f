"""Putting more records in order than memory holds: sorted runs on disk, merged.

>>> list(in_order([(3, b"c"), (1, b"a"), (1, b"b")]))
[(1, b'a'), (1, b'b'), (3, b'c')]
"""

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from flows.importers.errors import ImporterError

MEMORY: Final = 256 << 20
OVERHEAD: Final = 130
"""Bytes that Python spends on one held record beside its own bytes (measured)."""
FAN_IN: Final = 64

Record = tuple[int, bytes]
_key = itemgetter(0)


def in_order(records: Iterable[Record], memory: int = MEMORY) -> Iterator[Record]:
    """Yield `(key, bytes)` by key; equal keys keep their order. The bytes hold no line break.

    Holds at most `memory` bytes of records (roughly), and spills the rest to a temporary folder,
    which takes as much disk as the records have bytes. Raises `ImporterError` when it is full.
    """
    with ExitStack() as stack:
        runs: list[Path] = []
        held: list[Record] = []
        size = 0
        for record in records:
            held.append(record)
            size += len(record[1]) + OVERHEAD
            if size >= memory:
                if not runs:
                    folder = Path(stack.enter_context(TemporaryDirectory(prefix="headrace-")))
                held.sort(key=_key)
                runs = _spilled(runs, held, folder)
                held, size = [], 0
        held.sort(key=_key)
        yield from heapq.merge(*map(_run, runs), held, key=_key) if runs else held


def _spilled(runs: list[Path], held: list[Record], folder: Path) -> list[Path]:
    """Write a run; when there are many, merge them into one, so that few files are open."""
    runs = [*runs, _write(held, folder, len(list(folder.iterdir())))]
    if len(runs) < FAN_IN:
        return runs
    merged = folder / "merged"
    _write_to(heapq.merge(*map(_run, runs), key=_key), merged)
    for run in runs:
        run.unlink()
    return [merged.replace(folder / "run-0")]


def _write(held: Iterable[Record], folder: Path, number: int) -> Path:
    return _write_to(held, folder / f"run-{number}")


def _write_to(records: Iterable[Record], path: Path) -> Path:
    try:
        with path.open("wb") as file:
            file.writelines(b"%d %b\n" % record for record in records)
    except OSError as error:
        raise ImporterError(
            f"{path.parent}: cannot sort there: {error}; name a folder with more room in TMPDIR"
        ) from None
    return path


def _run(path: Path) -> Iterator[Record]:
    with path.open("rb") as file:
        for line in file:
            key, _, value = line.partition(b" ")
            yield int(key), value[:-1]
