"""Finding and opening the files of a data set: a path to one of them, or to their folder."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import IO, Final

from flows.importers.errors import ImporterError, NoFilesError
from flows.importers.report import Progress

MAX_LINE: Final = 1 << 20
MAX_DEPTH: Final = 3
PROGRESS_LINES: Final = 8192
GZIP_MAGIC: Final = b"\x1f\x8b"
BOM: Final = b"\xef\xbb\xbf"
OTHER_ARCHIVES: Final = {
    b"PK\x03\x04": "a ZIP archive (or an Excel workbook)",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\x00": "compressed with xz",
}


@dataclass(frozen=True)
class Source:
    """Where a data set lies: a file, whose folder may hold its companions, or a folder."""

    path: Path

    @property
    def is_folder(self) -> bool:
        """Whether a folder was named, so that the files are found by their official names."""
        return self.path.is_dir()

    def find(self, *patterns: str) -> list[Path]:
        """Return the files that bear one of the names, in the order of the names; maybe none.

        Names are compared without regard to case, may hold `*`, and match their `.gz` form.
        Where a file was named, its own folder is searched; else the folder, then its
        sub-folders if it holds none, down to `MAX_DEPTH` levels.
        """
        if not self.is_folder:
            return _matches(self.path.parent.glob("*"), patterns)
        found: list[Path] = []
        for depth in range(1, MAX_DEPTH + 1):
            found = found or _matches(self.path.glob("/".join("*" * depth)), patterns)
        return found

    def main(self, *patterns: str) -> list[Path]:
        """Return the named file itself, or the folder's files of these names; raise if none."""
        if not self.is_folder:
            return [self.path]
        found = self.find(*patterns)
        if not found:
            there = sorted(entry.name for entry in self.path.glob("*"))
            listed = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
            raise NoFilesError(
                f"{self.path}: the folder holds no {' or '.join(patterns)}; "
                f"it holds {listed or 'nothing'}"
            )
        return found

    def one(self, *patterns: str) -> Path:
        """Return the named file itself, or the one file of the first name that the folder has.

        Raises `ImporterError` when there is none, and when it is unclear which one is meant.
        """
        found = self.main(*patterns)
        best = next(filter(None, (_matches(iter(found), (name,)) for name in patterns)), found)
        if len(best) > 1:
            listed = ", ".join(str(file.relative_to(self.path)) for file in best[:8])
            raise ImporterError(f"{self.path}: the folder holds several: {listed}; name one")
        return best[0]


def _matches(entries: Iterator[Path], patterns: tuple[str, ...]) -> list[Path]:
    files = sorted(entry for entry in entries if entry.is_file())
    found = (
        file
        for pattern in patterns
        for file in files
        if fnmatch(file.name.lower().removesuffix(".gz"), pattern.lower())
    )
    return list(dict.fromkeys(found))


def lines(file: Path, progress: Progress | None = None) -> Iterator[tuple[int, bytes]]:
    """Yield line numbers from 1 and lines with their ends. Unpacks gzip, whatever the name.

    A line over `MAX_LINE` bytes is yielded cut and without an end, so memory stays bounded.
    """
    number = 0
    try:
        with file.open("rb") as raw:
            size = file.stat().st_size
            stream = _unpacked(raw, file)
            while line := stream.readline(MAX_LINE):
                number += 1
                if number == 1:
                    line = line.removeprefix(BOM)
                if progress is not None and not number % PROGRESS_LINES:
                    progress(file, raw.tell(), size)
                yield number, line
                while len(line) == MAX_LINE and line[-1:] != b"\n":
                    line = stream.readline(MAX_LINE)  # the rest of an endless line is passed over
    except (OSError, EOFError, zlib.error) as error:
        where = f"after line {number}" if number else "at its start"
        raise ImporterError(f"{file}: cannot be read {where}: {error}") from None
    if progress is not None:
        progress(file, size, size)


def _unpacked(raw: IO[bytes], file: Path) -> IO[bytes]:
    magic = raw.read(6)
    raw.seek(0)
    for start, what in OTHER_ARCHIVES.items():
        if magic.startswith(start):
            raise ImporterError(f"{file}: is {what}; unpack it, then name the file inside")
    if magic.startswith(GZIP_MAGIC):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]  # has all that is used
    return raw
