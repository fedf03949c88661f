"""One person as an answer needs them: what they touched, and what must not come back."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contracts.codec import DecodeError, unpack_profile, unpack_standing
from contracts.decisions import Standing
from contracts.events import PERSONALIZATION, subject_of
from contracts.logs import person_key
from contracts.profile import Profile, Recent
from contracts.settings import ApiSettings
from online_models.blend import Touch, wanted
from online_models.touches import touches_of
from storage.views import Person

logger = logging.getLogger("headrace.api")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, known or not. `recents` are oldest first; `hidden` and `tired` are item ids."""

    user: str
    profile: Profile | None = None
    standing: Standing | None = None
    recents: tuple[Recent, ...] = ()
    hidden: frozenset[str] = frozenset()
    tired: frozenset[str] = frozenset()

    @property
    def as_of(self) -> int | None:
        """Event time (ms) of the last event that the profile knows."""
        return self.profile.as_of if self.profile is not None else None

    @property
    def ids(self) -> list[str]:
        """The person's id, and those that they had before they signed in: of their devices."""
        devices = [] if self.profile is None else self.profile.devices
        return [self.user, *(subject_of(None, device) for device in devices)]

    @property
    def personal(self) -> bool:
        """Whether what is known of the person may be used to choose for them."""
        if self.profile is None:
            return False
        return self.profile.consent is None or PERSONALIZATION in self.profile.consent

    @property
    def segment(self) -> str | None:
        """The id of the segment the person belongs to."""
        return self.standing.segment if self.standing is not None else None


@dataclass(frozen=True, slots=True)
class Trail:
    """What an answer goes by: `touches` oldest first, and those whose neighbours are asked.

    `steps` holds the latter by item number, newest first.
    """

    touches: list[Touch]
    steps: Mapping[int, Recent]


def visitor_of(person: Person, settings: ApiSettings) -> Visitor:
    """Return the person that views describe.

    A profile or standing that cannot be read, as while a newer version is rolled out, is taken
    for one that is not there. Without consent to personalization only dislikes are heeded.
    """
    profile, standing = _profile(person), _standing(person)
    if profile is None:
        return Visitor(person.user, None, standing)
    if profile.consent is not None and PERSONALIZATION not in profile.consent:
        return Visitor(person.user, profile, hidden=frozenset(profile.disliked))
    return Visitor(
        person.user,
        profile,
        standing,
        tuple(recent for recent in profile.recents if recent.item not in profile.disliked),
        _hidden(profile, settings),
        _tired(profile, settings.fatigue),
    )


def trail_of(recents: Collection[Recent]) -> Trail:
    """Return what to rank by, from what was touched, oldest first."""
    touches = touches_of(recents)
    newest = {touch.item: recent for touch, recent in zip(touches, recents, strict=True)}
    return Trail(touches, {number: newest[number] for number in wanted(touches)})


def _profile(person: Person) -> Profile | None:
    try:
        return unpack_profile(person.profile) if person.profile is not None else None
    except DecodeError as error:
        logger.warning(
            "the profile of person %s cannot be read: %s", person_key(person.user), error.detail
        )
        return None


def _standing(person: Person) -> Standing | None:
    try:
        return unpack_standing(person.standing) if person.standing is not None else None
    except DecodeError as error:
        logger.warning(
            "the standing of person %s cannot be read: %s", person_key(person.user), error.detail
        )
        return None


def _hidden(profile: Profile, settings: ApiSettings) -> frozenset[str]:
    groups: list[Collection[str]] = [profile.disliked]
    if settings.exclude_owned:
        groups.append(profile.owned)
    if settings.exclude_cart:
        groups.append(profile.cart)
    return frozenset().union(*groups)


def _tired(profile: Profile, fatigue: int) -> frozenset[str]:
    if fatigue == 0:
        return frozenset()
    return frozenset(item for item, seen in profile.impressions.items() if seen >= fatigue)
