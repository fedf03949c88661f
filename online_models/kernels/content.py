"""`scoring.want`, `scoring.alike` and `elementary.log_of`, compiled: the same bits."""

import numba
import numpy as np

from online_models.elementary import log_of

_log = numba.njit(log_of)


@numba.njit(cache=True)
def want(codes, rarity, trust, wanted):  # type: ignore[no-untyped-def]
    """Add the vectors of items to `wanted`, in place."""
    for row in range(len(codes)):
        length = _length(codes[row], rarity)
        for code in codes[row]:
            wanted[code] += rarity[code] / length * trust[row]
    wanted[0] = 0.0


@numba.njit(cache=True)
def alike(codes, rarity, wanted):  # type: ignore[no-untyped-def]
    """Return the product of each item's vector with `wanted`."""
    found = np.zeros(len(codes))
    for row in range(len(codes)):
        length = _length(codes[row], rarity)
        for code in codes[row]:
            found[row] += wanted[code] * (rarity[code] / length)
    return found


@numba.njit(cache=True)
def log_all(values):  # type: ignore[no-untyped-def]
    """Return the logarithms of numbers above 0."""
    found = np.empty(len(values))
    for at in range(len(values)):
        found[at] = _log(values[at])
    return found


@numba.njit(cache=True)
def _length(codes, rarity):  # type: ignore[no-untyped-def]
    total = 0.0
    for code in codes:
        total += rarity[code] * rarity[code]
    return max(np.sqrt(total), 1e-12)
