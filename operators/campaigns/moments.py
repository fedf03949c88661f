"""What of an applied event, and of the profile that it left, campaigns are told."""

from contracts.conditions.levels import levels_of
from operators.campaigns.book import Book
from operators.happenings import Moment
from operators.profile import Applied


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
