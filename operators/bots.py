"""Marks profiles of programs, event by event, so that models do not learn from them."""

from typing import Final

from contracts.events import Event
from contracts.profile import BotMark, Profile
from contracts.settings import FlowSettings
from online_models.bots import CHECK_EVERY, LEAST_TOUCHES, rhythm, says_so, suspicion

AGENT: Final = "user_agent"
"""Of the properties of an event, as the collector names what SDKs send."""

LONGEST_AGENT: Final = 512


class BotWatch:
    """Says whether an event is a program's; without state, since the mark lies in the profile.

    A mark stays until `bot_hours` after a rule last said so. Cost: 0.2 us an event, and 20 us at
    every tenth of a long visit.
    """

    def __init__(self, settings: FlowSettings) -> None:
        self._hold = int(settings.bot_hours * 3_600_000)

    def __call__(self, profile: Profile, event: Event, *, in_session: bool) -> bool:
        """Look at an event that was applied to the profile; set or lift the mark."""
        reason = _reason(profile, event, in_session)
        mark = profile.bot
        if reason is not None:
            since = event.time if mark is None else mark.since
            last = event.time if mark is None else max(mark.last, event.time)
            profile.bot = BotMark(reason, since, last)
        elif mark is not None and event.time - mark.last > self._hold:
            profile.bot = None
        return profile.bot is not None


def _reason(profile: Profile, event: Event, in_session: bool) -> str | None:
    if event.props:
        agent = event.props.get(AGENT)
        if isinstance(agent, str) and says_so(agent[:LONGEST_AGENT]):
            return "user agent"
    session = profile.session
    if not in_session or session is None or session.events % CHECK_EVERY:
        return None
    if session.events < LEAST_TOUCHES:
        return None
    seen = rhythm(profile)
    return None if seen is None else suspicion(seen)
