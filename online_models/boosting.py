"""Boosted trees that are replaced along the stream, one by one, on a window of the last examples.

Gradient boosting (Friedman 2001; second-order gains as in Chen and Guestrin 2016, equation 7) with
symmetric trees: all nodes of a level share one split, so that a whole forest answers in three array
operations. It is not learnt example by example. The last `window` examples are kept; every `pace`
examples one tree is fitted to what the others leave unexplained of them, and takes the place of the
oldest. So no example waits for a whole training, memory is bounded, and what is older than the
window is forgotten, tree by tree.
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

GROWN: Final = 1.25
"""How much a window may fill before its values are put into bins anew."""

REBIN: Final = 15
"""Trees after which values are put into bins anew, and the base is told again."""

_POWERS: Final = 1 << np.arange(15, -1, -1)


class Tree(NamedTuple):
    """A symmetric tree: at each level one column (depth) and its limit; leaves (2**depth)."""

    columns: NDArray[np.intp]
    limits: NDArray[np.float32]
    leaves: Floats

    def of(self, rows: NDArray[np.float32]) -> Floats:
        """Return the leaf that each row falls into."""
        at = np.zeros(len(rows), np.intp)
        for column, limit in zip(self.columns.tolist(), self.limits, strict=True):
            at = 2 * at + (rows[:, column] > limit)
        return self.leaves[at]


class Forest:
    """Trees side by side, each in a place that `put` fills: columns and limits (trees, depth)."""

    def __init__(self, base: float, trees: int, depth: int) -> None:
        self.base = base
        self.columns = np.zeros((trees, depth), np.intp)
        self.limits = np.full((trees, depth), np.inf, np.float32)
        self.leaves = np.zeros((trees, 1 << depth))
        self._first = np.arange(trees) << depth

    def put(self, at: int, tree: Tree) -> None:
        """Give a tree the place `at`."""
        self.columns[at], self.limits[at], self.leaves[at] = tree

    def tree(self, at: int) -> Tree:
        """Return the tree at a place; one that was never put is 0 everywhere."""
        return Tree(self.columns[at], self.limits[at], self.leaves[at])

    def raw(self, vector: NDArray[np.float32]) -> float:
        """Return the sum of the leaves that a vector falls into: a log-odds, or a number."""
        went_right = vector.take(self.columns) > self.limits
        places = went_right @ _POWERS[-self.columns.shape[1] :] + self._first
        return self.base + float(np.add.reduce(self.leaves.take(places)))

    def of(self, rows: NDArray[np.float32]) -> Floats:
        """Return the same of many rows."""
        sums = np.full(len(rows), self.base)
        for at in range(len(self.leaves)):
            sums += self.tree(at).of(rows)
        return sums


class _Binned:
    """The window's rows as bins: `edges` (bins - 1, width), codes of the columns that vary."""

    def __init__(self, rows: NDArray[np.float32], bins: int, room: int) -> None:
        self.count = len(rows)
        at = np.linspace(0, len(rows) - 1, bins + 1).astype(np.intp)[1:-1]
        self.edges = np.sort(rows, axis=0)[at]
        # A column that is the same nearly everywhere has nothing to split.
        self.columns = np.flatnonzero(self.edges[0] < self.edges[-1])
        self.codes = np.zeros((room, rows.shape[1]), np.uint8)
        self.code(np.arange(len(rows)), rows)

    def code(self, at: NDArray[np.intp], rows: NDArray[np.float32]) -> None:
        """Put rows into bins, at their places in the window."""
        for column in self.columns.tolist():
            self.codes[at, column] = np.searchsorted(self.edges[:, column], rows[:, column])


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
    """A forest whose oldest tree is replaced, again and again, while all of them answer.

    `pace` says how many examples go by for each tree; a young model goes faster, since its window
    fills: one tree for each example at first, slowed down by one more example each `slow` examples.
    Saved it has at most `window` * (5 * width + 32) bytes, beside some 20 KB of trees.
    Cost: 7 us to answer; 1 to 2 ms a tree at 4,096 examples of 30 columns.

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
        self._sums = np.zeros(0)
        self._binned: _Binned | None = None
        self._coded = 0

    def raw_one(self, vector: NDArray[np.float32]) -> float | None:
        """Return the log-odds (loss `log`) or the number; None before the first tree."""
        return None if self.forest is None else self.forest.raw(vector)

    def learn_one(self, vector: NDArray[np.float32], target: float) -> None:
        """Keep an example; at times replace a tree."""
        at = self.learned % self.window
        if at >= len(self._rows) or len(vector) > self._rows.shape[1]:
            self._make_room(at, len(vector))
        self._rows[at, : len(vector)] = vector
        self._targets[at] = target
        self.learned += 1
        if self.learned >= self._next:
            self._next = self.learned + min(self.pace, 1 + self.learned // self.slow)
            self._replace()

    def _make_room(self, at: int, width: int) -> None:
        rows, columns = self._rows.shape
        count = min(max(2 * rows, 64), self.window) if at >= rows else rows
        wider = np.zeros((count, max(columns, width)), np.float32)
        wider[:rows, :columns] = self._rows
        self._rows = wider
        self._targets = np.concatenate([self._targets, np.zeros(count - rows, np.float32)])
        self._sums = np.concatenate([self._sums, np.zeros(count - rows)])
        self._binned = None

    def _replace(self) -> None:
        """Fit a tree to what the others leave unexplained, and put it in the oldest one's place."""
        held = min(self.learned, self.window)
        rows, targets = self._rows[:held], self._targets[:held].astype(np.float64)
        if self.forest is None:
            if self.loss == "log" and not 0.0 < targets.mean() < 1.0:
                return
            self.forest = Forest(self._base(targets), self.trees, self.depth)
        binned = self._up_to_date(rows, targets, self.forest)
        if not len(binned.columns):
            return
        place, sums = self._grown % self.trees, self._sums[:held]
        sums -= self.forest.tree(place).of(rows)
        rng = np.random.default_rng([self.seed, self._grown])
        tree, at = self._fitted(binned, binned.codes[:held], self._slopes(sums, targets), rng)
        sums += tree.leaves[at]
        self.forest.put(place, tree)
        self._grown += 1

    def _up_to_date(self, rows: NDArray[np.float32], targets: Floats, forest: Forest) -> _Binned:
        """Bring bins and sums up to the last example; anew where bins are old, or the window is."""
        binned = self._binned
        if binned is None or len(rows) > GROWN * binned.count or self._grown % REBIN == 0:
            forest.base = self._base(targets)
            binned = self._binned = _Binned(rows, self.bins, len(self._rows))
            self._sums[: len(rows)] = forest.of(rows)
        else:
            first = max(self._coded, self.learned - self.window)
            at = np.arange(first, self.learned) % self.window
            binned.code(at, rows[at])
            self._sums[at] = forest.of(rows[at])
        self._coded = self.learned
        return binned

    def _base(self, targets: Floats) -> float:
        mean = float(targets.mean())
        if self.loss == "squared":
            return mean
        mean = min(max(mean, 1e-3), 1.0 - 1e-3)
        return float(np.log(mean / (1.0 - mean)))

    def _slopes(self, sums: Floats, targets: Floats) -> tuple[Floats, Floats]:
        """Return first and second derivatives of the loss at each example."""
        if self.loss == "squared":
            return sums - targets, np.ones(len(sums))
        p = 1.0 / (1.0 + np.exp(-sums))
        return p - targets, p * (1.0 - p)

    def _fitted(
        self,
        binned: _Binned,
        codes: NDArray[np.uint8],
        slopes: tuple[Floats, Floats],
        rng: np.random.Generator,
    ) -> tuple[Tree, NDArray[np.intp]]:
        """Return a tree fitted to a share of the examples and columns; and each example's leaf."""
        bins = len(binned.edges) + 1
        rows = np.flatnonzero(rng.random(len(codes)) < self.share)
        order = rng.permutation(len(binned.columns))
        order = order[: max(1, int(len(order) * self.share))]
        columns = binned.columns[np.sort(order)]
        first, second = slopes[0][rows], slopes[1][rows]
        own = codes[np.ix_(rows, columns)]
        cells = own + np.arange(len(columns)) * bins
        wide = [np.repeat(values, len(columns)) for values in (first, second)]
        node = np.zeros(len(rows), np.intp)
        split: list[tuple[int, int]] = []
        for level in range(self.depth):
            shape = (1 << level, len(columns), bins)
            flat = (cells + (node * shape[1] * bins)[:, None]).ravel()
            slope, curve = (
                np.bincount(flat, values, shape[0] * shape[1] * bins).reshape(shape).cumsum(2)
                for values in wide
            )
            column, code = _best(slope, curve)
            split.append((int(columns[column]), code))
            node = 2 * node + (own[:, column] > code)
        sums = np.bincount(node, first, 1 << self.depth).astype(np.float64)
        curves = np.bincount(node, second, 1 << self.depth)
        leaves: Floats = -self.rate * sums / (curves + SHRINK)
        at = np.zeros(len(codes), np.intp)
        for column, code in split:
            at = 2 * at + (codes[:, column] > code)
        chosen = np.array([column for column, _ in split], np.intp)
        limits = np.array([binned.edges[code, column] for column, code in split], np.float32)
        return Tree(chosen, limits, leaves), at
