"""Who is no person: scripted clicks, told from what a profile keeps anyway.

All that the rules look at is the visit under way: its last touches (50 at most) with their times,
and its counts. So they need no memory of their own, and a person's is bounded by the profile.
"""

import re
from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Final, NamedTuple

from contracts.profile import Profile

CHECK_EVERY: Final = 10
"""Events of a visit between two looks."""

LEAST_TOUCHES: Final = 20
"""In a visit, before its rhythm says anything."""

MOST_PER_SECOND: Final = 2.0
LEAST_VARIATION: Final = 0.2
"""Of gaps: standard deviation over mean. People read one page longer than another."""

BROAD_TOUCHES: Final = 40
BROAD_SHARE: Final = 0.95
DWELL_SECONDS: Final = 1.5
ENDLESS_EVENTS: Final = 400

SPOKEN: Final = re.compile(
    r"(?<!\bcu)bot\b|crawl|spider|slurp|scrap|headless|phantomjs|selenium|puppeteer|playwright"
    r"|python-|aiohttp|httpx|curl/|wget/|libwww|go-http|java/|okhttp/|axios/|node-fetch|monitor",
    re.IGNORECASE,
)
"""What programs that call themselves by name are called."""


class Rhythm(NamedTuple):
    """How a visit goes: what rules and the anomaly score look at."""

    touches: int
    mean_gap: float
    """Seconds."""
    median_gap: float
    variation: float
    distinct: float
    """Share of touches that are of an item not touched before among them."""
    carts: int
    events: int


def rhythm(profile: Profile) -> Rhythm | None:
    """Return how the visit under way goes; None before `LEAST_TOUCHES`. About 10 us."""
    session = profile.session
    if session is None:
        return None
    recents = profile.recents
    visit = recents[bisect_left(recents, session.start, key=lambda recent: recent.time) :]
    if len(visit) < LEAST_TOUCHES:
        return None
    times = [recent.time for recent in visit]
    gaps = [b - a for a, b in pairwise(times)]
    whole, count = sum(gaps), len(gaps)
    # In whole milliseconds, so that sums are exact: `pstdev`, which is too, took nine tenths of it.
    spread = sqrt(count * sum(gap * gap for gap in gaps) - whole * whole)
    return Rhythm(
        touches=len(visit),
        mean_gap=whole / count / 1000,
        median_gap=median(gaps) / 1000,
        variation=spread / whole if whole else 0.0,
        distinct=len({recent.item for recent in visit}) / len(visit),
        carts=session.carts + session.purchases,
        events=session.events,
    )


def suspicion(seen: Rhythm) -> str | None:
    """Return which rule says that no person visits like this, or None.

    >>> suspicion(Rhythm(30, 4.0, 4.0, 0.01, 0.9, 0, 30))
    'regular gaps'
    >>> suspicion(Rhythm(30, 9.0, 5.0, 1.1, 0.9, 0, 30)) is None
    True
    """
    if seen.mean_gap * MOST_PER_SECOND < 1.0:
        return "rate"
    if seen.variation < LEAST_VARIATION:
        return "regular gaps"
    if seen.carts:
        return None
    if (
        seen.touches >= BROAD_TOUCHES
        and seen.distinct >= BROAD_SHARE
        and seen.median_gap < DWELL_SECONDS
    ):
        return "breadth without dwell"
    return "endless visit" if seen.events >= ENDLESS_EVENTS else None


@lru_cache(maxsize=4096)
def says_so(agent: str) -> bool:
    """Say whether a user agent calls itself a program.

    >>> says_so("Mozilla/5.0 (compatible; Googlebot/2.1)"), says_so("Mozilla/5.0 (X11; Linux)")
    (True, False)
    """
    return SPOKEN.search(agent) is not None
