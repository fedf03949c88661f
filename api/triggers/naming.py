"""What a filter names: types are a closed list, campaigns and segments come and go.

A type that does not exist is refused, as Stripe refuses an event that an endpoint cannot have. A
campaign or segment may be made later than what waits for it, as Kubernetes lets one object name
another that is not there yet, and warns.
"""

from collections.abc import Collection
from typing import Final

from fastapi import Request

from api.admin.campaigns import Campaigns
from api.serve.asking import bad, id_field
from api.serve.known_segments import KnownSegments
from api.serve.responding import serving_of
from contracts.subscriptions import MAX_NAMED, Filter
from contracts.templates import TEMPLATES
from contracts.wording import closest, closest_of

TYPES: Final = (*TEMPLATES, "custom")
"""What triggers are of: their campaign's template, or a condition of one's own."""


class Known:
    """The campaigns and segments of a site, as they are now."""

    def __init__(self, campaigns: Collection[str], segments: KnownSegments) -> None:
        self._campaigns = sorted(campaigns)
        self._segments = segments

    @classmethod
    async def of(cls, request: Request, site: str) -> "Known":
        """Return what there is; raise `StoreError`."""
        campaigns: Campaigns = request.app.state.campaigns
        segments = KnownSegments(serving_of(request).site(site).segments)
        return cls([one.id for one in await campaigns.all(site)], segments)

    def warnings(self, filter_: Filter) -> list[str]:
        """Return what a filter names and is not there: it may be misspelt, or come later."""
        warnings = []
        for id_ in filter_.campaigns:
            if id_ not in self._campaigns:
                hint = closest(id_, self._campaigns) or "; nothing passes until there is"
                warnings.append(f"filter.campaigns: there is no campaign {id_!r} now{hint}")
        return warnings + self._segments.warnings("filter.segments", filter_.segments)


def check_filter(name: str, field: str, values: Collection[str]) -> None:
    """Raise a 400 for what a list of a filter cannot have; `name` is what it is called there."""
    if len(values) > MAX_NAMED:
        raise bad(name, f"at most {MAX_NAMED} are taken, got {len(values):,}")
    for value in values:
        id_field(name, value)
        if field == "types" and value not in TYPES:
            raise bad(name, f"{value[:64]!r} is no type of trigger{closest_of(value, TYPES)}")
