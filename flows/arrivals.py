"""Arrival times that can be believed."""

from contracts.validation import EARLIEST_MS, LATEST_MS


def believed(time: int, otherwise: int) -> int:
    """Return a time (ms) if some clock can mean it, from 2000 to 2100; else the other one.

    >>> believed(1511544070000, 7), believed(-1, 7)
    (1511544070000, 7)
    """
    return time if EARLIEST_MS <= time < LATEST_MS else otherwise
