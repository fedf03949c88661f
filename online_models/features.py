"""What models see of a person: fixed tuples of finite numbers, counts and money on a log scale.

Money counts relative to nothing: currencies differ by site and models are per site.

>>> from contracts.profile import PROFILE_VERSION
>>> features = session_features(Profile(PROFILE_VERSION, "shop", "ada"), time=0)
>>> len(features) == len(SESSION_FEATURES), max(features)
(True, 0.0)
"""

import math
from bisect import bisect_left
from typing import Final

from contracts.profile import Profile, Recent, Session

DAY_MS: Final = 86_400_000
NO_SESSION: Final = Session("", 0, 0)

SESSION_FEATURES: Final = (
    "session_events",
    "session_views",
    "session_searches",
    "session_carts",
    "session_items",
    "session_cart_value",
    "session_minutes",
    "seconds_per_event",
    "cart_lines",
    "cart_age_hours",
    "revisited_share",
    "returning",
    "sessions",
    "orders",
    "monetary",
    "days_since_order",
    "days_since_session",
    "cart_per_view",
    "satisfaction",
    "hour_sin",
    "hour_cos",
    "weekend",
)
"""Of the session that is under way, and of what the person did before it."""

USER_FEATURES: Final = (
    "sessions",
    "events_per_session",
    "views",
    "searches",
    "carts",
    "orders",
    "spend",
    "spend_per_order",
    "carts_per_view",
    "orders_per_session",
    "returns",
    "breadth",
    "days_known",
    "days_quiet",
    "feedback",
    "satisfaction",
)
"""Of a person as a whole: what segments are made of."""


def session_features(profile: Profile, time: int) -> tuple[float, ...]:
    """Return `SESSION_FEATURES` as of `time` (ms); all 0 for who has done nothing. About 4 us."""
    session = profile.session or NO_SESSION
    # Recents are sorted by time.
    first = bisect_left(profile.recents, session.start, key=_time)
    before = profile.recents[first - 1].time if first else session.start
    minutes = max(0, session.last - session.start) / 60_000
    added = min((line.time for line in profile.cart.values()), default=time)
    hour = (time % DAY_MS) / DAY_MS * math.tau if profile.events else None
    return _finite(
        _log(session.events),
        _log(session.views),
        _log(session.searches),
        _log(session.carts),
        _log(session.items),
        _log(session.value),
        _log(minutes),
        _log(60 * minutes / max(session.events - 1, 1)),
        _log(len(profile.cart)),
        _log((time - added) / 3_600_000),
        _revisited(profile.recents[first:]),
        float(profile.sessions > 1),
        _log(profile.sessions),
        _log(profile.orders),
        _log(profile.monetary),
        _log((time - profile.last_purchase) / DAY_MS) if profile.last_purchase else 0.0,
        _log((session.start - before) / DAY_MS),
        session.carts / max(session.views, 1),
        profile.satisfaction.score if profile.satisfaction else 0.0,
        0.0 if hour is None else math.sin(hour),
        0.0 if hour is None else math.cos(hour),
        float(hour is not None and (time // DAY_MS + 3) % 7 >= 5),
    )


def user_features(profile: Profile, time: int) -> tuple[float, ...]:
    """Return `USER_FEATURES` as of `time` (ms); all 0 for who has done nothing. About 5 us."""
    counts = profile.counts
    views = counts.get("view", 0) + counts.get("click", 0)
    carts = counts.get("add_to_cart", 0)
    said = sum(counts.get(type_, 0) for type_ in ("rating", "like", "dislike", "csat", "nps"))
    sessions = max(profile.sessions, 1)
    return _finite(
        _log(profile.sessions),
        _log(profile.events / sessions),
        _log(views),
        _log(counts.get("search", 0)),
        _log(carts),
        _log(profile.orders),
        _log(profile.monetary),
        _log(profile.monetary / max(profile.orders, 1)),
        _log(carts / max(views, 1)),
        _log(profile.orders / sessions),
        _log(counts.get("return", 0) + counts.get("cancel", 0)),
        _log(len(profile.categories)),
        _log((profile.last_seen - profile.first_seen) / DAY_MS),
        _log((time - profile.last_seen) / DAY_MS) if profile.events else 0.0,
        _log(said + counts.get("complaint", 0) + counts.get("suggestion", 0)),
        profile.satisfaction.score if profile.satisfaction else 0.0,
    )


def _log(x: float) -> float:
    return math.log1p(x) if x > 0 else 0.0


def _finite(*values: float) -> tuple[float, ...]:
    if math.isfinite(sum(values)):
        return values
    return tuple(value if math.isfinite(value) else 0.0 for value in values)


def _revisited(visit: list[Recent]) -> float:
    """Return which share of a visit's touches went back to an item touched in it before."""
    return 1.0 - len({recent.item for recent in visit}) / len(visit) if visit else 0.0


def _time(recent: Recent) -> int:
    return recent.time
