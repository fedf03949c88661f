"""What the facts of a profile are worth, and a person as a condition can look at one at rest."""

from collections.abc import Mapping
from typing import Any, Final

from contracts.conditions import vocabulary as words
from contracts.decisions import Standing
from contracts.profile import Profile

DAY_MS: Final = 86_400_000


def levels_of(profile: Profile, time: int) -> tuple[float | str, ...]:
    """Return what the facts of a profile are worth at `time` (ms), in the order of the words.

    >>> from contracts.conditions import vocabulary as words
    >>> dict(zip(words.PROFILE, levels_of(Profile(1, "shop", "ada"), 0)))["profile.orders"]
    0.0
    """
    said = profile.satisfaction
    session = profile.session
    last = profile.last_purchase
    return (
        float(profile.orders),
        round(profile.monetary, 2),
        float(profile.sessions),
        float(profile.events),
        profile.stage,
        float(len(profile.cart)),
        round(cart_value(profile), 2),
        round((time - last) / DAY_MS, 3) if last else -1.0,
        round(said.score, 4) if said is not None else 0.0,
        said.nps if said is not None and said.nps is not None else -1.0,
        said.csat if said is not None and said.csat is not None else -1.0,
        float(said.complaints) if said is not None else 0.0,
        float(session.views) if session is not None else 0.0,
    )


def cart_value(profile: Profile) -> float:
    """Return what the cart is worth, at the prices its items were added at."""
    return sum(line.quantity * line.price for line in profile.cart.values())


class AtRest:
    """A `Frame`: a person as they are stored, at `time` (ms); nothing happens to them."""

    def __init__(self, profile: Profile, standing: Standing | None, time: int) -> None:
        levels = dict(zip(words.PROFILE, levels_of(profile, time), strict=True))
        self._facts: Mapping[str, object] = {
            **words.EMPTY,
            **levels,
            **({} if standing is None else _told(standing)),
            "traits": profile.traits,
        }

    def fact(self, name: str) -> object:
        """Return what a fact is worth."""
        return self._facts[name]

    def call(self, name: str, arguments: tuple[Any, ...]) -> object:
        """Return what a function answers of somebody to whom nothing happens: nothing."""
        return 0 if words.FUNCTIONS[name].answers == words.NUMBER else False


def _told(standing: Standing) -> dict[str, object]:
    scores = {f"score.{name}": score.value for name, score in standing.scores.items()}
    known = {name: value for name, value in scores.items() if name in words.SCORES}
    return {**known, "segment": standing.segment or ""}
