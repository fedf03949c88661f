"""A file that a command writes its figures to at its end: looked at before the work is done."""

import os
from pathlib import Path
from typing import Final

from cli.errors import CommandError, WrongUseError

STDOUT: Final = Path("-")


def check_output(file: Path | None) -> None:
    """Refuse a file that could not be written in the end; `None` and `-` (stdout) are fine."""
    if file is None or file == STDOUT:
        return
    if file.is_dir() or not file.parent.is_dir():
        raise WrongUseError(f"{file}: expected a file in a folder that exists")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise WrongUseError(f"{file}: cannot be written: you have no permission to")


def write_output(file: Path, text: str) -> None:
    """Write the text; raise `CommandError`."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{file}: cannot be written: {error}") from error
