"""Lines that no event can be made of, kept for those who account for every line.

>>> line = BadLine("clicks.csv:", 7, b"1;2", "wrong number of columns", "1 column: '1;2'")
>>> line.reject_reason, line.text
('malformed', "wrong number of columns: 1 column: '1;2'")
>>> unpack(pack(3, line)[1]) == line
True
"""

from typing import Any, Final, get_args

import msgspec
from msgspec import Struct

from contracts.rejects import RejectReason
from flows.importers.sorting import Record

DETAIL_CHARS: Final = 200
MARK: Final = ord("[")
"""What the JSON of a bad line starts with, and that of an event does not."""

_KNOWN: Final[dict[str, RejectReason]] = {
    **{reason.replace("_", " "): reason for reason in get_args(RejectReason)},
    "wrong number of columns": "malformed",
    "bad quoting": "malformed",
    "not UTF-8": "malformed",
    "not JSON": "malformed",
    "too long": "too_large",
}


class BadLine(Struct, array_like=True, frozen=True):
    """A line of a data set as it lies there, and why it was not read.

    `place` and `number` are the two parts of FILE:LINE, `raw` its bytes without the line's end,
    `reason` the importer's own word for the fault.
    """

    place: str
    number: int
    raw: bytes
    reason: str
    detail: str

    @property
    def reject_reason(self) -> RejectReason:
        """The fault as the flow counts it: a line that can be split has an invalid field."""
        return _KNOWN.get(self.reason, "invalid")

    @property
    def text(self) -> str:
        """The fault for people."""
        return f"{self.reason}: {self.detail[:DETAIL_CHARS]}"


def raw_of(line: Any) -> bytes:
    """Return a line's bytes without its end; of a row that never was a line, its values."""
    return line.rstrip(b"\r\n") if isinstance(line, bytes) else repr(line).encode()


def pack(key: int, line: BadLine) -> Record:
    """Return the record that sorts under `key`, among those of events."""
    return key, msgspec.json.encode(line)


def unpack(raw: bytes) -> BadLine:
    """Return what was packed."""
    return msgspec.json.decode(raw, type=BadLine)
