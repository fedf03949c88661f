"""Which items may come next, and what each expert says of them.

Each expert gives an item a share p; its feature is log(1 + p / EPS), so that 0 means "knows
nothing of it". The experts:

* `together`, `next`: the neighbours of the person's recent items, in either channel of their rows;
  `last_together`, `last_next`: those of the newest one alone, and `second_...` of the one before
* `rare`, `rare_next`: the same neighbours, but for how much they are paired with anything
* `support`: how many of the recent items have it for a neighbour
* `short`, `medium`, `long`: popularity over the three horizons
* `repeat`, `repeat_last`, `repeat_count`: what the person touched before, where repeats are asked
  for: how recently, whether it was the last, and how often
* `alike`, `new`: where there is a catalogue (`content`), how like the person's recent items an item
  is, and that nobody touched it yet
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models.content import Content
from online_models.crowd import HEAD, LINKED, Crowd, crowd_of
from online_models.elementary import log_of
from online_models.pooling import CONTENT, EXPERTS, REPEATS, Rows, Settings, fastest
from online_models.rows import Gathered, NeighbourRow, TopList, gathered
from online_models.touches import WEIGHTS, Touch

__all__ = ["CANDIDATES", "EXPERTS", "HEAD", "LINKED", "REPEATS", "Slate", "slate", "slate_of"]

EPS: Final = 2e-3
"""Share from which an expert is taken to know something: well below it a feature is about 0."""

_OTHER_SCALES: Final = {
    "support": 1.0,
    "repeat_last": 0.05,
    "repeat_count": 2.5,
    "alike": 0.05,
    "new": 1.0,
}
SCALES: Final = np.array([_OTHER_SCALES.get(name, EPS) for name in EXPERTS])
"""`EPS` of each expert; some do not speak in shares."""

CANDIDATES: Final = 250

WINDOW: Final = 20
"""Recent items whose neighbours are asked."""

FADE: Final = tuple(0.8**lag for lag in range(WINDOW))
"""How much the neighbours of a recent item count, by how long ago it was."""

TOUCHES: Final = 50
OWN_FADE: Final = np.array([(1.0 + lag) ** -2.0 for lag in range(TOUCHES)])
"""How likely a recent item itself is to come back: people return to the last few, or to any."""

DOUBT: Final = 3.0
"""Weight that a row must gather before half of what it says is believed."""

_ALIKE: Final = EXPERTS.index(CONTENT[0])
_DESCRIBED: Final = (
    _ALIKE,
    float(SCALES[_ALIKE]),
    float(log_of(1.0 + 1.0 / SCALES[_ALIKE + 1])),
)
"""The column of likeness, its scale, and what is said of each new item: that it is one."""

_SETTINGS: Final = Settings(SCALES, OWN_FADE, DOUBT, CANDIDATES)


class Slate(NamedTuple):
    """Candidates `items` (m,), each once, and their `features` (m, experts).

    `own` (m,) tells what the person touched before. `history` is how many distinct items of the
    person's recents speak for something; `pause` is the time since the last touch (ms), -1 if
    there is none.
    """

    items: NDArray[np.uint64]
    features: NDArray[np.float64]
    own: NDArray[np.bool_]
    history: int
    pause: int

    def place_of(self, item: int) -> int | None:
        """Return where an item stands, or None."""
        found = np.flatnonzero(self.items == np.uint64(item))
        return int(found[0]) if len(found) else None


def slate(
    recents: Sequence[Touch],
    rows: Mapping[int, NeighbourRow],
    tops: Mapping[str, TopList] | Crowd,
    exclude: Collection[int],
    now: int,
    *,
    repeats: bool = False,
    content: Content | None = None,
) -> Slate:
    """Return at most `CANDIDATES` candidates, and some of `content`.

    The arguments are those of `blend.rank`.

    Whoever asks often with the same rankings hands them over as `crowd_of` made them.
    """
    evidence = evidence_of(recents)
    found = gathered([item for item, _ in evidence], rows)
    barred = np.fromiter(exclude, np.uint64, len(exclude))
    crowd = tops if isinstance(tops, Crowd) else crowd_of(tops)
    return slate_of(recents, evidence, found, crowd, barred, now, repeats=repeats, content=content)


def slate_of(
    recents: Sequence[Touch],
    evidence: Sequence[tuple[int, float]],
    found: Gathered,
    crowd: Crowd,
    barred: NDArray[np.uint64],
    now: int,
    *,
    repeats: bool = False,
    content: Content | None = None,
) -> Slate:
    """Return what `slate` does, of what is at hand: `evidence_of(recents)`, and its rows.

    Cost: 50 us with 20 rows of 64 where numba is installed.
    """
    own = np.array([touch.item for touch in recents[: -1 - TOUCHES : -1]], np.uint64)
    pool = fastest(_rows(evidence, found), crowd, own, barred, repeats, _SETTINGS)
    if content is not None and len(content):
        recent = [(item, FADE[lag] * said) for lag, (item, said) in enumerate(evidence)]
        pool = content.describe(pool, recent, (own, barred), _DESCRIBED)
    pause = max(now - recents[-1].time, 0) if recents else -1
    return Slate(*pool, len(evidence), pause)


def featured(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what experts say (m, experts) as the features that the blend reads."""
    features: NDArray[np.float64] = log_of(1.0 + shares / SCALES)
    return features


def evidence_of(recents: Sequence[Touch]) -> list[tuple[int, float]]:
    """Return the last distinct items that were not disliked, newest first, and their weights."""
    found: list[tuple[int, float]] = []
    seen: set[int] = set()
    for touch in reversed(recents):
        if touch.item in seen:
            continue
        seen.add(touch.item)
        weight = WEIGHTS.get(touch.type, 0.0)
        if weight > 0.0:
            found.append((touch.item, weight))
            if len(found) == WINDOW:
                break
    return found


def _rows(evidence: Sequence[tuple[int, float]], found: Gathered) -> Rows:
    """Return rows with how much each counts."""
    trusts = [fade * weight for fade, (_, weight) in zip(FADE, evidence, strict=False)]
    return Rows(
        found.keys,
        found.weights,
        found.lengths,
        np.array(trusts)[found.lags] / sum(trusts) if trusts else np.empty(0),
        1.0 / (found.masses.astype(np.float64) + DOUBT),
        found.lags,
    )
