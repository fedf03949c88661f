"""Logarithm and exponential by addition and multiplication alone.

Libraries differ in the last bit of theirs, and so do processors; these give the same bits in
numpy, in compiled loops, and everywhere. Each takes an array or, compiled, a number.
"""

from typing import Any, Final

import numpy as np

_MANTISSA: Final = (1 << 52) - 1
_BIAS: Final = 1023
_ONE: Final = _BIAS << 52
LN2: Final = 0.6931471805599453
LOG2E: Final = 1.4426950408889634


def log_of(y: Any) -> Any:
    """Return the natural logarithm of normal float64 numbers above 0, to 2e-6.

    A polynomial for ln(1 + t), exact at 0 and 1, so that it is continuous and rises throughout.

    >>> bool(np.allclose(log_of(np.array([1.0, 2.0, 501.0])), np.log([1.0, 2.0, 501.0]), atol=2e-6))
    True
    """
    bits = np.float64(y).view(np.int64)
    t = np.int64((bits & _MANTISSA) | _ONE).view(np.float64) - 1.0
    poly = -0.19128710446488267 + t * (0.08324715620034115 + t * -0.017526577214223245)
    poly = -0.4976197046157388 + t * (0.31644969871944634 + t * poly)
    return ((bits >> 52) - _BIAS) * LN2 + t * (0.9998837119350026 + t * poly)


def exp_of(x: Any) -> Any:
    """Return e to the power of float64 numbers not above 0, to 2e-7 of it.

    >>> bool(np.allclose(exp_of(np.array([0.0, -1.0, -30.0])), np.exp([0.0, -1.0, -30.0])))
    True
    """
    z = np.maximum(x * LOG2E, -1000.0)
    whole = np.floor(z)
    f = z - whole
    poly = 0.055853353392583016 + f * (0.0089505588094411 + f * 0.0018955585566236188)
    poly = 1.0 + f * (0.6931529716037828 + f * (0.24014755763756945 + f * poly))
    return np.int64((np.int64(whole) + _BIAS) << 52).view(np.float64) * poly
