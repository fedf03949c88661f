"""Read a sample, or lines of a format, for tests."""

from pathlib import Path
from typing import Any

import msgspec

from contracts.events import Event
from flows.importers import Report, read
from tests.flows.importers.samples import lay_out, write


def fields(event: Event, *but: str) -> dict[str, Any]:
    """The fields that are set, without those that every event of a format has."""
    tree: dict[str, Any] = msgspec.to_builtins(event)
    return {name: value for name, value in tree.items() if name not in ("source", *but)}


def sample(name: str, folder: Path) -> list[Event]:
    return list(read(name, lay_out(folder, name)))


def skipped(name: str, file: Path, text: str | bytes) -> Report:
    report = Report()
    list(read(name, write(file, text), report))
    return report
