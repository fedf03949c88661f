"""How good were probabilities, and amounts? Figures over everything that counts.

Probabilities: `auc`, `log_loss`, `brier`, and `ece`, the mean distance between what was said and
what happened in ten bins of equal size; `curve` is these bins: said, happened, examples.
Amounts: `mae`, `bias` (mean said less mean came), and of an interval `coverage` and `width`.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 10
SURE: Final = 1e-9

Floats = NDArray[np.float64]


def probabilities(said: Sequence[float], came: Sequence[bool]) -> dict[str, Any]:
    """Return the figures of probabilities.

    >>> figures = probabilities([0.1, 0.2, 0.8, 0.9], [False, False, True, True])
    >>> figures["auc"], figures["log_loss"], figures["brier"]
    (1.0, 0.1643, 0.025)
    """
    p, y = np.array(said), np.array(came, np.bool_)
    bounded = np.clip(p, SURE, 1.0 - SURE)
    bins = [part for part in np.array_split(np.argsort(p, kind="stable"), BINS) if len(part)]
    return {
        "auc": auc(p, y),
        "log_loss": _rounded(-np.log(np.where(y, bounded, 1.0 - bounded)).mean()),
        "brier": _rounded(((p - y) ** 2).mean()),
        "ece": _rounded(sum(abs(p[b].mean() - y[b].mean()) * len(b) for b in bins) / len(p)),
        "curve": [[_rounded(p[b].mean()), _rounded(y[b].mean()), len(b)] for b in bins],
    }


def auc(p: Floats, y: NDArray[np.bool_]) -> float:
    """Return the probability that a yes was given more than a no, equals counting a half.

    >>> auc(np.array([0.5, 0.5]), np.array([True, False]))
    0.5
    """
    yes, no = int(y.sum()), int((~y).sum())
    if not yes or not no:
        return 0.5
    _, inverse, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return _rounded((ranks[y].sum() - yes * (yes + 1) / 2) / (yes * no))


def amounts(said: Sequence[float], came: Sequence[float]) -> dict[str, Any]:
    """Return the figures of amounts.

    >>> amounts([1.0, 3.0], [2.0, 3.0])
    {'mae': 0.5, 'bias': -0.5}
    """
    guess, truth = np.array(said), np.array(came)
    return {
        "mae": _rounded(np.abs(guess - truth).mean()),
        "bias": _rounded((guess - truth).mean()),
    }


def bounds(low: Sequence[float], high: Sequence[float], came: Sequence[float]) -> dict[str, Any]:
    """Return how often bounds held, and how wide they were, by the median.

    >>> bounds([0.0, 0.0], [1.0, 3.0], [0.5, 4.0])
    {'coverage': 0.5, 'width': 2.0}
    """
    lows, highs, truth = np.array(low), np.array(high), np.array(came)
    held = (lows <= truth) & (truth <= highs)
    return {"coverage": _rounded(held.mean()), "width": _rounded(np.median(highs - lows))}


def _rounded(value: Any) -> float:
    return round(float(value), 4)
