"""Writing an import's lines: whole files only, packed on demand, or to standard output."""

import gzip
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

from cli.errors import CommandError

STDOUT: Final = Path("-")
GZIP_LEVEL: Final = 5


def written(path: Path, lines: Iterable[bytes]) -> None:
    """Write lines to a file; it appears under its name only once it is complete.

    A name that ends in `.gz` is packed; `-` is standard output; pipes and devices are written to
    directly. Raises `CommandError` when it cannot be written.
    """
    if path == STDOUT:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
        return
    direct = path.exists() and not path.is_file()
    part = path if direct else path.with_name(f"{path.name}.part")
    done = False
    try:
        with part.open("wb", buffering=1 << 20) as file:
            if path.suffix == ".gz":
                _pack(file, lines)
            else:
                file.writelines(lines)
        if not direct:
            os.replace(part, path)
        done = True
    except OSError as error:
        raise CommandError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if not done and not direct:
            part.unlink(missing_ok=True)


def _pack(file: IO[bytes], lines: Iterable[bytes]) -> None:
    # Without name and time, so that the same events make the same file.
    with gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0) as packed:
        packed.writelines(lines)
