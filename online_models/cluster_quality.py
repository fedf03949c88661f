"""How good are groups of people: how tight and apart, and how much like those of before?"""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE: Final = 1_000

Array = NDArray[np.float64]


def silhouette(points: Array, labels: NDArray[np.intp]) -> float:
    """Return the mean silhouette (Rousseeuw 1987) of at most `SAMPLE` points; 0 for one group.

    >>> points = np.array([[0.0], [0.1], [5.0], [5.1]])
    >>> round(silhouette(points, np.array([0, 0, 1, 1])), 2)
    0.98
    """
    chosen = np.random.default_rng(0).permutation(len(points))[:SAMPLE]
    points, (_, numbers) = points[chosen], np.unique(labels[chosen], return_inverse=True)
    sizes = np.bincount(numbers)
    if len(sizes) < 2:
        return 0.0
    squares = (points**2).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0.0))
    sums = np.stack([distances[:, numbers == n].sum(axis=1) for n in range(len(sizes))], axis=1)
    line = np.arange(len(points))
    inside = sums[line, numbers] / np.maximum(sizes[numbers] - 1, 1)
    means = sums / sizes
    means[line, numbers] = np.inf
    outside = means.min(axis=1)
    values = (outside - inside) / np.maximum(np.maximum(inside, outside), 1e-12)
    return float(np.where(sizes[numbers] > 1, values, 0.0).mean())


def adjusted_rand(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return how alike two groupings are (Hubert and Arabie 1985): 1 the same, 0 as by chance.

    >>> adjusted_rand(["a", "a", "b", "b"], [1, 1, 2, 2])
    1.0
    """
    a, b = numbered(first), numbered(second)
    table = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(table, (a, b), 1.0)
    together, rows, columns = (
        float((c * (c - 1) / 2).sum()) for c in (table, table.sum(axis=1), table.sum(axis=0))
    )
    pairs = len(a) * (len(a) - 1) / 2
    chance = rows * columns / pairs if pairs else 0.0
    most = (rows + columns) / 2
    return 1.0 if most == chance else (together - chance) / (most - chance)


def standard(points: Array) -> Array:
    """Return points in standard deviations from their mean, cut at five."""
    deviations = points.std(axis=0)
    scaled = (points - points.mean(axis=0)) / np.where(deviations > 1e-9, deviations, np.inf)
    clipped: Array = np.clip(scaled, -5.0, 5.0)
    return clipped


def numbered(labels: Sequence[Hashable]) -> NDArray[np.intp]:
    """Return labels as numbers, in the order in which they are met."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(label, len(numbers)) for label in labels], np.intp)
