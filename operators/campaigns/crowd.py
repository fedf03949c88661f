"""The people of one bucket: their memory, when their next timers are due, who saw which item."""

import heapq
from collections.abc import Callable, Iterator, Sequence

import msgspec

from contracts.codec import pack
from operators.campaigns.people import VERSION, Watched
from operators.campaigns.rules import ITEM_TYPES, Needs
from operators.campaigns.timers import next_due
from operators.durable import PackedMap
from operators.erased import IsGone

FORGET_MS = 400 * 86_400_000
"""After so long without a visit a person is forgotten: longer than a year, for anniversaries."""
AT_ONCE = 500
"""How many people are gone through in one batch when timers are set anew."""

Key = str
NeedsOf = Callable[[str], Needs | None]


class Crowd:
    """People by key. `Durable`; those that are open are packed by `close`."""

    def __init__(self) -> None:
        self._packed = PackedMap()
        self._open: dict[Key, Watched] = {}
        self._heap: list[tuple[int, Key]] = []
        self._due: dict[Key, int] = {}
        self._viewers: dict[tuple[str, str], set[Key]] = {}
        self._unscheduled: list[Key] = []

    def __len__(self) -> int:
        return len(self._packed)

    def get(self, site: str, user: str) -> Watched:
        """Return a person, open; somebody new if there is none."""
        key = f"{site}\0{user}"
        found = self._open.get(key)
        if found is None:
            raw = self._packed.get(key)
            found = Watched(VERSION, site, user) if raw is None else _decoder.decode(raw)
            self._open[key] = found
        return found

    def drop(self, site: str, user: str) -> None:
        """Forget a person."""
        key = f"{site}\0{user}"
        self._open.pop(key, None)
        self._packed.pop(key)
        self._due.pop(key, None)

    def taken(self, site: str, user: str) -> bytes | None:
        """Return a person, packed, and forget them; None if nobody is known."""
        key = f"{site}\0{user}"
        found = self._open.get(key)
        raw = self._packed.get(key) if found is None else pack(found)
        self.drop(site, user)
        return raw

    def forget(self, gone: IsGone) -> None:
        """Forget people who are gone, with their timers, and which items they saw."""
        for key in {*self._packed, *self._open}:
            site, _, user = key.partition("\0")
            if gone(site, user):
                self.drop(site, user)
                for viewers in self._viewers.values():
                    viewers.discard(key)

    def settle(self, needs_of: NeedsOf) -> None:
        """Set when the next timers of those who are open are due."""
        for key, person in self._open.items():
            needs = needs_of(person.site)
            if needs is not None:
                self._schedule(key, person, needs)

    def close(self, needs_of: NeedsOf) -> None:
        """Settle and pack everybody who is open."""
        self.settle(needs_of)
        for key, person in self._open.items():
            self._packed[key] = pack(person)
        self._open = {}

    def note_view(self, person: Watched, item: str) -> None:
        """Note who saw an item."""
        key = f"{person.site}\0{person.id}"
        self._viewers.setdefault((person.site, item), set()).add(key)

    def viewers(self, site: str, item: str) -> Iterator[Watched]:
        """Yield the people who saw an item, open, in the order of their ids."""
        for key in sorted(self._viewers.get((site, item), ())):
            if key in self._packed or key in self._open:
                yield self.get(*key.split("\0", 1))

    def due(self, until: int) -> Iterator[Watched]:
        """Yield the people who have a timer due by `until`, open, the earliest first."""
        while self._heap and self._heap[0][0] <= until:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                yield self.get(*key.split("\0", 1))

    def reschedule(self) -> None:
        """Let the timers of everybody be set anew, a few in each batch."""
        self._unscheduled = [*self._packed]

    def catch_up(self, needs_of: NeedsOf, *, whole: bool) -> None:
        """Set some of the timers that are to be set anew, or all of them."""
        count = len(self._unscheduled) if whole else AT_ONCE
        some, self._unscheduled = self._unscheduled[:count], self._unscheduled[count:]
        for key in some:
            raw = self._packed.get(key)
            person: Watched | None = None if raw is None else _decoder.decode(raw)
            needs = None if person is None else needs_of(person.site)
            if person is None or needs is None:
                continue
            self._schedule(key, person, needs)
            for past in person.past:
                if past.type in ITEM_TYPES:
                    self.note_view(person, past.item)

    def _schedule(self, key: Key, person: Watched, needs: Needs) -> None:
        due = next_due(person, needs)
        known = self._due.get(key)
        # One that is set too early is looked at then, and set anew: an entry a person is enough.
        if due is not None and (known is None or due < known):
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))

    def dump(self, *, full: bool, clock: int) -> bytes:
        """Return all people, or those that changed."""
        if full:
            for key in [*self._packed]:
                if _decoder.decode(self._packed[key]).seen < clock - FORGET_MS:
                    self._packed.pop(key)
        return self._packed.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the people."""
        self._packed.load(parts)
        self._open, self._heap, self._due, self._viewers = {}, [], {}, {}
        self.reschedule()


_decoder = msgspec.msgpack.Decoder(Watched)
unpack_watched = _decoder.decode
