"""Sessions: visits told apart by silence.

A session ends when its person is quiet for longer than the gap. An event that arrives out of
order extends the open session if it lies within a gap of it; one from before belongs to a visit
that is over, and moves nothing.
"""

from contracts.events import Event
from contracts.profile import Profile, Session


def advance(profile: Profile, event: Event, gap_ms: int) -> tuple[bool, Session | None]:
    """Put an event into the session it belongs to.

    Returns whether it belongs to the open session, and the session that ended because of it.
    """
    session = profile.session
    time = event.time
    ended = None
    if session is None or time > session.last + gap_ms:
        ended = session
        session = profile.session = Session(event.session or f"{time:x}", time, time)
        profile.sessions += 1
    elif time < session.start - gap_ms:
        return False, None
    session.start = min(session.start, time)
    session.last = max(session.last, time)
    count(session, event)
    return True, ended


def count(session: Session, event: Event) -> None:
    """Count one event into a session."""
    session.events += 1
    type_ = event.type
    if type_ in ("view", "click"):
        session.views += 1
        session.items += event.item is not None
    elif type_ == "search":
        session.searches += 1
    elif type_ == "add_to_cart":
        session.carts += 1
        session.value += (event.price or 0.0) * quantity(event)
    elif type_ == "purchase":
        session.purchases += 1


def quantity(event: Event) -> float:
    """Return how many pieces an event is about: 1 if it does not say."""
    return 1.0 if event.quantity is None else event.quantity
