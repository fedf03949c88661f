"""Lines to cells: splitting, quoting, headers. One bad line never takes its neighbours along."""

import csv
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Final

from contracts.wording import counted
from flows.importers.errors import BadLineError, WrongFormatError
from flows.importers.report import Progress
from flows.importers.source import MAX_LINE, lines

MAX_RECORD_LINES: Final = 2_000
MAX_RECORD_BYTES: Final = 4 << 20
DIGITS: Final = frozenset(b"0123456789")

NumberedLine = tuple[int, bytes]
Split = Callable[[bytes], Sequence[str]]


def text_of(line: bytes, encoding: str = "utf-8") -> str:
    """Return a line as text without its end; raise `BadLineError`.

    UTF-8 comes first. Another `encoding` is what files from before UTF-8 fall back on.
    """
    if len(line) == MAX_LINE and line[-1:] != b"\n":
        raise BadLineError("too long", f"more than {MAX_LINE:,} bytes")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise BadLineError("not UTF-8", f"byte {error.start + 1}: {error.reason}") from None
        text = line.decode(encoding, "replace")
    return text.rstrip("\r\n")


class Splitter:
    """Splits a line into cells at `sep`; raises `BadLineError`.

    A line has `least` to `most` cells, and is filled up to `most` with empty ones. Double quotes
    are understood unless `quoted` is false.

    >>> Splitter(",", 3)(b'1,"Paris, France",7\\n')
    ['1', 'Paris, France', '7']
    """

    def __init__(
        self,
        sep: str,
        most: int,
        least: int | None = None,
        *,
        quoted: bool = True,
        encoding: str = "utf-8",
    ) -> None:
        self._sep = sep
        self._most = most
        self._least = most if least is None else least
        self._quoted = quoted
        self._encoding = encoding

    def __call__(self, line: bytes) -> list[str]:
        """Return the cells of one record."""
        text = text_of(line, self._encoding)
        cells = _cells(text, self._sep) if self._quoted else text.split(self._sep)
        found = len(cells)
        if found != self._most:
            if not self._least <= found <= self._most:
                raise BadLineError(
                    "wrong number of columns", f"{counted(found, 'column')}: {text[:80]!r}"
                )
            cells += [""] * (self._most - found)
        return cells


def _cells(text: str, sep: str) -> list[str]:
    if '"' not in text:
        return text.split(sep)
    try:
        records = list(csv.reader(text.splitlines(keepends=True), delimiter=sep, strict=True))
    except csv.Error as error:
        raise BadLineError("bad quoting", f"{error}: {text[:80]!r}") from None
    if len(records) != 1:
        raise BadLineError("bad quoting", f"not one record: {text[:80]!r}")
    return records[0]


def joined(numbered: Iterable[NumberedLine], split: Split) -> Iterator[NumberedLine]:
    """Join lines whose quotes do not balance into records, numbered by their first line.

    A quote that nothing closes within `MAX_RECORD_LINES`, or that is closed where no record
    ends, spoils its own line only.
    """
    rest = iter(numbered)
    ahead: deque[NumberedLine] = deque()
    while (first := ahead.popleft() if ahead else next(rest, None)) is not None:
        number, line = first
        if line.count(b'"') % 2:
            line = _until_balanced(line, ahead, rest, split)
        yield number, line


def _until_balanced(
    line: bytes, ahead: deque[NumberedLine], rest: Iterator[NumberedLine], split: Split
) -> bytes:
    """Return the whole record, taken from `ahead` and `rest`; the line alone if it has no end."""
    taken: list[NumberedLine] = []
    size = len(line)
    while len(taken) < MAX_RECORD_LINES and size < MAX_RECORD_BYTES:
        following = ahead.popleft() if ahead else next(rest, None)
        if following is None:
            break
        taken.append(following)
        size += len(following[1])
        if following[1].count(b'"') % 2:
            record = line + b"".join(part for _, part in taken)
            if _splits(record, split):
                return record
            break
    ahead.extendleft(reversed(taken))
    return line


def _splits(record: bytes, split: Split) -> bool:
    try:
        split(record)
    except BadLineError:
        return False
    return True


def with_header(
    file: Path,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    *,
    sep: str = ",",
    encoding: str = "utf-8",
    multiline: bool = False,
    progress: Progress | None = None,
) -> tuple[Iterator[NumberedLine], Split]:
    """Return the data lines of a file with a header, and how to split one into the named cells.

    The cells come in the order `columns`, then `optional`, wherever the file has them; a column
    that is missing from `optional` gives empty cells. Raises `WrongFormatError` for others. A
    column that goes by several names is written `InvoiceNo|Invoice`; case does not count. With
    `multiline` a quoted cell may hold line breaks.
    """
    body = lines(file, progress)
    _, head = next(body, (0, b""))
    names = _names(file, head, sep)
    places = [_place(name, names) for name in (*columns, *optional)]
    missing = [name for name, at in zip(columns, places, strict=False) if at == len(names)]
    if missing:
        raise WrongFormatError(
            f"{file}: expected a header with {sep.join(columns)!r}; it lacks "
            f"{', '.join(missing)}; found {_shown(head)}"
        )
    splitter = Splitter(sep, len(names), encoding=encoding)
    if multiline:
        csv.field_size_limit(MAX_RECORD_BYTES)
        body = joined(body, splitter)
    return body, _picked(splitter, places, len(names))


def _names(file: Path, head: bytes, sep: str) -> list[str]:
    try:
        return [name.strip().lower() for name in _cells(text_of(head), sep)]
    except BadLineError as error:
        raise WrongFormatError(f"{file}: expected a header; line 1 is bad: {error}") from None


def _shown(line: bytes) -> str:
    return repr(line[:120].decode("utf-8", "replace").rstrip("\r\n"))


def _place(name: str, names: list[str]) -> int:
    """Return where the column is, by any of its names; the number of columns if nowhere."""
    known = (alias for alias in name.lower().split("|") if alias in names)
    return next(map(names.index, known), len(names))


def _picked(splitter: Splitter, places: list[int], width: int) -> Split:
    if places == list(range(width)):
        return splitter
    pick = itemgetter(*places, width)  # the last one keeps a single column a tuple
    return lambda line: pick([*splitter(line), ""])[:-1]


def without_header(
    file: Path, sep: str, progress: Progress | None = None
) -> Iterator[NumberedLine]:
    """Return the data lines of a file that officially has no header.

    A first line of several cells with no digit in it is a header that somebody added.
    """
    body = lines(file, progress)
    first = next(body, None)
    if first is None:
        return body
    is_header = sep.encode() in first[1] and DIGITS.isdisjoint(first[1])
    return body if is_header else chain([first], body)
