"""How content a person is, from ratings, likes, CSAT, NPS, complaints and returns.

Every answer becomes a number in [-1, 1]; `score` is their mean, in which an answer counts half
after `HALF_LIFE_MS`.
"""

from typing import Final

from contracts.events import Event
from contracts.profile import Profile, Satisfaction
from contracts.validation import csat_range

HALF_LIFE_MS: Final = 90 * 86_400_000

OPINIONS: Final[dict[str, float]] = {
    "like": 1.0,
    "dislike": -1.0,
    "complaint": -1.0,
    "return": -0.5,
}
"""What feedback without a number says; the rest is read from `value`."""


def hear(profile: Profile, event: Event) -> None:
    """Take one piece of feedback into account; one that says nothing measurable changes nothing."""
    opinion = opinion_of(event)
    if opinion is None:
        return
    state = profile.satisfaction = profile.satisfaction or Satisfaction()
    newest = max(state.time, event.time)
    kept = state.weight * 2.0 ** ((state.time - newest) / HALF_LIFE_MS)
    added = 2.0 ** ((event.time - newest) / HALF_LIFE_MS)
    state.score = (state.score * kept + opinion * added) / (kept + added)
    state.weight, state.time = kept + added, newest
    if event.type == "nps":
        state.nps = event.value
    elif event.type == "csat":
        state.csat = event.value
    elif event.type == "complaint":
        state.complaints += 1


def opinion_of(event: Event) -> float | None:
    """Return what the feedback says, from -1 to 1, or None.

    Ratings are read by their size: up to 5 as one to five stars, up to 10 as one to ten, above
    as percent. CSAT is one to five, or up to `props.scale`. NPS counts 0 to 6 as detractors, 9
    and 10 as promoters.

    >>> opinion_of(Event(id="1", type="nps", user="ada", time=0, value=9))
    1.0
    >>> opinion_of(Event(id="1", type="rating", user="ada", time=0, value=3))
    0.0
    """
    if event.type in OPINIONS:
        return OPINIONS[event.type]
    value = event.value
    if value is None:
        return None
    if event.type == "nps":
        return 1.0 if value >= 9 else 0.0 if value >= 7 else -1.0
    if event.type == "csat":
        least, most = csat_range(event.props.get("scale", 5))
        return _clip((2.0 * value - least - most) / (most - least))
    if event.type == "rating" and value <= 5:
        return _clip((value - 3.0) / 2.0)
    if event.type == "rating":
        return _clip((value - 5.5) / 4.5) if value <= 10 else _clip((value - 50.0) / 50.0)
    return None


def _clip(opinion: float) -> float:
    return max(-1.0, min(1.0, opinion))
