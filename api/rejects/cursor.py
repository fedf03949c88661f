"""Where a list of refused events goes on: as text that a caller hands back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from api.serve import asking

MAX_CHARS: Final = 4_096


class Cursor(Struct, frozen=True, array_like=True):
    """`ends` are the offsets to look before, by partition, none for the newest records.

    `begins` are those to look from, none for as many as are read at once. `after` is the place of
    the last record that was answered, where not all of these were.

    >>> Cursor.of(Cursor({2: 17}, {2: 3}, (1_795_000_000_000, 2, 7)).text)
    Cursor(ends={2: 17}, begins={2: 3}, after=(1795000000000, 2, 7))
    """

    ends: Mapping[int, int] | None = None
    begins: Mapping[int, int] | None = None
    after: tuple[int, int, int] | None = None

    @property
    def text(self) -> str:
        """The cursor for a query."""
        return urlsafe_b64encode(msgspec.json.encode(self)).rstrip(b"=").decode()

    @classmethod
    def of(cls, text: str | None) -> "Cursor":
        """Return what a query says, the beginning if it says nothing; raise a 400."""
        if text is None:
            return cls()
        try:
            raw = urlsafe_b64decode(text[:MAX_CHARS].encode() + b"===")
            return msgspec.json.decode(raw, type=cls)
        except (ValueError, msgspec.MsgspecError):
            raise asking.bad("cursor", "expected the `next` of an answer before") from None
