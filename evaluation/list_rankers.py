"""Who takes part in the ranking of lists: the logged order, simple counts, and the ranker."""

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from contracts.events import Event
from contracts.profile import Profile
from evaluation.impressions import Offered, category_of
from online_models.offers import NOWHERE, Traits, personal
from online_models.ranker import Ranker
from online_models.touches import number_of

HOUR_MS = 3_600_000


class ListRanker(Protocol):
    """Scores the items of a list, best highest, before it learns what became of them."""

    def score(self, offered: Sequence[Offered], profile: Profile, now: int) -> Sequence[float]:
        """Return a score for each item; of equal ones the first in the list is better."""
        ...

    def learn_one(self, event: Event, profile: Profile) -> None:
        """Learn from an event; `profile` is the person's as it was before."""
        ...


class Logged:
    """The order in which the list was shown."""

    def score(self, offered: Sequence[Offered], profile: Profile, now: int) -> Sequence[float]:
        """Return the same for all."""
        return [0.0] * len(offered)

    def learn_one(self, event: Event, profile: Profile) -> None:
        """Learn nothing."""


class RandomOrder:
    """Any order, drawn with a seed."""

    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def score(self, offered: Sequence[Offered], profile: Profile, now: int) -> Sequence[float]:
        """Draw a score for each."""
        return [self._random.random() for _ in offered]

    def learn_one(self, event: Event, profile: Profile) -> None:
        """Learn nothing."""


class Popular:
    """Clicks so far, fading with a half-life in hours, or never; over impressions with `rate`."""

    def __init__(self, half_life_hours: float = float("inf"), *, rate: bool = False) -> None:
        self._half_life = half_life_hours * HOUR_MS
        self._rate = rate
        self._counts: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])

    def score(self, offered: Sequence[Offered], profile: Profile, now: int) -> Sequence[float]:
        """Return the counts as of now."""
        return [self._score(one.item, now) for one in offered]

    def learn_one(self, event: Event, profile: Profile) -> None:
        """Count a touch or an impression."""
        if event.item is None or event.type not in ("click", "impression", "view"):
            return
        counts = self._counts[event.item]
        keep = math.exp2((counts[2] - event.time) / self._half_life)
        counts[0] = counts[0] * keep + (event.type != "impression")
        counts[1] = counts[1] * keep + (event.type == "impression")
        counts[2] = event.time

    def _score(self, item: str, now: int) -> float:
        if item not in self._counts:
            return 0.0
        clicks, shown, since = self._counts[item]
        if self._rate:
            return (clicks + 1.0) / (shown + 20.0)
        return clicks * math.exp2((since - now) / self._half_life)


class Ours:
    """The ranker as the stream runs it; with `ordered`, the given order counts as it is logged."""

    def __init__(self, *, ordered: bool) -> None:
        self._ranker = Ranker()
        self._ordered = ordered

    def score(self, offered: Sequence[Offered], profile: Profile, now: int) -> Sequence[float]:
        """Return the ranker's scores."""
        traits = traits_of(profile)
        own = [personal(traits, one.item, one.category, one.price) for one in offered]
        numbers = [number_of(one.item) for one in offered]
        scores = self._ranker.score(numbers, own, traits.history, now)
        if self._ordered:
            scores = scores + self._ranker.weights.bias(
                np.array([one.position for one in offered], np.int64)
            )
        found: list[float] = scores.tolist()
        return found

    def learn_one(self, event: Event, profile: Profile) -> None:
        """Take note of an impression, or learn from a click."""
        if event.item is None or event.request is None:
            return
        number = number_of(event.item)
        if event.type == "click":
            self._ranker.click(event.request, number, event.time)
        elif event.type == "impression":
            traits = traits_of(profile)
            own = personal(traits, event.item, category_of(event), event.price)
            at = event.position if event.position is not None else NOWHERE
            self._ranker.show(event.request, [number], [at], [own], traits.history, event.time)


def traits_of(profile: Profile) -> Traits:
    """Return what a profile brings to a list."""
    return Traits(profile.recents, profile.impressions, profile.categories)
