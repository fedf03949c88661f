"""Keys of the HTTP service: who they belong to, what they open, and how they are kept.

A key reads `hrw_ID_SECRET` (a write key) or `hrs_ID_SECRET` (a secret one). The secret part has
256 bits of chance, so that one plain hash of it is enough to keep: there is nothing to guess.

>>> key, text = new_key("shop", "write", ("events:write",), now=0)
>>> id_of(text) == key.id, key.is_(text), key.is_(text + "x")
(True, True, False)
"""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Final, Literal, get_args

from msgspec import Struct

KeyScope = Literal[
    "events:write",
    "recs:read",
    "decide",
    "profile:read",
    "triggers:read",
    "feedback:write",
    "catalog:write",
    "campaigns:write",
    "admin",
]
KEY_SCOPES: Final[tuple[str, ...]] = get_args(KeyScope)

KeyKind = Literal["write", "secret"]

WRITE_SCOPES: Final[tuple[KeyScope, ...]] = ("events:write", "recs:read")
"""What any write key opens: pages post events and show recommendations."""

SECRET_SCOPES: Final[tuple[KeyScope, ...]] = (
    *WRITE_SCOPES,
    "decide",
    "profile:read",
    "triggers:read",
    "feedback:write",
    "catalog:write",
)
"""What the secret key of the settings opens, and a new one if it is not told otherwise."""

_MARKS: Final[Mapping[KeyKind, str]] = {"write": "hrw", "secret": "hrs"}
_ours: Final = re.compile(r"hr[ws]_([0-9a-f]{12})_[A-Za-z0-9_-]{43}").fullmatch


class ApiKey(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key as it is kept: all but the key itself. Times are epoch ms.

    `origins` are those of the pages that may use it, such as `https://shop.example`; a key that
    has any stands in pages, where everybody can read it (`public`).
    """

    id: str
    site: str
    kind: KeyKind
    digest: str
    created: int
    scopes: tuple[str, ...]
    origins: tuple[str, ...] = ()
    name: str = ""
    revoked: int | None = None

    @property
    def public(self) -> bool:
        """Whether it is bound to pages."""
        return bool(self.origins)

    def is_(self, text: str) -> bool:
        """Say whether `text` is this key, in a time that does not depend on it."""
        return hmac.compare_digest(self.digest, digest_of(text))


def new_key(
    site: str,
    kind: KeyKind,
    scopes: tuple[str, ...],
    origins: tuple[str, ...] = (),
    name: str = "",
    *,
    now: int,
) -> tuple[ApiKey, str]:
    """Return a new key, and its text, which is nowhere else."""
    id_ = token_hex(6)
    text = f"{_MARKS[kind]}_{id_}_{token_urlsafe(32)}"
    key = ApiKey(
        id=id_,
        site=site,
        kind=kind,
        digest=digest_of(text),
        created=now,
        scopes=scopes,
        origins=origins,
        name=name,
    )
    return key, text


def digest_of(text: str) -> str:
    """Return what is kept of a key."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def id_of(text: str) -> str | None:
    """Return the id in the text of a key that was made here; `None` if it was not.

    >>> id_of("any-other-key")
    """
    found = _ours(text)
    return found[1] if found else None
