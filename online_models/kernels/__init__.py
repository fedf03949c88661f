"""Inner loops compiled by numba: arrays in, arrays out. Imported only if numba is there."""

from online_models.kernels.content import describe, heaviest, want
from online_models.kernels.pool import crowd, enter, find, index, pool
from online_models.kernels.score import leaders, learn, scores
from online_models.kernels.slots import SMALL, add, add_touch, gather

__all__ = [
    "SMALL",
    "add",
    "add_touch",
    "crowd",
    "describe",
    "enter",
    "find",
    "gather",
    "heaviest",
    "index",
    "leaders",
    "learn",
    "pool",
    "scores",
    "want",
]
