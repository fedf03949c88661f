"""What is known of somebody, as a vector of fixed width: the hashing trick, with signs.

Weinberger et al., Feature Hashing for Large Scale Multitask Learning (ICML 2009): each fact has a
place and a sign by its name, so that no dictionary grows, and collisions cancel on average. A
number is squashed to (-2, 2), a word is a fact of its own: the vector is bounded whatever comes.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 16
MOST_FACTS: Final = 64
"""Of one person; further ones, by the alphabet, are left out."""

LONGEST: Final = 64
"""Characters of a name or a word that count."""

Vector = NDArray[np.float64]


def context_vector(facts: Mapping[str, Any], width: int = WIDTH) -> Vector:
    """Return the facts as a vector (width,) whose first place is 1; about 1 us a fact.

    What is neither a finite number nor a word is left out.

    >>> context_vector({}, 4).tolist()
    [1.0, 0.0, 0.0, 0.0]
    >>> cart = context_vector({"carts": 2, "channel": "mail"})
    >>> bool((cart == context_vector({"channel": "mail", "carts": 2})).all()), len(cart)
    (True, 16)
    """
    values = [0.0] * width
    values[0] = 1.0
    for name in sorted(facts)[:MOST_FACTS]:
        value = facts[name]
        if isinstance(value, str):
            at, sign = _place(f"{name[:LONGEST]}={value[:LONGEST]}", width)
            values[at] += sign
        elif isinstance(value, (int, float)) and math.isfinite(value):
            at, sign = _place(name[:LONGEST], width)
            values[at] += sign * _squashed(float(value))
    return np.array(values)


def _squashed(value: float) -> float:
    size = math.log1p(abs(value))
    # A flag of 1 comes to 0.82, so that it says about as much as a word.
    return math.copysign(2.0 * size / (1.0 + size), value)


@lru_cache(maxsize=16_384)
def _place(name: str, width: int) -> tuple[int, float]:
    number = int.from_bytes(
        blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
    )
    if width < 2:
        return 0, 0.0
    return 1 + (number >> 1) % (width - 1), 1.0 if number & 1 else -1.0
