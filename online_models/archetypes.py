"""Names for segments that a marketer can read, from what sets a segment apart.

Each archetype says which features are high (+1) or low (-1) in it; those of weight 1 define it,
the others speak for it. Segments get the archetypes
that fit them best, each archetype once; a segment that fits none is named by its features.
"""

from collections.abc import Collection, Mapping, Sequence
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

AVERAGE: Final = "average visitors"
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


def titles_for(
    departures: Sequence[Mapping[str, float]], kept: Sequence[str | None] = ()
) -> list[str]:
    """Return a distinct title for each segment, such as "bargain hunters".

    `departures` are the segments' centres in standard deviations from the mean. `kept` are the
    titles that they have, if any: one stays until the centre goes another way than it says, also
    where another would fit better by now.

    >>> titles_for([{"carts": 1.2, "spend": -0.6}, {"carts": -0.2}])
    ['bargain hunters', 'low carts']
    >>> titles_for([{"carts": 0.2, "spend": 0.0}], ["bargain hunters"])
    ['bargain hunters']
    """
    titles: dict[int, str] = {
        segment: title
        for segment, title in enumerate(kept)
        if title is not None and _still(title, departures[segment])
    }
    fits = sorted(
        (-_fit(pattern, centre), name, segment)
        for segment, centre in enumerate(departures)
        for name, pattern in ARCHETYPES.items()
    )
    for fit, name, segment in fits:
        if -fit >= LEAST_FIT and segment not in titles and name not in titles.values():
            titles[segment] = name
    for segment, centre in enumerate(departures):
        if segment not in titles:
            titles[segment] = _distinct(_by_features(centre), titles.values())
    return [titles[segment] for segment in range(len(departures))]


def telling_of(title: str, centre: Mapping[str, float], lifts: Mapping[str, float]) -> str:
    """Return what sets a segment apart: its typical values over everybody's, two of them.

    >>> telling_of("bargain hunters", {"carts": 1.2, "spend": -0.6}, {"carts": 3.1, "spend": 0.2})
    '3.1x carts, 0.2x spend'
    """
    telling = _strongest(centre, ARCHETYPES.get(title, {}))
    return ", ".join(_lift(name, lifts[name]) for name in telling if name in lifts)


def _still(title: str, centre: Mapping[str, float]) -> bool:
    """Say whether a title that was given is not untrue."""
    if title in ARCHETYPES:
        return _fit(ARCHETYPES[title], centre, -LEAST_DEPARTURE) > 0.0
    plain = title.partition(" (")[0]
    if plain == AVERAGE:
        return all(abs(departure) < 2 * LEAST_DEPARTURE for departure in centre.values())
    features = {_word(name): departure for name, departure in centre.items()}
    said = [part.partition(" ")[::2] for part in plain.split(" and ")]
    return all(
        features.get(word, 0.0) * (1.0 if side == "high" else -1.0) > 0.0 for side, word in said
    )


def _fit(
    pattern: Mapping[str, float], centre: Mapping[str, float], least: float = LEAST_DEPARTURE
) -> float:
    """Return how far a centre goes the archetype's way; 0 if it lacks a feature that defines it."""
    defining = [name for name, weight in pattern.items() if abs(weight) == 1.0]
    if any(pattern[name] * centre.get(name, 0.0) < least for name in defining):
        return 0.0
    total = sum(abs(weight) for weight in pattern.values())
    return sum(weight * centre.get(name, 0.0) for name, weight in pattern.items()) / total


def _by_features(centre: Mapping[str, float]) -> str:
    telling = _strongest(centre, {})
    words = [f"{'high' if centre[name] > 0 else 'low'} {_word(name)}" for name in telling]
    return " and ".join(words) or AVERAGE


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


def _distinct(name: str, taken: Collection[str]) -> str:
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name} ({number})"
        number += 1
    return candidate
