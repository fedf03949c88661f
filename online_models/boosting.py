"""Boosted trees that grow along the stream, one tree at a time, on a window of the last examples.

Gradient boosting (Friedman 2001; second-order gains as in Chen and Guestrin 2016, equation 7) with
symmetric trees: all nodes of a level share one split, so that a whole forest answers in three array
operations. It is not learnt example by example. The last `window` examples are kept; every `pace`
examples one tree is added to a forest in the making; when it has all its trees it takes the place
of the one that answers, and the next is begun. So no example waits for a whole training, memory
is bounded, and what is older than the window is forgotten.
"""

from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Loss = Literal["log", "squared"]

FIRST: Final = 100
"""Examples before the first tree."""

SMALLEST: Final = 1.0
"""Sum of second derivatives that each side of a split must hold."""

SHRINK: Final = 1.0
"""Second derivatives that pull a leaf towards 0 (lambda)."""


class Forest(NamedTuple):
    """Symmetric trees: columns and thresholds (trees, depth), leaves (trees, 2**depth)."""

    base: float
    columns: NDArray[np.intp]
    thresholds: NDArray[np.float32]
    leaves: Floats

    def raw(self, vector: NDArray[np.float32]) -> float:
        """Return the sum of the leaves that a vector falls into: a log-odds, or a number."""
        went_right = vector.take(self.columns) > self.thresholds
        depth = self.columns.shape[1]
        places = went_right @ (1 << np.arange(depth - 1, -1, -1))
        places += np.arange(len(places)) << depth
        return self.base + float(self.leaves.take(places).sum())


class _Making:
    """A forest in the making: its examples, binned; where it stands; the trees so far."""

    def __init__(self, rows: NDArray[np.float32], targets: Floats, bins: int, loss: Loss) -> None:
        self.targets, self.loss = targets, loss
        at = np.linspace(0, len(rows) - 1, bins + 1).astype(np.intp)[1:-1]
        self.edges = np.sort(rows, axis=0)[at]
        # A column that is the same nearly everywhere has nothing to split.
        self.columns = np.flatnonzero(self.edges[0] < self.edges[-1])
        self.codes = np.empty(rows.shape, np.uint8)
        for column in range(rows.shape[1]):
            self.codes[:, column] = np.searchsorted(self.edges[:, column], rows[:, column])
        mean = float(targets.mean())
        if loss == "log":
            mean = min(max(mean, 1e-3), 1.0 - 1e-3)
            mean = float(np.log(mean / (1.0 - mean)))
        self.base = mean
        self.sums = np.full(len(rows), mean)
        self.trees: list[tuple[NDArray[np.intp], NDArray[np.float32], Floats]] = []

    def slopes(self) -> tuple[Floats, Floats]:
        """Return first and second derivatives of the loss at each example."""
        if self.loss == "squared":
            return self.sums - self.targets, np.ones(len(self.sums))
        p = 1.0 / (1.0 + np.exp(-self.sums))
        return p - self.targets, p * (1.0 - p)

    def grow(self, depth: int, rate: float, share: float, rng: np.random.Generator) -> None:
        """Add a tree, fitted to a `share` of the examples and of the columns."""
        count = len(self.codes)
        bins = len(self.edges) + 1
        rows = np.flatnonzero(rng.random(count) < share)
        order = rng.permutation(len(self.columns))[: max(1, int(len(self.columns) * share))]
        columns = self.columns[np.sort(order)]
        first, second = self.slopes()
        first, second = first[rows], second[rows]
        codes = self.codes[np.ix_(rows, columns)]
        cells = codes + np.arange(len(columns)) * bins
        wide = [np.repeat(values, len(columns)) for values in (first, second)]
        node = np.zeros(len(rows), np.intp)
        split: list[tuple[int, int]] = []
        for level in range(depth):
            shape = (1 << level, len(columns), bins)
            flat = (cells + (node * shape[1] * bins)[:, None]).ravel()
            slope, curve = (
                np.bincount(flat, values, shape[0] * shape[1] * bins).reshape(shape).cumsum(2)
                for values in wide
            )
            column, code = _best(slope, curve)
            split.append((int(columns[column]), code))
            node = 2 * node + (codes[:, column] > code)
        sums = np.bincount(node, first, 1 << depth).astype(np.float64)
        leaves: Floats = -rate * sums / (np.bincount(node, second, 1 << depth) + SHRINK)
        at = np.zeros(count, np.intp)
        for column, code in split:
            at = 2 * at + (self.codes[:, column] > code)
        self.sums = self.sums + leaves[at]
        chosen = np.array([column for column, _ in split], np.intp)
        limits = np.array([self.edges[code, column] for column, code in split], np.float32)
        self.trees.append((chosen, limits, leaves))

    def forest(self) -> Forest:
        """Return the trees so far."""
        columns, thresholds, leaves = zip(*self.trees, strict=True)
        return Forest(self.base, np.stack(columns), np.stack(thresholds), np.stack(leaves))


