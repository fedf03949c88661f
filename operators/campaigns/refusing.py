"""Why campaigns may not fire for a person now: of many campaigns at once."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

FREE: Final = 0
"""Nothing is against it."""
EARLY: Final = 1
"""The version was not in force yet: as if it were not there."""
CODES: Final = ("", "", "ended", "bot", "consent", "cooldown", "cap")
"""What codes stand for, in the order in which it is asked."""


class Limited(Protocol):
    """When a campaign may fire. Times are in ms."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def since(self) -> int:
        """From when on the version is in force."""
        ...

    @property
    def start(self) -> int:
        """From when on it may fire."""
        ...

    @property
    def end(self) -> int:
        """Until when."""
        ...

    @property
    def cooldown(self) -> int:
        """How long between two triggers of one person."""
        ...

    @property
    def consent(self) -> tuple[str, ...]:
        """What the person has to have agreed to."""
        ...

    @property
    def caps(self) -> tuple[tuple[int, int], ...]:
        """How many triggers of all campaigns a person may have, in how long."""
        ...


class Sent(Protocol):
    """What is known of the person: a `Look`."""

    time: int

    @property
    def bot(self) -> bool:
        """Whether it is no person at all."""
        ...

    @property
    def granted(self) -> Sequence[str]:
        """What they agreed to."""
        ...

    @property
    def fired(self) -> Mapping[str, int]:
        """When each campaign last fired."""
        ...

    def sends_since(self, per: int) -> int:
        """Return how many triggers they had in the last `per` ms."""
        ...


class Refusals:
    """The limits of campaigns as columns, by their places."""

    def __init__(self, campaigns: Sequence[Limited]) -> None:
        self._since = np.array([one.since for one in campaigns], np.int64)
        self._start = np.array([one.start for one in campaigns], np.int64)
        self._end = np.array([one.end for one in campaigns], np.int64)
        # Between these none begins or ends.
        self._started = max((one.start for one in campaigns), default=0)
        self._ending = min((one.end for one in campaigns), default=0)
        self._place = {one.id: (place, one.cooldown) for place, one in enumerate(campaigns)}
        self._consents = list(dict.fromkeys(one.consent for one in campaigns))
        self._caps = list(dict.fromkeys(one.caps for one in campaigns))
        self._consent = _numbers([one.consent for one in campaigns], self._consents)
        self._cap = _numbers([one.caps for one in campaigns], self._caps)

    def of(self, places: NDArray[np.intp], look: Sent) -> NDArray[np.int8]:
        """Return for each of some campaigns why it may not fire, by `CODES`. Cost: 15 us in all.

        It says what `deciding.refusal` says of one.
        """
        time = look.time
        codes = np.zeros(places.size, np.int8)
        for number, caps in enumerate(self._caps):
            if any(look.sends_since(per) >= count for count, per in caps):
                codes[self._cap.take(places) == number] = 6
        cooling = [
            known[0]
            for name, last in look.fired.items()
            if (known := self._place.get(name)) is not None and last > time - known[1]
        ]
        if cooling:
            cold = np.zeros(self._since.size, np.bool_)
            cold[cooling] = True
            codes[cold.take(places)] = 5
        for number, wanted in enumerate(self._consents):
            if not set(wanted) <= set(look.granted):
                codes[self._consent.take(places) == number] = 4
        if look.bot:
            codes[:] = 3
        if time < self._started or time >= self._ending:
            codes[(time < self._start.take(places)) | (time >= self._end.take(places))] = 2
            codes[time < self._since.take(places)] = EARLY
        return codes


def _numbers(values: Sequence[Hashable], known: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return where among those known each value is."""
    places = {value: place for place, value in enumerate(known)}
    return np.array([places[value] for value in values], np.intp)


class Counted(Protocol):
    """The campaigns in force."""

    @property
    def campaigns(self) -> Sequence[Limited]:
        """They, by their places."""
        ...


class Tally:
    """How often campaigns were refused, and why, until it is asked for."""

    def __init__(self, rules: Counted) -> None:
        self.rules = rules
        self._counts = np.zeros(len(rules.campaigns) * len(CODES), np.int64)

    def add(self, places: NDArray[np.intp], codes: NDArray[np.int8]) -> None:
        """Count each of some campaigns once, by its code; one may be named several times."""
        named = places * len(CODES) + codes
        # Of one that is named twice the same count is set twice.
        self._counts[named] = self._counts[named] + 1

    def tell(self, counts: dict[str, dict[str, Any]]) -> None:
        """Add what was counted to the counts of campaigns, by reason, and begin anew."""
        campaigns = self.rules.campaigns
        (at,) = self._counts.nonzero()
        places, codes = np.divmod(at, len(CODES))
        counted = self._counts[at].tolist()
        self._counts[at] = 0
        found = zip(places.tolist(), codes.tolist(), counted, strict=True)
        for place, code, count in found:
            if code > EARLY:
                own = counts.setdefault(campaigns[place].id, {})
                own[CODES[code]] = own.get(CODES[code], 0) + count
