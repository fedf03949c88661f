"""Whom would a campaign reach? Asked of people as they are stored, before it is in force."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, Final

from contracts.campaigns import Campaign
from contracts.codec import DecodeError, unpack_profile, unpack_standing
from contracts.conditions.levels import AtRest
from contracts.conditions.standing import StandingPart, standing_part
from contracts.decisions import Standing
from contracts.profile import Profile
from storage.people_sample import Sample
from storage.views import Person

MOST: Final = 10_000
"""People that are looked at."""

MOST_LOOKS: Final = 100_000
"""Conditions that are looked at, over all people: half a second of computing."""

YIELD_LOOKS: Final = 1_000
"""After so many, other requests get their turn."""

NAMED: Final = 20
"""Of those who fit, so many are named, so that they can be looked up."""

REASONS: Final = ("bot", "consent", "audience", "condition")
"""Why somebody would not get it, in the order in which it is asked."""


class Preview:
    """Counts the people whom a campaign could reach, as far as what is stored of them says."""

    def __init__(self, campaign: Campaign, now: int) -> None:
        self._campaign = campaign
        self._now = now
        self._audience = standing_part(campaign.audience) if campaign.audience else None
        self._parts = [standing_part(text) for text in campaign.conditions]
        self._fits = [0] * len(self._parts)
        self._out: Counter[str] = Counter()
        self._segments: Counter[str] = Counter()
        self._named: list[str] = []
        self._seen: set[str] = set()

    async def look(self, pages: AsyncIterator[Sample], most: int) -> bool:
        """Look at people until there are no more, or enough; return whether those were all."""
        enough = min(most, MOST_LOOKS // len(self._parts))
        turn = max(1, YIELD_LOOKS // len(self._parts))
        async for people, whole in pages:
            for person in people:
                if len(self._seen) >= enough:
                    return False
                self._take(person)
                if len(self._seen) % turn == 0:
                    await asyncio.sleep(0)
            if whole:
                return True
        return False

    def told(self) -> dict[str, Any]:
        """Return the counts, and what was asked of people."""
        return {
            "looked_at": len(self._seen),
            "fit": sum(self._segments.values()),
            "out": {reason: self._out[reason] for reason in REASONS},
            "people": self._named,
            "segments": dict(sorted(self._segments.items())),
            "audience": None if self._audience is None else _described(self._audience),
            "conditions": [
                {"text": text, **_described(part), "fit": fit}
                for text, part, fit in zip(
                    self._campaign.conditions, self._parts, self._fits, strict=True
                )
            ],
        }

    def _take(self, person: Person) -> None:
        if person.user in self._seen:
            return
        found = _read(person)
        if found is None:
            return
        self._seen.add(person.user)
        profile, standing = found
        reason = self._refusal(profile, AtRest(profile, standing, self._now))
        if reason is None:
            self._segments[(standing.segment if standing is not None else None) or ""] += 1
            if len(self._named) < NAMED:
                self._named.append(person.user)
        else:
            self._out[reason] += 1

    def _refusal(self, profile: Profile, frame: AtRest) -> str | None:
        if profile.bot is not None:
            return "bot"
        if not set(self._campaign.consent) <= set(profile.consent or ()):
            return "consent"
        if self._audience is not None and not _holds(self._audience, frame):
            return "audience"
        fits = [_holds(part, frame) for part in self._parts]
        self._fits = [count + fit for count, fit in zip(self._fits, fits, strict=True)]
        return None if any(fits) else "condition"


def _holds(part: StandingPart, frame: AtRest) -> bool:
    return part.text == "true" if part.condition is None else part.condition.holds(frame)


def _described(part: StandingPart) -> dict[str, Any]:
    return {"stored": part.text, "moments": list(part.moments)}


def _read(person: Person) -> tuple[Profile, Standing | None] | None:
    """Return what is stored; None if it cannot be read, as while a newer version comes in."""
    try:
        standing = None if person.standing is None else unpack_standing(person.standing)
        return unpack_profile(person.profile or b""), standing
    except DecodeError:
        return None
