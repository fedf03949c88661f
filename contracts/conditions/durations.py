"""Durations as people write them: `90s`, `30m`, `1h`, `14d`, `2w`."""

import re
from functools import lru_cache
from typing import Final

UNITS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
LONGEST_MS: Final = 400 * 86_400_000
_text: Final = re.compile(r"([0-9]{1,6})([smhdw])").fullmatch


@lru_cache(1_000)
def parse_duration(text: str) -> int:
    """Return a duration in ms; raise `ValueError` that says how one is written.

    >>> parse_duration("30m")
    1800000
    """
    found = _text(text.strip())
    if found is None:
        raise ValueError(
            f"{text[:32]!r} is no duration: write a whole number and s, m, h, d or w, as in `30m`"
        )
    milliseconds = int(found[1]) * UNITS[found[2]]
    if not 0 < milliseconds <= LONGEST_MS:
        raise ValueError(f"{text!r} is out of range: from 1s to 400d")
    return milliseconds
