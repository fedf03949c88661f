"""An erasure: a person of whom nothing counts that arrived before it is lifted.

It names nobody: `who` is a hash of site and id, so that it may lie in the log and in the store for
as long as there is anything to suppress. Whoever guesses the id can tell that it was erased.

>>> erasure = Erasure(site="shop", who=who_is("shop", "ada"), time=1_700_000_000_000)
>>> decode_erasure(encode_erasure(erasure)) == erasure
True
>>> is_erasure(encode_erasure(erasure)), is_erasure(b'{"kind":"campaign"}')
(True, False)
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec
from msgspec import Struct

from contracts.codec import DecodeError

ERASED: Final = "erased"
"""The reason for which events of an erased person are withheld."""

ROUNDS: Final = 16
"""Epochs that a flow takes to carry an erasure out; one that came meanwhile waits for these."""

EVER: Final = 1 << 62


class Erasure(Struct, kw_only=True, omit_defaults=True, tag="erasure", tag_field="type"):
    """One erased id of a site, erased at `time` (ms); what arrives from `until` on counts again."""

    site: str
    who: str
    time: int
    until: int | None = None

    @property
    def key(self) -> bytes:
        """The key on the topic `control`: compaction keeps the newest of a person."""
        return f"erasure/{self.site}/{self.who}".encode()

    @property
    def mark(self) -> str:
        """What stands for this erasure where it is noted as carried out."""
        return f"{self.site}/{self.who}/{self.time}"


class Erased:
    """All erasures, by site: the table that every worker holds a copy of.

    What it says of an event goes by the event's arrival alone, so that it says the same in every
    worker, and in a replay as long as the table is the same.

    >>> table = Erased()
    >>> table.put(Erasure(site="shop", who=who_is("shop", "ada"), time=100))
    >>> table.withholds("shop", "ada", 50), table.withholds("shop", "bob", 50)
    (True, False)
    >>> table.put(Erasure(site="shop", who=who_is("shop", "ada"), time=100, until=200))
    >>> table.withholds("shop", "ada", 150), table.withholds("shop", "ada", 200)
    (True, False)
    """

    def __init__(self, erasures: Iterable[Erasure] = ()) -> None:
        self._sites: dict[str, dict[str, Erasure]] = {}
        for erasure in erasures:
            self.put(erasure)

    def __len__(self) -> int:
        return sum(map(len, self._sites.values()))

    @property
    def sites(self) -> list[str]:
        """The sites that have any."""
        return list(self._sites)

    def put(self, erasure: Erasure) -> None:
        """Add an erasure; of two of one person the one that was said last counts."""
        of_site = self._sites.setdefault(erasure.site, {})
        known = of_site.get(erasure.who)
        if known is None or _said(erasure) >= _said(known):
            of_site[erasure.who] = erasure

    def withholds(self, site: str, id_: str, received: int) -> bool:
        """Say whether an event that arrived at `received` (ms) is not to count."""
        of_site = self._sites.get(site)
        if of_site is None:
            return False
        known = of_site.get(who_is(site, id_))
        return known is not None and received < (EVER if known.until is None else known.until)

    def holds(self, site: str, id_: str) -> bool:
        """Say whether somebody is erased: nothing is to be known of the person."""
        of_site = self._sites.get(site)
        if of_site is None:
            return False
        known = of_site.get(who_is(site, id_))
        return known is not None and known.until is None

    def in_force(self) -> list[Erasure]:
        """Return the erasures that were not lifted."""
        return [one for of in self._sites.values() for one in of.values() if one.until is None]


def _said(erasure: Erasure) -> int:
    return erasure.time if erasure.until is None else erasure.until


def who_is(site: str, id_: str) -> str:
    """Return what stands for a person in an erasure: a user's id, or `device:ID`. Cost: 1 us."""
    raw = f"{site}\0{id_}".encode("utf-8", "surrogatepass")
    return blake2b(raw, digest_size=16, person=b"headrace.erasure").hexdigest()


def is_erasure(raw: bytes) -> bool:
    """Say whether a record of the topic `control` is one."""
    return raw.startswith(_START)


def encode_erasure(erasure: Erasure) -> bytes:
    """Return an erasure as JSON."""
    return msgspec.json.encode(erasure)


def decode_erasure(raw: bytes) -> Erasure:
    """Return the erasure in `raw`; raise `DecodeError`."""
    try:
        return _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError("invalid", f"no erasure: {error}") from None


_START: Final = b'{"type":"erasure",'
_decoder = msgspec.json.Decoder(Erasure)
