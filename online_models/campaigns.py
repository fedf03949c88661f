"""What became of each campaign, variant by variant: whom it reached, and who answered."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from contracts.codec import pack

MAX_CAMPAIGNS: Final = 64
MAX_VARIANTS: Final = 8

CONTROLS: Final = frozenset({"control", "holdout"})
"""Variants of people whom chance kept from getting the campaign."""


class Tally(Struct, array_like=True):
    """How many were approached, and of how many it is known whether they answered."""

    approached: int = 0
    known: int = 0
    answered: int = 0


class _Campaign(Struct, array_like=True):
    last: int = 0
    variants: dict[str, Tally] = {}


class CampaignTally:
    """Counts of at most 64 campaigns of eight variants; the one that is quiet for longest goes.

    >>> tally = CampaignTally()
    >>> for n in range(4):
    ...     tally.approach("spring", "b", time=n)
    >>> tally.settle("spring", "b", answered=True)
    >>> tally.settle("spring", "b", answered=False)
    >>> tally.report()["spring"]["rate"], tally.running(since=3), tally.running(since=4)
    (0.5, ['spring'], [])
    """

    def __init__(self) -> None:
        self._campaigns: dict[str, _Campaign] = {}

    def approach(self, campaign: str, variant: str, time: int) -> None:
        """Count an approach at `time` (ms)."""
        # The one last heard of lies last.
        known = self._campaigns.pop(campaign, None) or _Campaign()
        self._campaigns[campaign] = known
        if len(self._campaigns) > MAX_CAMPAIGNS:
            del self._campaigns[next(iter(self._campaigns))]
        known.last = max(known.last, time)
        self._of(known, variant).approached += 1

    def settle(self, campaign: str, variant: str, *, answered: bool) -> None:
        """Count what became of an approach; of a campaign that was forgotten, nothing."""
        known = self._campaigns.get(campaign)
        if known is None:
            return
        tally = self._of(known, variant)
        tally.known += 1
        tally.answered += answered

    def running(self, since: int) -> list[str]:
        """Return the campaigns that approached somebody at `since` (ms) or later, last first."""
        return [name for name in reversed(self._campaigns) if self._campaigns[name].last >= since]

    def controls(self, campaign: str) -> int:
        """Return of how many of a campaign's control group it is known what they did."""
        known = self._campaigns.get(campaign, _Campaign())
        return sum(tally.known for name, tally in known.variants.items() if is_control(name))

    def report(self) -> dict[str, Any]:
        """Return all counts by campaign, and by variant, for a view. `rate` leaves controls out."""
        return {name: _told(self._campaigns[name]) for name in sorted(self._campaigns)}

    def dump(self) -> bytes:
        """Return the state."""
        return pack(self._campaigns)

    def load(self, raw: bytes) -> None:
        """Replace the state."""
        self._campaigns = _decode(raw)

    @staticmethod
    def _of(campaign: _Campaign, variant: str) -> Tally:
        if variant not in campaign.variants and len(campaign.variants) >= MAX_VARIANTS:
            return Tally()  # counted by nobody
        return campaign.variants.setdefault(variant, Tally())


def is_control(variant: str) -> bool:
    """Say whether a variant is that of a control group.

    >>> is_control("Control"), is_control("b")
    (True, False)
    """
    return variant.strip().lower() in CONTROLS


def _told(campaign: _Campaign) -> dict[str, Any]:
    treated = [tally for name, tally in campaign.variants.items() if not is_control(name)]
    return {
        "last": campaign.last,
        **_counts(treated),
        "variants": {name: _counts([tally]) for name, tally in sorted(campaign.variants.items())},
    }


def _counts(tallies: Sequence[Tally]) -> dict[str, Any]:
    known, answered = sum(t.known for t in tallies), sum(t.answered for t in tallies)
    return {
        "approached": sum(t.approached for t in tallies),
        "known": known,
        "answered": answered,
        "rate": round(answered / known, 4) if known else None,
    }


_decode = msgspec.msgpack.Decoder(dict[str, _Campaign]).decode
