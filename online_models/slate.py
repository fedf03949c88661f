"""Which items may come next, and what each expert says of them.

Each expert gives an item a share p; its feature is log(1 + p / EPS), so that 0 means "knows
nothing of it". The experts:

* `together`, `next`: the neighbours of the person's recent items, in either channel of their rows;
  `last_together`, `last_next`: those of the newest one alone
* `rare`, `rare_next`: the same neighbours, but for how much they are paired with anything
* `support`: how many of the recent items have it for a neighbour
* `short`, `medium`, `long`: popularity over the three horizons
* `repeat`, `repeat_last`, `repeat_count`: what the person touched before, where repeats are asked
  for: how recently, whether it was the last, and how often
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models.pooling import COLUMNS, Rows, fastest
from online_models.popularity import HORIZONS
from online_models.rows import CHANNELS, NeighbourRow, TopList
from online_models.touches import WEIGHTS, Touch

REPEATS: Final = ("repeat", "repeat_last", "repeat_count")
EXPERTS: Final = (*COLUMNS, *HORIZONS, *REPEATS)
REPEAT: Final = EXPERTS.index("repeat")
_SUPPORT: Final = EXPERTS.index("support")
_RARE: Final = EXPERTS.index("rare")

LINKED: Final = "linked"
"""The ranking of items by how much they are paired with any others."""

EPS: Final = 2e-3
"""Share from which an expert is taken to know something: well below it a feature is about 0."""

SCALES: Final = np.array(
    [{"support": 1.0, "repeat_last": 0.05, "repeat_count": 2.5}.get(name, EPS) for name in EXPERTS]
)
"""`EPS` of each expert; some do not speak in shares."""

CANDIDATES: Final = 250
HEAD: Final = 20
"""Items at the top of each horizon that are candidates whatever the neighbours say."""

WINDOW: Final = 20
"""Recent items whose neighbours are asked."""

FADE: Final = np.array([0.8**lag for lag in range(WINDOW)])
"""How much the neighbours of a recent item count, by how long ago it was."""

TOUCHES: Final = 50
OWN_FADE: Final = (1.0 + np.arange(TOUCHES)) ** -2.0
"""How likely a recent item itself is to come back: people return to the last few, or to any."""

DOUBT: Final = 3.0
"""Weight that a row must gather before half of what it says is believed."""


class Slate(NamedTuple):
    """Candidates `items` (m,) by rising number, and their `features` (m, experts).

    `own` (m,) tells what the person touched before. `history` is how many distinct items of the
    person's recents speak for something; `pause` is the time since the last touch (ms), -1 if
    there is none.
    """

    items: NDArray[np.uint64]
    features: NDArray[np.float64]
    own: NDArray[np.bool_]
    history: int
    pause: int


def slate(
    recents: Sequence[Touch],
    rows: Mapping[int, NeighbourRow],
    tops: Mapping[str, TopList],
    exclude: Collection[int],
    now: int,
    *,
    repeats: bool = False,
) -> Slate:
    """Return at most `CANDIDATES` candidates; the arguments are those of `blend.rank`."""
    evidence = evidence_of(recents)
    found = _rows(evidence, rows)
    own = np.array([touch.item for touch in recents[: -1 - TOUCHES : -1]], np.uint64)
    heads = [tops[horizon].keys[:HEAD] for horizon in HORIZONS if horizon in tops]
    items, sums = fastest()(found, np.concatenate([*heads, own]))
    at_own = np.searchsorted(items, own)
    shares = np.zeros((len(items), len(EXPERTS)))
    shares[:, : len(COLUMNS)] = sums
    if repeats:
        shares[:, REPEAT:] = _repeats(at_own, len(items))
    promise = shares[:, 0] + shares[:, 1] + shares[:, REPEAT]
    for head in heads:
        promise[np.searchsorted(items, head)] += 1.0
    promise[_positions(items, exclude)] = 0.0
    if not repeats:
        promise[at_own] = 0.0
    chosen = _largest(promise, CANDIDATES)
    touched = np.zeros(len(items), np.bool_)
    touched[at_own] = True
    pause = max(now - recents[-1].time, 0) if recents else -1
    return Slate(
        items[chosen],
        _features(items[chosen], shares[chosen], tops),
        touched[chosen],
        len(evidence),
        pause,
    )


def featured(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what experts say (m, experts) as the features that the blend reads."""
    features: NDArray[np.float64] = np.log1p(shares / SCALES)
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


def _rows(evidence: Sequence[tuple[int, float]], rows: Mapping[int, NeighbourRow]) -> Rows:
    """Return the rows of recent items, as far as there are any."""
    trusts = FADE[: len(evidence)] * [weight for _, weight in evidence]
    found = [(lag, row) for lag, (item, _) in enumerate(evidence) if (row := rows.get(item))]
    if not found:
        return Rows(
            np.empty(0, np.uint64),
            np.empty((0, len(CHANNELS)), np.float32),
            np.empty(0, np.int64),
            np.empty(0),
            np.empty((0, len(CHANNELS))),
            newest=False,
        )
    return Rows(
        np.concatenate([row.keys for _, row in found]),
        np.concatenate([row.weights for _, row in found]),
        np.array([len(row.keys) for _, row in found]),
        trusts[[lag for lag, _ in found]] / trusts.sum(),
        1.0 / (np.array([row.mass for _, row in found], np.float64) + DOUBT),
        newest=found[0][0] == 0,
    )


def _repeats(at_own: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return what the experts of repeats say; `at_own` is where the touches are, newest first."""
    said = np.zeros((count, len(REPEATS)))
    if len(at_own):
        said[:, 0] = np.bincount(at_own, OWN_FADE[: len(at_own)], count)
        said[at_own[0], 1] = 1.0
        said[:, 2] = np.bincount(at_own, minlength=count)
    return said


def _features(
    items: NDArray[np.uint64], shares: NDArray[np.float64], tops: Mapping[str, TopList]
) -> NDArray[np.float64]:
    for expert, horizon in enumerate(HORIZONS, len(COLUMNS)):
        if horizon in tops:
            shares[:, expert] = tops[horizon].shares_of(items)
    linked = tops.get(LINKED)
    mass = linked.weights_of(items) if linked is not None else np.zeros(len(items))
    shares[:, _RARE : _RARE + 2] /= np.sqrt(mass + DOUBT)[:, None]
    return featured(shares)


def _positions(items: NDArray[np.uint64], wanted: Collection[int]) -> NDArray[np.intp]:
    """Return where the wanted ones stand in the sorted `items`, as far as they do."""
    if not len(items) or not wanted:
        return np.empty(0, np.intp)
    keys = np.fromiter(wanted, np.uint64, len(wanted))
    at = np.minimum(np.searchsorted(items, keys), len(items) - 1)
    found: NDArray[np.intp] = at[items[at] == keys]
    return found


def _largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return where the largest positive values stand, rising; of equals the first ones."""
    if len(values) > count:
        limit = np.sort(values)[-count]
        chosen = values > limit
        chosen[np.flatnonzero(values == limit)[: count - np.count_nonzero(chosen)]] = True
        values = np.where(chosen, values, 0.0)
    return np.flatnonzero(values > 0.0)
