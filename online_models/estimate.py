"""What a model of amounts answers."""

from typing import NamedTuple


class Estimate(NamedTuple):
    """`expected` adds up to totals, `typical` is near the middle; `low` and `high` bound 90 %."""

    expected: float
    typical: float
    low: float
    high: float
