"""What a view can be told to become; each record is small, tagged and packs as an array.

>>> import msgspec
>>> batch = [SetView("v:live:shop:profile:ada", b"packed", 90_000), DeleteView("v:x")]
>>> raw = msgspec.msgpack.encode(batch)
>>> msgspec.msgpack.decode(raw, type=list[Write]) == batch
True
"""

from typing import Final

from msgspec import Struct

CATALOG_LOG_LENGTH: Final = 100_000
"""Entries that the log of a site's catalogue keeps, about."""


class SetView(Struct, frozen=True, array_like=True, gc=False, tag="set"):
    """Make `key` hold `value`, for `ttl_ms` from now, or for good."""

    key: str
    value: bytes
    ttl_ms: int | None = None


class DeleteView(Struct, frozen=True, array_like=True, gc=False, tag="delete"):
    """Make `key` hold nothing, whatever it held."""

    key: str


class SetFields(Struct, frozen=True, array_like=True, tag="fields"):
    """Set some fields of a hash; its other fields stay."""

    key: str
    fields: dict[str, bytes]


class Append(Struct, frozen=True, array_like=True, tag="append"):
    """Add one entry to a stream that keeps about its last `max_len`. Not idempotent."""

    key: str
    fields: dict[str, bytes]
    max_len: int


class AddMembers(Struct, frozen=True, array_like=True, tag="members"):
    """Add members to a set."""

    key: str
    members: list[str]


Write = SetView | DeleteView | SetFields | Append | AddMembers
