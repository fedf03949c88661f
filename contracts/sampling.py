"""Who is chosen: a share of people, the same in every process, by a hash of its own a purpose.

Not CRC-32, which keys and buckets go by: of two of those with different beginnings the one follows
from the other, so that a sample by the one would fall into few groups by the other.
"""

from functools import lru_cache
from hashlib import blake2b
from typing import Final

_WHOLE: Final = 2.0**64


@lru_cache(maxsize=1 << 15)
def draw(purpose: str, site: str, user: str) -> float:
    """Return a number from 0 to below 1 for a person, for good. Cost: 1 us, 0.1 if remembered.

    >>> draw("score", "shop", "ada") == draw("score", "shop", "ada") != draw("arm", "shop", "ada")
    True
    """
    text = "\0".join((purpose, site, user)).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little") / _WHOLE


def is_judged(site: str, user: str, share: float) -> bool:
    """Say whether the answers to a person are judged by what the person touches next.

    >>> is_judged("shop", "ada", 0.0), is_judged("shop", "ada", 1.0)
    (False, True)
    """
    return draw("score", site, user) < share
