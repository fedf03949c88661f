"""How the delivery of a subscription goes, in figures and in words."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from contracts.subscriptions import Position, Progress, Subscription
from storage.control import Control
from storage.deliveries import Delivery
from storage.trigger_log import BEGINNING, TriggerLog


class Figures(NamedTuple):
    """One subscription's delivery. `backlog` and `lost` count triggers of the site, since only
    who reads them can tell which a filter lets through.
    """

    subscription: Subscription
    progress: Progress
    cursor: Position
    waiting: int
    dead: int
    backlog: int
    lost: int

    @property
    def disabled(self) -> bool:
        """Whether delivery gave up, and nobody has switched it on since."""
        return self.progress.disabled > self.subscription.enabled

    def state(self, now: int) -> str:
        """Return how it goes, in a word."""
        if self.disabled:
            return "disabled"
        if self.progress.disabled:
            return "active"  # switched on a moment ago: it starts anew
        if self.progress.paused_until > now:
            return "paused"
        return "failing" if self.progress.failing_since else "active"

    def told(self, now: int) -> dict[str, Any]:
        """Return all that may be shown of it: everything but the secrets."""
        one, progress = self.subscription, self.progress
        told = {
            "id": one.id,
            "name": one.name,
            "delivery": one.delivery,
            "filter": {
                "campaigns": one.filter.campaigns,
                "segments": one.filter.segments,
                "types": one.filter.types,
            },
            "created": one.created,
            "updated": one.updated,
            "state": self.state(now),
            "cursor": str(self.cursor),
            "backlog": self.backlog,
            "lost": self.lost,
        }
        if one.delivery != "webhook":
            return told
        return told | {
            "url": one.url,
            "secrets": [{"created": s.created, "expires": s.expires} for s in one.secrets],
            "why": progress.disabled_why if self.disabled else "",
            "waiting": self.waiting,
            "dead": self.dead,
            **{
                name: getattr(progress, name)
                for name in ("delivered", "failed", "dropped", "last_error")
            },
            **{
                name: getattr(progress, name) or None
                for name in ("last_success", "last_failure", "failing_since", "paused_until")
            },
        }


async def figures_of(
    control: Control, log: TriggerLog, site: str, subscriptions: Sequence[Subscription]
) -> list[Figures]:
    """Return the figures of a site's subscriptions; raise `StoreError`. A round trip for each."""
    page = await log.read(site, BEGINNING, 0)
    return [await _of(control, one, page.latest.ordinal, page.gone) for one in subscriptions]


async def _of(control: Control, one: Subscription, added: int, gone: int) -> Figures:
    try:
        progress, waiting, dead = await Delivery(control, one.site, one.id).counted()
    except msgspec.ValidationError:
        progress, waiting, dead = Progress(), 0, 0
    cursor = Position.parse(progress.cursor or one.start)
    backlog = max(0, added - cursor.ordinal)
    trimmed = min(backlog, max(0, gone - cursor.ordinal))
    return Figures(one, progress, cursor, waiting, dead, backlog, progress.lost + trimmed)
