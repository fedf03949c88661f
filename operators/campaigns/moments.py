"""What of an applied event, and of the profile that it left, campaigns are told."""

from typing import Final

from contracts.profile import Profile
from operators.campaigns.book import Book
from operators.commerce import cart_value
from operators.messages import Moment
from operators.profile import Applied

DAY_MS: Final = 86_400_000


class Moments:
    """An observer of profiles: a moment for each event of a site that has campaigns.

    Late events make none: they belong to a time that is over.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._out: list[Moment] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event. Cost: about 3 us."""
        profile, arrived = applied.profile, applied.arrived
        if arrived.late or not self._book.knows(profile.site):
            return
        self._out.append(
            Moment(
                arrived.seq,
                arrived,
                profile.id,
                levels_of(profile, arrived.event.time),
                profile.consent,
                dict(profile.traits),
                profile.first_purchase,
                profile.last_purchase,
                not applied.created,
                profile.bot is not None,
                applied.adopted,
            )
        )

    def __len__(self) -> int:
        return len(self._out)

    def take(self) -> list[Moment]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out


def levels_of(profile: Profile, time: int) -> tuple[float | str, ...]:
    """Return what the facts of a profile are worth at `time` (ms), in the order of the words.

    >>> from contracts.conditions import vocabulary as words
    >>> dict(zip(words.PROFILE, levels_of(Profile(1, "shop", "ada"), 0)))["profile.orders"]
    0.0
    """
    said = profile.satisfaction
    session = profile.session
    last = profile.last_purchase
    return (
        float(profile.orders),
        round(profile.monetary, 2),
        float(profile.sessions),
        float(profile.events),
        profile.stage,
        float(len(profile.cart)),
        round(cart_value(profile), 2),
        round((time - last) / DAY_MS, 3) if last else -1.0,
        round(said.score, 4) if said is not None else 0.0,
        said.nps if said is not None and said.nps is not None else -1.0,
        said.csat if said is not None and said.csat is not None else -1.0,
        float(said.complaints) if said is not None else 0.0,
        float(session.views) if session is not None else 0.0,
    )
