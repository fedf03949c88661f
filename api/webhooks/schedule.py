"""When a trigger is tried again, and when it is given up."""

from random import Random
from typing import Final

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

DELAYS_MS: Final = (
    *(0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE),
    *(2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR),
)
"""Before each attempt, from the end of the one before: about 76 hours in all."""

JITTER: Final = 0.1
"""Of a delay, added by chance: what failed together does not come back all at once."""


def next_attempt(attempts: int, now: int, rng: Random, retry_after: float | None) -> int | None:
    """Return when to try again after `attempts` that failed, None after the last (epoch ms).

    >>> next_attempt(1, 1_000_000, Random(7), None) - 1_000_000
    5161
    >>> next_attempt(1, 1_000_000, Random(7), 60.0) - 1_000_000
    60000
    >>> next_attempt(len(DELAYS_MS), 1_000_000, Random(7), 60.0)
    """
    if attempts >= len(DELAYS_MS):
        return None
    delay = DELAYS_MS[attempts] * (1.0 + JITTER * rng.random())
    return now + int(max(delay, 1_000 * (retry_after or 0.0)))
