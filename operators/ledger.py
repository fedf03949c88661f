"""Which events came to which end, in a few bytes: counts and digests by source partition.

A digest is the sum of 64-bit hashes, modulo 2^64, of all that a tally counted: a multiset hash
(Clarke et al. 2003, MSet-Add-Hash). Two multisets with one sum are the same one, but for chance
(5e-20 for two that nobody made for it), in whichever order they came. So an audit that reads the
log can tell a loss and a double apart from an exact account, although neither keeps any id.

A tally lies in the state of whoever ends an event, beside what the event changed, and is saved
and restored with it: an effect that happened twice is counted twice.

>>> ledger = Ledger()
>>> event = Event(id="1", type="view", time=1, user="ada")
>>> ledger.add("applied", part_number("log", "events.click/0"), id_number(event))
>>> ledger.tally("applied", part_number("log", "events.click/0")).count
1
"""

from hashlib import blake2b
from typing import Final

from msgspec import Struct

from contracts.events import Event

MASK: Final = (1 << 64) - 1
MOST_PARTS: Final = 4_096
"""Source partitions that a ledger keeps tallies of; beyond it those of the oldest log go."""


class Tally(Struct, array_like=True, gc=False):
    """How many there were, and the sum of their numbers modulo 2^64."""

    count: int = 0
    digest: int = 0

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.count += other.count
        self.digest = (self.digest + other.digest) & MASK


class Ledger(Struct):
    """Tallies by end and source partition (`part_number`)."""

    ends: dict[str, dict[int, Tally]] = {}

    def add(self, end: str, part: int, number: int) -> None:
        """Count one event that came to an end. Cost: 0.4 us."""
        tallies = self.ends.get(end)
        if tallies is None:
            tallies = self.ends[end] = {}
        tally = tallies.get(part)
        if tally is None:
            if len(tallies) >= MOST_PARTS:
                del tallies[next(iter(tallies))]
            tally = tallies[part] = Tally()
        tally.count += 1
        tally.digest = (tally.digest + number) & MASK

    def tally(self, end: str, part: int) -> Tally:
        """Return the tally of an end and a partition, to look at."""
        return self.ends.get(end, {}).get(part, Tally())


def id_number(event: Event) -> int:
    """Return the 64 bits that stand for an event's identity: site, source, id. Cost: 1.2 us."""
    return _number(f"{event.site}\0{event.source}\0{event.id}")


def origin_number(origin: str) -> int:
    """Return the 64 bits that stand for a place in the log, for what has no identity."""
    return _number(origin)


def part_number(log: str, part: str) -> int:
    """Return the 32 bits that stand for a partition of one log; a log made anew has others."""
    return _number(f"{log}\0{part}") & 0xFFFF_FFFF


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
