"""From a dict of numbers and words to a vector that trees can split.

Each feature has a column with its number. One that takes few values (words, codes, flags) has a
second: what the target was like where it had this value before, shrunk towards the mean of all
(ordered target statistics, Prokhorenkova et al. 2018, CatBoost, section 3.2: only what came before
counts, so no example sees its own label).
"""

import math
from collections.abc import Mapping
from math import inf
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LEVELS: Final = 32
"""Distinct numbers beyond which a feature is a quantity and no longer a code."""

WORDS: Final = 64
"""Words of one feature that are told apart: those met last."""

PRIOR: Final = 20.0
"""Examples that the mean of all is worth against a level's own."""

HALVE: Final = 4_096.0
"""Examples of a level after which older ones count half, so that it follows a drift."""

Vector = NDArray[np.float32]
Level = float | str


class _Column:
    """One feature: where it stands, and what is known of its levels."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.rate_at = at + 1
        self.levels: dict[Level, list[float]] | None = {}
        self.is_words = False

    def learn(self, value: Any, target: float) -> None:
        if self.levels is None:
            return
        level: Level = value if isinstance(value, str) else float(value)
        self.is_words = self.is_words or isinstance(value, str)
        if level not in self.levels and len(self.levels) >= (WORDS if self.is_words else LEVELS):
            if not self.is_words:
                self.levels = None
                return
            del self.levels[next(iter(self.levels))]
        seen = self.levels.get(level) or [0.0, 0.0]
        if self.is_words:
            self.levels.pop(level, None)  # the word met last lies last
        self.levels[level] = seen
        if seen[0] >= HALVE:
            seen[0], seen[1] = seen[0] / 2.0, seen[1] / 2.0
        seen[0] += 1.0
        seen[1] += target


class Encoder:
    """Turns dicts into vectors, two places a feature known; missing values are 0.

    Knows at most `max_features` names, those learnt first; of one example, by the alphabet.
    Values that are neither finite numbers nor words count as missing. About 0.3 us a feature.

    >>> encoder = Encoder()
    >>> for n in range(100):
    ...     encoder.learn_one({"visits": n, "channel": "mail" if n % 2 else "web"}, float(n % 2))
    >>> channel, rate = encoder.transform_one({"channel": "mail"})[:2]
    >>> float(channel), float(rate) > 0.8
    (0.0, True)
    """

    def __init__(self, max_features: int = 64) -> None:
        self._max = max_features
        self._columns: dict[str, _Column] = {}
        self._coded: dict[str, _Column] = {}
        self._count = 0.0
        self._total = 0.0

    @property
    def used(self) -> int:
        """How many places the vector has: they become more, and keep their order."""
        return 2 * len(self._columns)

    def transform_one(self, x: Mapping[str, Any]) -> Vector:
        """Return the vector (used,) of an example."""
        mean = (self._total + 1e-3) / (self._count + 1.0)
        values = [0.0] * self.used
        for name, column in self._columns.items():
            value = x.get(name, 0.0)
            known: Level = 0.0
            if type(value) is float and -inf < value < inf:
                values[column.at] = known = value
            elif isinstance(value, str):
                known = value
            elif _is_number(value):
                values[column.at] = known = float(value)
            if column.levels is not None:
                count, total = column.levels.get(known, _NONE)
                values[column.rate_at] = (total + PRIOR * mean) / (count + PRIOR)
        return np.array(values, np.float32)

    def learn_one(self, x: Mapping[str, Any], target: float) -> None:
        """Learn the names and levels of an example, and the target they came with."""
        if not x.keys() <= self._columns.keys() and len(self._columns) < self._max:
            for name in sorted(x.keys() - self._columns.keys())[: self._max - len(self._columns)]:
                self._columns[name] = _Column(self.used)
                self._coded[name] = self._columns[name]
        for name, column in self._coded.items():
            value = x.get(name, 0.0)
            if isinstance(value, str) or _is_number(value):
                column.learn(value, target)
        if any(column.levels is None for column in self._coded.values()):
            kept = {n: c for n, c in self._coded.items() if c.levels is not None}
            self._coded = kept
        self._count += 1.0
        self._total += target


_NONE: Final = (0.0, 0.0)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
