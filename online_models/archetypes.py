"""Names for segments that a marketer can read, from what sets a segment apart.

Each archetype says which features are high (+1) or low (-1) in it; those of weight 1 define it,
the others speak for it. Segments get the archetypes
that fit them best, each archetype once; a segment that fits none is named by its features.
"""

from collections.abc import Mapping, Sequence
from typing import Final

ARCHETYPES: Final[dict[str, dict[str, float]]] = {
    "big spenders": {"spend": 1.0, "spend_per_order": 1.0, "orders": 0.5},
    "loyal regulars": {"orders": 1.0, "sessions": 1.0, "days_known": 0.5},
    "bargain hunters": {"carts": 1.0, "spend": -1.0, "spend_per_order": -0.5},
    "cart collectors": {"carts": 1.0, "carts_per_view": 1.0, "orders": -1.0},
    "decided buyers": {"orders_per_session": 1.0, "views": -1.0},
    "researchers": {"searches": 1.0, "views": 1.0, "orders": -0.5},
    "explorers": {"breadth": 1.0, "views": 1.0},
    "window shoppers": {"views": 0.5, "carts": -1.0, "orders": -1.0},
    "binge visitors": {"events_per_session": 1.0, "sessions": -1.0},
    "frequent droppers-in": {"sessions": 1.0, "events_per_session": -1.0},
    "returners": {"returns": 1.0, "orders": 0.5},
    "outspoken": {"feedback": 1.0},
    "fans": {"satisfaction": 1.0, "feedback": 1.0},
    "unhappy": {"satisfaction": -1.0, "feedback": 0.5},
    "drifting away": {"days_quiet": 1.0, "days_known": 0.5},
    "passers-by": {"sessions": -1.0, "views": -1.0, "breadth": -1.0, "days_known": -0.5},
}

LEAST_FIT: Final = 0.25
"""Mean departure, in standard deviations, from which an archetype is taken to fit."""

LEAST_DEPARTURE: Final = 0.1
"""Standard deviations from which a feature is worth a word."""

WORDS: Final[dict[str, str]] = {
    "sessions": "visits",
    "events_per_session": "events a visit",
    "spend_per_order": "spend an order",
    "carts_per_view": "carts a view",
    "orders_per_session": "orders a visit",
    "breadth": "categories",
    "days_known": "days known",
    "days_quiet": "days quiet",
}


def names_for(
    departures: Sequence[Mapping[str, float]], lifts: Sequence[Mapping[str, float]]
) -> list[str]:
    """Return a distinct name for each segment, such as "bargain hunters: 3.1x carts, 0.2x spend".

    `departures` are the segments' centres in standard deviations from the mean; `lifts` their
    typical values over everybody's.

    >>> names_for([{"carts": 1.2, "spend": -0.6}], [{"carts": 3.1, "spend": 0.2}])
    ['bargain hunters: 3.1x carts, 0.2x spend']
    """
    fits = sorted(
        (-_fit(pattern, centre), name, segment)
        for segment, centre in enumerate(departures)
        for name, pattern in ARCHETYPES.items()
    )
    titles: dict[int, str] = {}
    for fit, name, segment in fits:
        if -fit >= LEAST_FIT and segment not in titles and name not in titles.values():
            titles[segment] = name
    names: list[str] = []
    for segment, centre in enumerate(departures):
        title = titles.get(segment)
        telling = _strongest(centre, ARCHETYPES.get(title or "", {}))
        shown = [name for name in telling if name in lifts[segment]]
        parts = ", ".join(_lift(name, lifts[segment][name]) for name in shown)
        title = title or _by_features(centre, telling)
        names.append(_distinct(f"{title}: {parts}" if parts else title, names))
    return names


def _fit(pattern: Mapping[str, float], centre: Mapping[str, float]) -> float:
    """Return how far a centre goes the archetype's way; 0 if it lacks a feature that defines it."""
    defining = [name for name, weight in pattern.items() if abs(weight) == 1.0]
    if any(pattern[name] * centre.get(name, 0.0) < LEAST_DEPARTURE for name in defining):
        return 0.0
    total = sum(abs(weight) for weight in pattern.values())
    return sum(weight * centre.get(name, 0.0) for name, weight in pattern.items()) / total


def _by_features(centre: Mapping[str, float], telling: Sequence[str]) -> str:
    words = [f"{'high' if centre[name] > 0 else 'low'} {_word(name)}" for name in telling]
    return " and ".join(words) or "average visitors"


def _strongest(centre: Mapping[str, float], pattern: Mapping[str, float]) -> list[str]:
    """Return the two features that depart most, first of those that made the name."""
    departing = [name for name in centre if abs(centre[name]) >= LEAST_DEPARTURE]
    order = sorted(
        departing,
        key=lambda name: (
            pattern.get(name, 0.0) * centre[name] <= 0.0,
            -abs(centre[name]),
            name,
        ),
    )
    return order[:2]


def _lift(name: str, lift: float) -> str:
    return f"{lift:.1f}x {_word(name)}" if lift >= 0.05 else f"no {_word(name)}"


def _word(name: str) -> str:
    return WORDS.get(name, name.replace("_", " "))


def _distinct(name: str, taken: Sequence[str]) -> str:
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name} ({number})"
        number += 1
    return candidate
