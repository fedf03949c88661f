"""Decayed interests: what a person has engaged with, counted so that old things fade.

Each entry is a sum that halves every half-life. Events may come in any order: an older one is
added with the weight that it would have kept until now.
"""

from typing import Final

from contracts.profile import Decayed

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


def add(
    interests: dict[str, Decayed],
    name: str,
    weight: float,
    time: int,
    half_life_ms: float,
    limit: int,
) -> None:
    """Add to one entry; over `limit` entries, drop the one that weighs least now.

    >>> tastes = {"tea": Decayed(4.0, 0)}
    >>> add(tastes, "tea", 1.0, 1000, half_life_ms=1000, limit=9)
    >>> tastes["tea"]
    Decayed(weight=3.0, time=1000)
    """
    entry = interests.get(name)
    if entry is None:
        interests[name] = Decayed(weight, time)
        if len(interests) > limit:
            _drop_least(interests, time, half_life_ms)
    elif time >= entry.time:
        entry.weight = weight + at(entry, time, half_life_ms)
        entry.time = time
    else:
        entry.weight += weight * 2.0 ** ((time - entry.time) / half_life_ms)


def at(entry: Decayed, time: int, half_life_ms: float) -> float:
    """Return what an entry weighs at `time` (ms), which is not before its own."""
    decayed: float = entry.weight * 2.0 ** ((entry.time - time) / half_life_ms)
    return decayed


def _drop_least(interests: dict[str, Decayed], time: int, half_life_ms: float) -> None:
    # Ties go by name, so that the order of insertion, which recovery may change, says nothing.
    least = min(interests, key=lambda name: (at(interests[name], time, half_life_ms), name))
    del interests[least]
