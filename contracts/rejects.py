"""An event that was refused: its bytes as they came, where from, and why in words."""

import base64
from typing import Final, Literal

from msgspec import Struct

REJECT_VERSION: Final = 1

RejectReason = Literal[
    "malformed",
    "invalid",
    "no_subject",
    "reserved_id",
    "too_large",
    "too_deep",
    "bad_time",
    "newer_version",
]
"""Not JSON; a field is wrong; neither user nor device; an id in our own namespace; over the
size or depth limit; a time no clock can mean; written by a newer Headrace than this one."""

WithheldReason = Literal["no_consent", "erased"]
"""Accepted, and by a person's own wish neither profiled nor learnt from: without consent, or of
somebody who was erased."""


class Rejected(Struct, kw_only=True, omit_defaults=True):
    """One record of the topic `events.rejected`.

    `raw` is the base64 of the bytes as received, since they need not be text. `origin` is
    `TOPIC/PARTITION/OFFSET`, `FILE:LINE`, or `http:ROUTE[INDEX]`.
    """

    reason: RejectReason
    detail: str
    origin: str
    raw: str
    received: int = 0
    site: str | None = None
    v: int = REJECT_VERSION


def rejected(
    reason: RejectReason,
    detail: str,
    origin: str,
    raw: bytes,
    received: int = 0,
    site: str | None = None,
) -> Rejected:
    """Make the record of one refused event.

    >>> record = rejected("malformed", "not JSON", "events.click/0/7", b"{")
    >>> raw_bytes(record)
    b'{'
    """
    return Rejected(
        reason=reason,
        detail=detail,
        origin=origin,
        received=received,
        site=site,
        raw=base64.b64encode(raw).decode("ascii"),
    )


def raw_bytes(record: Rejected) -> bytes:
    """Return the refused bytes exactly as they were received."""
    return base64.b64decode(record.raw)
