"""Figures for every family of models, in the definitions of the textbooks.

Labels are 0 or 1, predictions probabilities or scores, all as arrays (n,). What cannot be told,
such as the AUC where one class is missing, is None.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

CLIP: Final = 1e-15
SILHOUETTE_SAMPLE: Final = 1_000


def log_loss(labels: ArrayLike, chances: ArrayLike) -> float:
    """Return the mean negative logarithm of what was said of what came true, in nats.

    >>> round(log_loss([1, 0], [0.5, 0.5]), 6)
    0.693147
    """
    y, p = _pair(labels, chances)
    p = np.clip(p, CLIP, 1.0 - CLIP)
    return float(-np.mean(np.where(y > 0.5, np.log(p), np.log1p(-p))))


def brier(labels: ArrayLike, chances: ArrayLike) -> float:
    """Return the mean squared distance of the chance from what came true.

    >>> brier([1, 0], [0.5, 0.0])
    0.125
    """
    y, p = _pair(labels, chances)
    return float(np.mean((y - p) ** 2))


def auc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Return the chance that one of class 1 scores above one of class 0; ties count half.

    By the ranks' sum (Mann and Whitney, 1947): O(n log n).

    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    y, s = _pair(labels, scores)
    ones = int((y > 0.5).sum())
    zeros = len(y) - ones
    if not ones or not zeros:
        return None
    _, place, counts = np.unique(s, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2.0)[place]
    return float((ranks[y > 0.5].sum() - ones * (ones + 1) / 2.0) / (ones * zeros))


class CalibrationBin(NamedTuple):
    """What was said, and how often it came true, in one part of the scale."""

    size: int
    said: float
    came: float


def calibration(labels: ArrayLike, chances: ArrayLike, bins: int = 10) -> list[CalibrationBin]:
    """Return the parts of equal width that hold predictions, from low to high chances.

    >>> calibration([0, 1, 1], [0.1, 0.9, 1.0])[-1]
    CalibrationBin(size=2, said=0.95, came=1.0)
    """
    y, p = _pair(labels, chances)
    part = np.minimum((p * bins).astype(np.int64), bins - 1)
    return [
        CalibrationBin(int(mine.sum()), float(p[mine].mean()), float(y[mine].mean()))
        for mine in (part == number for number in range(bins))
        if mine.any()
    ]


def calibration_error(labels: ArrayLike, chances: ArrayLike, bins: int = 10) -> float:
    """Return the mean distance of what was said from how often it came, weighted by counts.

    >>> calibration_error([0, 1], [0.5, 0.5])
    0.0
    """
    parts = calibration(labels, chances, bins)
    total = sum(part.size for part in parts)
    return sum(part.size * abs(part.said - part.came) for part in parts) / max(total, 1)


def macro_f1(labels: Sequence[str], guessed: Sequence[str]) -> float:
    """Return the mean of the labels' F1, each label counting alike however rare it is.

    Over the labels that came; one that was only guessed counts against the others.

    >>> round(macro_f1(["a", "a", "b"], ["a", "b", "b"]), 4)
    0.6667
    """
    came, said = Counter(labels), Counter(guessed)
    hits = Counter(a for a, b in zip(labels, guessed, strict=True) if a == b)
    return sum(2.0 * hits[name] / (came[name] + said[name]) for name in came) / max(len(came), 1)


def mae(truth: ArrayLike, predicted: ArrayLike) -> float:
    """Return the mean absolute error.

    >>> mae([1, 2], [2, 2])
    0.5
    """
    y, p = _pair(truth, predicted)
    return float(np.abs(y - p).mean())


def running_mean_mae(truth: ArrayLike) -> float:
    """Return the MAE of always guessing the mean of all before: what a regression must beat.

    The first guess is 0.

    >>> running_mean_mae([2, 4, 3])
    1.3333333333333333
    """
    y = np.asarray(truth, np.float64)
    if not len(y):
        raise ValueError("no values to compare")
    before = np.concatenate([[0.0], np.cumsum(y)[:-1] / np.arange(1, len(y))])
    return mae(y, before)


def interval_coverage(truth: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the share of values within their intervals, bounds included.

    >>> interval_coverage([1, 5], [0, 0], [2, 2])
    0.5
    """
    y, below = _pair(truth, low)
    _, above = _pair(truth, high)
    return float(np.mean((below <= y) & (y <= above)))


def list_ndcg(relevant: Sequence[float], n: int = 10) -> float | None:
    """Return NDCG@n of one list: gains in the order shown, over those of the best order.

    Gains are taken as they are, discounted by log2(1 + rank). None if nothing is relevant.

    >>> round(list_ndcg([0, 1]), 4)
    0.6309
    """
    gains = np.asarray(relevant, np.float64)
    discounts = 1.0 / np.log2(2.0 + np.arange(min(n, len(gains))))
    ideal = float(np.sort(gains)[::-1][:n] @ discounts)
    return float(gains[:n] @ discounts) / ideal if ideal > 0.0 else None


def list_mrr(relevant: Sequence[float]) -> float | None:
    """Return 1 / rank of the first relevant entry; None if nothing is relevant.

    >>> list_mrr([0, 0, 1])
    0.3333333333333333
    """
    places = np.flatnonzero(np.asarray(relevant) > 0)
    return 1.0 / (1.0 + int(places[0])) if len(places) else None


def mean_of(values: Iterable[float | None]) -> float | None:
    """Return the mean of what could be told; None if that is nothing.

    >>> mean_of([0.5, None, 1.0])
    0.75
    """
    told = [value for value in values if value is not None]
    return sum(told) / len(told) if told else None


def silhouette(
    points: NDArray[np.floating[Any]],
    clusters: ArrayLike,
    sample: int = SILHOUETTE_SAMPLE,
    seed: int = 1,
) -> float | None:
    """Return the mean silhouette (Rousseeuw, 1987) of a seeded sample of points (n, d).

    For a point, a is its mean distance to its own cluster's others and b that to the nearest other
    cluster: (b - a) / max(a, b), or 0 in a cluster of one. None with fewer than two clusters.

    >>> silhouette(np.array([[0.0], [0.0], [9.0], [9.0]]), [0, 0, 1, 1])
    1.0
    """
    x, c = np.asarray(points, np.float64), np.asarray(clusters)
    if len(x) != len(c):
        raise ValueError(f"{len(x)} points, but {len(c)} clusters")
    if len(x) > sample:
        some = np.sort(np.random.default_rng(seed).choice(len(x), sample, replace=False))
        x, c = x[some], c[some]
    names, mine = np.unique(c, return_inverse=True)
    if len(names) < 2:
        return None
    squares = (x * x).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2.0 * x @ x.T, 0.0))
    np.fill_diagonal(apart, 0.0)
    member = np.eye(len(names))[mine]
    sums, sizes = apart @ member, member.sum(axis=0)
    line = np.arange(len(x))
    own = sums[line, mine] / np.maximum(sizes[mine] - 1, 1)
    others = sums / sizes
    others[line, mine] = np.inf
    nearest = others.min(axis=1)
    scores = (nearest - own) / np.maximum(np.maximum(own, nearest), 1e-300)
    return float(np.where(sizes[mine] > 1, scores, 0.0).mean())


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise ValueError(
            f"expected two equally long lists of numbers: {first.shape}, {second.shape}"
        )
    return first, second
