"""Decayed interests: what a person has engaged with, counted so that old things fade.

Each entry is a sum that halves every half-life. Events may come in any order: an older one is
added with the weight that it would have kept.
"""

from typing import Final

from contracts.profile import Profile, interest_at

EVENT_WEIGHTS: Final[dict[str, float]] = {
    "view": 1.0,
    "click": 1.0,
    "search": 0.5,
    "share": 2.0,
    "like": 3.0,
    "add_to_cart": 3.0,
    "purchase": 5.0,
    "rating": 2.0,
    "remove_from_cart": -1.0,
    "cancel": -3.0,
    "dislike": -3.0,
    "return": -3.0,
}
"""How much an event says of a person's interest in what it is about."""


MAX_HALF_LIVES: Final = 400
"""Weights grow with time instead of fading; after so long they are written anew, smaller."""


def add(
    profile: Profile,
    interests: dict[str, float],
    name: str,
    weight: float,
    time: int,
    half_life_ms: float,
    limit: int,
) -> None:
    """Add to one entry of a profile's interests; over `limit` entries, drop the least.

    Entries are kept as of one moment (forward decay, Cormode et al., ICDE 2009): a newer event
    weighs more, and what is there is not touched.

    >>> ada = Profile(1, "shop", "ada")
    >>> for time in (1000, 2000):
    ...     add(ada, ada.categories, "tea", 1.0, time, half_life_ms=1000, limit=9)
    >>> ada.categories
    {'tea': 3.0}
    """
    profile.interests_since = profile.interests_since or time
    if time - profile.interests_since > MAX_HALF_LIVES * half_life_ms:
        _rebase(profile, time, half_life_ms)
    gain = weight * 2.0 ** ((time - profile.interests_since) / half_life_ms)
    interests[name] = interests.get(name, 0.0) + gain
    if len(interests) > limit:
        # Ties go by name, so that the order of insertion says nothing.
        del interests[min(interests, key=lambda entry: (interests[entry], entry))]


def _rebase(profile: Profile, time: int, half_life_ms: float) -> None:
    for interests in (profile.categories, profile.brands, profile.tags):
        for name, weight in interests.items():
            interests[name] = interest_at(weight, profile.interests_since, time, half_life_ms)
    profile.interests_since = time