def _best(slope: Floats, curve: Floats) -> tuple[int, int]:
    """Return the column and the last bin to the left of the split that gains most over all nodes.

    `slope` and `curve` (nodes, columns, bins) are sums of the derivatives up to each bin.
    """
    slopes, curves = slope[:, :1, -1:], curve[:, :1, -1:]
    rest, rest_curve = slopes - slope, curves - curve
    gain = slope**2 / (curve + SHRINK) + rest**2 / (rest_curve + SHRINK)
    gain -= slopes**2 / (curves + SHRINK)
    gain[(curve < SMALLEST) | (rest_curve < SMALLEST)] = 0.0
    # The last bin has nothing to its right.
    best = int(gain.sum(0)[:, :-1].argmax())
    return best // (slope.shape[2] - 1), best % (slope.shape[2] - 1)


class BoostedForest:
    """A forest that is made anew, tree by tree, while the last one answers.

    `pace` says how many examples go by for each tree; a young model goes faster, since its window
    fills: one tree for each example at first, slowed down by one more example each `slow` examples.
    Saved it has at most `window` * (5 * width + 32) bytes, beside some 20 KB of trees.
    Cost: 8 us to answer; 1 to 2 ms a tree at 4,096 examples of 30 columns.

    >>> forest = BoostedForest(window=256, trees=10)
    >>> for n in range(300):
    ...     forest.learn_one(np.array([n % 7, n % 2], np.float32), float(n % 2))
    >>> forest.raw_one(np.array([0, 1], np.float32)) > 0 > forest.raw_one(np.zeros(2, np.float32))
    True
    """

    def __init__(
        self,
        loss: Loss = "log",
        *,
        window: int = 8_192,
        trees: int = 60,
        depth: int = 4,
        rate: float = 0.1,
        share: float = 0.7,
        bins: int = 32,
        pace: int = 1,
        slow: int = 250,
        seed: int = 1,
    ) -> None:
        self.loss: Loss = loss
        self.window, self.trees, self.depth = window, trees, depth
        self.rate, self.share, self.bins = rate, share, bins
        self.pace, self.slow, self.seed = pace, slow, seed
        self.learned = 0
        self.forest: Forest | None = None
        self._grown = 0
        self._next = FIRST
        self._rows = np.zeros((0, 0), np.float32)
        self._targets = np.zeros(0, np.float32)
        self._making: _Making | None = None

    def raw_one(self, vector: NDArray[np.float32]) -> float | None:
        """Return the log-odds (loss `log`) or the number; None before the first forest is made."""
        return None if self.forest is None else self.forest.raw(vector)

    def learn_one(self, vector: NDArray[np.float32], target: float) -> None:
        """Keep an example; at times grow a tree."""
        at = self.learned % self.window
        if at >= len(self._rows) or len(vector) > self._rows.shape[1]:
            self._make_room(at, len(vector))
        self._rows[at, : len(vector)] = vector
        self._targets[at] = target
        self.learned += 1
        if self.learned >= self._next:
            self._next = self.learned + min(self.pace, 1 + self.learned // self.slow)
            self._grow()

    def _make_room(self, at: int, width: int) -> None:
        rows, columns = self._rows.shape
        count = min(max(2 * rows, 64), self.window) if at >= rows else rows
        wider = np.zeros((count, max(columns, width)), np.float32)
        wider[:rows, :columns] = self._rows
        self._rows = wider
        self._targets = np.concatenate([self._targets, np.zeros(count - rows, np.float32)])

    def _grow(self) -> None:
        if self._making is None:
            held = min(self.learned, self.window)
            targets = self._targets[:held].astype(np.float64)
            if self.loss == "log" and not 0.0 < targets.mean() < 1.0:
                return
            making = _Making(self._rows[:held], targets, self.bins, self.loss)
            if not len(making.columns):
                return
            self._making = making
        rng = np.random.default_rng([self.seed, self._grown])
        self._making.grow(self.depth, self.rate, self.share, rng)
        self._grown += 1
        if len(self._making.trees) == self.trees:
            self.forest, self._making = self._making.forest(), None
