"""Names of answers: unique, and in the order of time."""

from os import urandom
from time import time_ns


def request_id() -> str:
    """Return a UUID of version 7 (RFC 9562) as 32 hexadecimal digits: time (ms), then chance.

    >>> len(request_id()), request_id()[12]
    (32, '7')
    """
    number = (time_ns() // 1_000_000) << 80 | int.from_bytes(urandom(10), "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return f"{number:032x}"
