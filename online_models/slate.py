"""Which items may come next, and what each expert says of them.

Each expert gives an item a share p; its feature is log(1 + p / EPS), so that 0 means "knows
nothing of it". The experts:

* `together`, `next`: the neighbours of the person's recent items, in either channel of their rows
* `short`, `medium`, `long`: popularity over the three horizons
* `repeat`: what the person touched before, where repeats are asked for
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from online_models.popularity import HORIZONS
from online_models.rows import CHANNELS, NeighbourRow, TopList
from online_models.touches import WEIGHTS, Touch

EXPERTS: Final = (*CHANNELS, *HORIZONS, "repeat")
REPEAT: Final = EXPERTS.index("repeat")

EPS: Final = 2e-3
"""Share from which an expert is taken to know something: well below it a feature is about 0."""

CANDIDATES: Final = 200
HEAD: Final = 20
"""Items at the top of each horizon that are candidates whatever the neighbours say."""

WINDOW: Final = 20
"""Recent items whose neighbours are asked."""

FADE: Final = tuple((0.8**lag, float(lag == 0)) for lag in range(WINDOW))
"""How much the neighbours of a recent item count, by how long ago it was, in either channel."""

OWN_FADE: Final = tuple((1.0 + lag) ** -2.0 for lag in range(WINDOW))
"""How likely a recent item itself is to come back: people return to the last few, or to any."""

DOUBT: Final = 10.0
"""Weight that a row must gather before half of what it says is believed."""


class Slate(NamedTuple):
    """Candidates `items` (m,) by rising number, and their `features` (m, experts).

    `history` is how many distinct items of the person's recents speak for something.
    """

    items: NDArray[np.uint64]
    features: NDArray[np.float64]
    history: int


def slate(
    recents: Sequence[Touch],
    rows: Mapping[int, NeighbourRow],
    tops: Mapping[str, TopList],
    exclude: Collection[int],
    *,
    repeats: bool = False,
) -> Slate:
    """Return at most `CANDIDATES` candidates; the arguments are those of `blend.rank`."""
    evidence = evidence_of(recents)
    near, near_shares = _neighbours(evidence, rows)
    heads = [tops[horizon].keys[:HEAD] for horizon in HORIZONS if horizon in tops]
    own = np.array([touch.item for touch in recents[-WINDOW:]], np.uint64)
    items, place = np.unique(np.concatenate([near, *heads, own]), return_inverse=True)
    at_near, at_heads, at_own = np.split(place, (len(near), len(place) - len(own)))
    shares = np.zeros((len(EXPERTS), len(items)))
    for channel in range(len(CHANNELS)):
        shares[channel] = np.bincount(at_near, near_shares[:, channel], len(items))
    shares[REPEAT] = np.bincount(at_own, _repeat_shares(len(own)), len(items))
    promise = shares.sum(axis=0)
    promise[at_heads] += 1.0
    promise[_positions(items, exclude)] = 0.0
    if not repeats:
        promise[at_own] = 0.0
    chosen = _largest(promise, CANDIDATES)
    items, shares = items[chosen], shares[:, chosen]
    for expert, horizon in enumerate(HORIZONS, len(CHANNELS)):
        if horizon in tops:
            shares[expert] = tops[horizon].shares_of(items)
    return Slate(items, np.log1p(shares.T / EPS), len(evidence))


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


def _neighbours(
    evidence: Sequence[tuple[int, float]], rows: Mapping[int, NeighbourRow]
) -> tuple[NDArray[np.uint64], NDArray[np.floating[Any]]]:
    """Return the neighbours (n,) of recent items, and the shares (n, channels) they get."""
    trusts = [weight * fade for (_, weight), (fade, _) in zip(evidence, FADE, strict=False)]
    total = sum(trusts)
    found = [
        (row, trust / total, FADE[lag][1])
        for lag, ((item, _), trust) in enumerate(zip(evidence, trusts, strict=True))
        if (row := rows.get(item)) is not None and len(row.keys)
    ]
    if not found:
        return np.empty(0, np.uint64), np.empty((0, len(CHANNELS)))
    lengths = [len(row.keys) for row, _, _ in found]
    weights = np.concatenate([row.weights for row, _, _ in found])
    trust = np.array([trust for _, *trust in found])
    trust /= np.add.reduceat(weights, np.cumsum([0, *lengths[:-1]]), axis=0) + DOUBT
    shares = weights * np.repeat(trust, lengths, axis=0)
    return np.concatenate([row.keys for row, _, _ in found]), shares


def _repeat_shares(count: int) -> NDArray[np.float64]:
    """Return the shares of the last touches, oldest first."""
    fades = np.array(OWN_FADE[:count][::-1])
    shares: NDArray[np.float64] = fades / max(fades.sum(), 1e-9)
    return shares


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
