"""Items offered to a person in one list, and what is known of each at that moment, as features.

Raw facts are kept as they were when an item was shown; features that compare the items of a list
are made from them once the list is whole. One function makes them for learning, for the API and
for the evaluation.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contracts.profile import Recent
from online_models import tracks
from online_models.tracks import CLICKS, COLUMNS, EXPECTED, LAST_SHOWN, SHOWN, STRENGTH, STRONGEST

PERSONAL: Final = ("touched", "seen", "affinity", "price")
RAW: Final = COLUMNS + len(PERSONAL)

_SPANS: Final = ("short", "medium", "long")
FEATURES: Final = (
    *(f"rate_{span}" for span in _SPANS),
    *(f"shown_{span}" for span in _SPANS),
    *("strength", "quiet", "touched", "touched_ever", "seen", "affinity", "dearer", "dearest"),
)
"""Of each item: its clicks over those expected, and how often it was shown, at each half-life
(logs); its strength in lists; hours since it was last shown (log); how recently the person touched
it, and whether at all; how often the person passed over it; its category's share of the person's
interests; its price against the list's median (log), and its place among the list's prices."""

DOUBT: Final = 2.0
"""Expected clicks before an item's own rate is believed by half."""

LONGEST_QUIET: Final = 72.0
"""Hours; an item never shown counts as quiet for as long."""

_SANE: Final = ((0.0, 0.0, -1.0, 0.0), (1.0, 100.0, 1.0, 1e12))
"""What personal facts can be, from and to."""

NOWHERE: Final = -1
"""The position of an item whose position is not known."""


class Traits(NamedTuple):
    """What a person brings to a list: last touches (oldest first), items shown without a touch
    and how often, and weights of categories."""

    recents: Sequence[Recent] = ()
    shown: Mapping[str, int] = {}
    categories: Mapping[str, float] = {}

    @property
    def history(self) -> int:
        """How many distinct items the person touched of late."""
        return len({recent.item for recent in self.recents})


def personal(
    traits: Traits, item: str, category: str, price: float | None
) -> tuple[float, float, float, float]:
    """Return the `PERSONAL` facts of one item; an unknown price is 0.

    >>> ada = Traits([Recent.of("cup", "view", 0), Recent.of("pot", "view", 5)], {"cup": 2})
    >>> personal(ada, "cup", "", 9.5)
    (0.5, 2.0, 0.0, 9.5)
    """
    touched = 0.0
    for lag, recent in enumerate(reversed(traits.recents)):
        if recent.item == item:
            touched = 1.0 / (1.0 + lag)
            break
    affinity = 0.0
    if category in traits.categories:
        total = sum(abs(weight) for weight in traits.categories.values())
        affinity = traits.categories[category] / total if 0.0 < total < np.inf else 0.0
    known = price is not None and 0.0 < price < 1e12
    return touched, float(traits.shown.get(item, 0)), affinity, float(price or 0) if known else 0.0


def features(raw: NDArray[np.floating], now: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the `FEATURES` (n, F) of a list's items from their raw facts (n, RAW).

    `now` (n,) is when each was shown (ms). Always finite. Cost: 40 us for 40 items.
    """
    raw = np.nan_to_num(raw.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    touched, seen, affinity, price = np.clip(raw[:, COLUMNS:], *_SANE).T
    strength = np.clip(raw[:, STRENGTH], -STRONGEST, STRONGEST)
    expected = np.maximum(raw[:, EXPECTED], 0.0) + DOUBT
    rates = np.log((np.maximum(raw[:, CLICKS], 0.0) + DOUBT) / expected)
    hours = (now - raw[:, LAST_SHOWN]) / tracks.HOUR_MS
    hours = np.where(raw[:, LAST_SHOWN] < 0, LONGEST_QUIET, np.clip(hours, 0.0, LONGEST_QUIET))
    return np.column_stack(
        (
            rates,
            np.log1p(np.maximum(raw[:, SHOWN], 0.0)),
            strength,
            np.log1p(hours),
            touched,
            touched > 0.0,
            np.log1p(seen),
            affinity,
            *_prices(price),
        )
    )


def _prices(price: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the log of each price over the list's median, and its rank from -.5 to .5."""
    known = price > 1e-6
    dearer, rank = np.zeros(len(price)), np.zeros(len(price))
    if np.count_nonzero(known) > 1:
        own = price[known]
        dearer[known] = np.clip(np.log(own / np.median(own)), -3.0, 3.0)
        below = np.searchsorted(np.sort(own), own, side="left")
        rank[known] = below / (len(own) - 1) - 0.5
    return dearer, rank
