"""The compiled inner loops, where numba is installed (`pip install 'headrace[fast]'`).

Each has a twin in numpy that gives the same bits: `pool`, `scores`, `leaders`, `learn`, `crowd`,
`gather`, `add`, `add_touch`, `want`, `heaviest`, `describe`. `index` and `enter` make and fill the
tables that `pool` and `find` look up in.
"""

from functools import cache
from typing import Any


@cache
def compiled() -> Any:
    """Return the module of compiled loops, or None."""
    try:
        from online_models import kernels  # half a second, and optional
    except ImportError:
        return None
    return kernels
