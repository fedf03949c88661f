"""What came of offers, later: decisions wait for their horizon, and are paid what happened by then.

A reward is found by the answer's `request`; else by the offer's name as the `campaign` of what the
same person did; and an order, which seldom says why, counts for all open offers of the person. So
does what the person says of how content they are, for offers that are to make them so.
"""

import heapq
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from contracts.codec import pack
from contracts.decisions import RewardKind

OPEN: Final = 200_000
"""Decisions that may wait, about 500 bytes each; the oldest go without being learnt from."""

OPEN_OF_ONE: Final = 50

SILENCE: Final = 0.5
"""What an offer that is to make people content has earned from those who say nothing."""

SignKind = Literal["click", "purchase", "opinion"]


class Taken(Struct, array_like=True):
    """One decision that waits until `until` (ms); `got` is what it has earned, from 0 to 1."""

    request: str
    user: str
    placement: str
    offer: str
    policy: str
    time: int
    until: int
    kind: RewardKind
    most: float
    context: dict[str, float | str]
    got: float = 0.0


class Sign(Struct, array_like=True):
    """Something a person did that may be a reward; `amount` is what was paid.

    Of an opinion it is how content the person is, from 0 to 1: the last one counts.
    """

    user: str
    time: int
    kind: SignKind
    request: str | None = None
    campaign: str | None = None
    amount: float = 0.0


class RewardJoin:
    """Decisions under way, and what they have earned; `Durable`. About 2 us a decision or sign.

    >>> join = RewardJoin()
    >>> join.take(Taken("r1", "ada", "home", "rebate", "", 0, 1_000, "click", 1.0, {}))
    >>> join.see(Sign("ada", 500, "click", request="r1"))
    >>> [(taken.offer, taken.got) for taken in join.due(1_000)]
    [('rebate', 1.0)]
    """

    def __init__(self, limit: int = OPEN) -> None:
        self._limit = limit
        self._open: dict[str, Taken] = {}
        self._of: dict[str, list[str]] = {}
        self._deadlines: list[tuple[int, str]] = []
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._open)

    def waiting(self) -> list[Taken]:
        """Return the decisions under way, oldest first."""
        return list(self._open.values())

    def take(self, taken: Taken) -> None:
        """Take note of a decision; one that is there already stays as it is."""
        if taken.request in self._open:
            return
        while len(self._open) >= self._limit:
            self._close(next(iter(self._open)))
            self.dropped += 1
        own = self._of.setdefault(taken.user, [])
        if len(own) >= OPEN_OF_ONE:
            self._close(own[0])
            own = self._of.setdefault(taken.user, [])
            self.dropped += 1
        self._open[taken.request] = taken
        own.append(taken.request)
        heapq.heappush(self._deadlines, (taken.until, taken.request))

    def see(self, sign: Sign) -> None:
        """Pay the decisions that something is the reward of."""
        for taken in self._meant(sign):
            if taken.time <= sign.time < taken.until:
                taken.got = _earned(taken, sign)

    def due(self, clock: int) -> list[Taken]:
        """Return the decisions whose horizon has passed at `clock` (ms), earliest first."""
        out = []
        while self._deadlines and self._deadlines[0][0] <= clock:
            until, request = heapq.heappop(self._deadlines)
            taken = self._open.get(request)
            if taken is not None and taken.until == until:
                out.append(self._close(request))
        return out

    def forget(self, gone: Callable[[str], bool]) -> None:
        """Forget the decisions for people who are gone; nothing is learnt of them."""
        for user in [one for one in self._of if gone(one)]:
            for request in list(self._of[user]):
                self._close(request)

    def dump(self, *, full: bool) -> bytes:  # decisions come and go: always whole
        """Return all decisions that wait."""
        return pack((self.dropped, list(self._open.values())))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace them."""
        self._open, self._of, self._deadlines = {}, {}, []
        if parts:
            self.dropped, waiting = _saved(parts[-1])
            for taken in waiting:
                self._open[taken.request] = taken
                self._of.setdefault(taken.user, []).append(taken.request)
                self._deadlines.append((taken.until, taken.request))
            heapq.heapify(self._deadlines)

    def _meant(self, sign: Sign) -> list[Taken]:
        own = [self._open[request] for request in self._of.get(sign.user, ())]
        if sign.kind == "opinion":
            return [taken for taken in own if taken.kind == "satisfaction"]
        if sign.request is not None and sign.request in self._open:
            return [self._open[sign.request]]
        if sign.campaign is not None:
            named = [taken for taken in own if taken.offer == sign.campaign]
            if named:
                return named[-1:]
        if sign.kind == "purchase":
            return [taken for taken in own if taken.kind in ("purchase", "revenue")]
        return []

    def _close(self, request: str) -> Taken:
        taken = self._open.pop(request)
        own = self._of[taken.user]
        own.remove(request)
        if not own:
            del self._of[taken.user]
        return taken


def _earned(taken: Taken, sign: Sign) -> float:
    """Return what a decision has earned once a sign that is meant for it is seen."""
    if taken.kind == "satisfaction":
        return min(max(sign.amount, 0.0), 1.0) if sign.kind == "opinion" else taken.got
    if taken.kind == "click" or (taken.kind == sign.kind == "purchase"):
        return 1.0
    # A comparison with what is no number is false.
    if sign.kind == "purchase" and sign.amount > 0.0 < taken.most:
        return min(taken.got + sign.amount / taken.most, 1.0)
    return taken.got


_saved = msgspec.msgpack.Decoder(tuple[int, list[Taken]]).decode
