"""Intervals for means of bounded values that hold for any distribution, however rare its events.

Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (JRSS B 86(1),
2024): a gambler bets, row by row, that the mean is not `m`; a fair game multiplies the stake by
1/alpha with a chance of at most alpha (Ville's inequality), so every `m` at which that happened is
ruled out. Bets are their "predictable plug-in" (their equation 26) for the number of rows given.

Nothing is assumed of the rows but their bounds, and that each has the same mean given those before
it: they may come from a policy that learns. The usual interval (mean and 1.96 deviations) assumes
that sums are normal, and where a hundred weights of 80 meet one click it holds far too seldom:
`python -m benchmarks.ope_coverage` has both.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

CAUTION: Final = 0.75
"""Share of the stake that one row may cost."""

EARLY_SPREAD: Final = 0.05
"""Variance that is expected before the first row, in squares of the range."""

STEPS: Final = 40

Row = NDArray[np.float64]


class Interval(NamedTuple):
    """Bounds, both included."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Say whether a value lies within."""
        return self.low <= value <= self.high


def mean_interval(
    values: Row, low: Row | float, high: Row | float, alpha: float = 0.05
) -> Interval:
    """Return bounds of the mean of `values` (n,), of which row i lies in [low_i, high_i].

    They hold with a chance of at least 1 - alpha. Cost: 80 passes over the rows.

    >>> rng = np.random.default_rng(1)
    >>> mean_interval(np.where(rng.random(2_000) < 0.1, 1.0, 0.0), 0.0, 1.0).holds(0.1)
    True
    """
    lows, highs = _rows(low, values), _rows(high, values)
    bets = _bets(values, highs - lows, alpha)
    return _search(
        lambda m: bets.capital(values - m, m - lows, 1.0),
        lambda m: bets.capital(values - m, highs - m, -1.0),
        float(values.mean()),
        (float(lows.min()), float(highs.max())),
        alpha,
    )


def ratio_interval(
    weights: Row, values: Row, most: Row | float, top: float, alpha: float = 0.05
) -> Interval:
    """Return bounds of E[weight * value] / E[weight], for values from 0 to `top`.

    `most` (n,) or a number is the largest that each weight could have been.

    >>> rng = np.random.default_rng(1)
    >>> values = np.where(rng.random(2_000) < 0.1, 1.0, 0.0)
    >>> ratio_interval(np.ones(2_000), values, 1.0, 1.0).holds(0.1)
    True
    """
    largest = _rows(most, values)
    total = float(weights.sum())
    centre = float(weights @ values) / total if total > 0.0 else 0.0
    before = np.concatenate([[1.0], 1.0 + np.cumsum(weights)[:-1]])
    running = np.concatenate([[0.0], np.cumsum(weights * values)[:-1]]) / before
    bets = _bets(weights * (values - running), largest * top, alpha)
    return _search(
        lambda m: bets.capital(weights * (values - m), largest * m, 1.0),
        lambda m: bets.capital(weights * (values - m), largest * (top - m), -1.0),
        centre,
        (0.0, top),
        alpha,
    )


class _Bets(NamedTuple):
    """The stakes (n,) that would be put on each row, before they are cut to what is bearable."""

    stakes: Row

    def capital(self, won: Row, loss: Row, sign: float) -> float:
        """Return the log of what becomes of the stake; `loss` (n,) is the most a row may cost."""
        stakes = np.minimum(self.stakes, CAUTION / np.maximum(loss, 1e-12))
        return float(np.log1p(sign * stakes * won).sum())


def _bets(values: Row, span: Row, alpha: float) -> _Bets:
    """Return bets that know of each row only what came before it."""
    count = len(values)
    place = np.arange(1.0, count + 1.0)
    off = (values - np.cumsum(values) / (place + 1.0)) ** 2
    seen = np.concatenate([[0.0], np.cumsum(off)[:-1]])
    scale = np.maximum.accumulate(np.maximum(span, 1e-12)) ** 2
    variance = (EARLY_SPREAD * scale + seen) / place
    return _Bets(np.sqrt(2.0 * np.log(2.0 / alpha) / (variance * count)))


def _search(
    above: Callable[[float], float],
    below: Callable[[float], float],
    centre: float,
    ends: tuple[float, float],
    alpha: float,
) -> Interval:
    """Return the least and the largest mean that neither gambler has ruled out."""
    enough = float(np.log(2.0 / alpha))
    low, high = ends
    centre = min(max(centre, low), high)
    return Interval(
        _border(lambda m: above(m) >= enough, low, centre),
        _border(lambda m: below(m) >= enough, high, centre),
    )


def _border(ruled_out: Callable[[float], bool], outer: float, inner: float) -> float:
    """Return where what is ruled out ends, between a bound and the estimate."""
    if not ruled_out(outer):
        return outer
    for _ in range(STEPS):
        middle = (outer + inner) / 2.0
        if ruled_out(middle):
            outer = middle
        else:
            inner = middle
    return outer


def _rows(bound: Row | float, like: Row) -> Row:
    return np.broadcast_to(np.asarray(bound, np.float64), like.shape)
