"""What people may like now, added to their triggers on the way out.

By the blend that answers requests (`online_models.blend`), from the same views, at delivery: not
in the flow's state, so that a replay needs none of it. It never holds the flow up for long: what
cannot be read in time is left out, and after that nothing is asked for a while.
"""

import logging
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from time import monotonic
from typing import Final, TypeVar

from msgspec import structs

from contracts.codec import DecodeError, unpack_profile
from contracts.decisions import Trigger
from contracts.events import PERSONALIZATION
from contracts.keys import RELIEVED_KEY, SERVED_KEY, Keys
from contracts.profile import Profile
from contracts.settings import Settings
from online_models.blend import Touch, best, wanted
from online_models.crowd import LINKED, Crowd, crowd_of
from online_models.popularity import HORIZONS
from online_models.rows import NeighbourRow, unpack_row, unpack_top
from online_models.slate import CANDIDATES, slate
from online_models.touches import number_of, touches_of
from online_models.weights import Weights
from operators.catalogue import Catalogue
from storage.errors import StoreError
from storage.sync_reader import SyncReader

READ_SECONDS: Final = 0.1
"""For which one read may last: three of them at most a batch of triggers."""
REST_SECONDS: Final = 5.0
"""For which nothing is asked after a read that failed."""
FRESH_SECONDS: Final = 2.0
"""For which rankings and weights, which are the same for all people, are kept."""
AT_ONCE: Final = 200
"""Of more triggers in one batch the others get none: a ranking costs 0.2 ms."""
T = TypeVar("T")

RANKINGS: Final = (*HORIZONS, "popular", "trending", LINKED)

logger = logging.getLogger(__name__)


@dataclass
class Known:
    """What is known of a site, whoever is asked about."""

    until: float = 0.0
    weights: Weights = field(default_factory=Weights)
    crowd: Crowd = field(default_factory=lambda: crowd_of({}))


class Suggester:
    """Adds recommendations to triggers; see the module."""

    def __init__(
        self,
        reader: SyncReader,
        settings: Settings,
        catalogue: Catalogue,
        served: str,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """`served` is the namespace that is served as long as none was chosen."""
        self._reader = reader
        self._namespace, self._served = settings.namespace, served
        self._keys = Keys(settings.namespace)
        self._count = settings.campaigns.recommendations
        self._api = settings.api
        self._catalogue = catalogue
        self._clock = clock
        self._sites: dict[str, Known] = {}
        self._rests_until = 0.0

    def __call__(self, triggers: Sequence[Trigger]) -> Sequence[Trigger]:
        """Return the triggers, those that are sent with what their people may like."""
        chosen = [trigger for trigger in triggers if not trigger.holdout][:AT_ONCE]
        if not (self._count and chosen) or self._clock() < self._rests_until:
            return triggers
        try:
            found = self._found(chosen)
        except StoreError as error:
            self._rests_until = self._clock() + REST_SECONDS
            logger.warning("triggers go out without recommendations for a while: %s", error)
            return triggers
        return [
            structs.replace(trigger, recommendations=found[trigger.id])
            if trigger.id in found
            else trigger
            for trigger in triggers
        ]

    def _found(self, triggers: Sequence[Trigger]) -> dict[str, list[str]]:
        keys = [self._keys.profile(trigger.site, trigger.user) for trigger in triggers]
        served, before, *packed = self._reader.get_many([SERVED_KEY, RELIEVED_KEY, *keys])
        own = self._namespace.encode()
        if own not in (self._served.encode() if served is None else served, before):
            return {}  # nothing of it is delivered
        profiles = [_profile(raw) for raw in packed]
        touched = [_touches(profile) for profile in profiles]
        for site in {trigger.site for trigger in triggers}:
            self._refresh(site)
        rows = self._rows(triggers, touched)
        return {
            trigger.id: self._best(trigger, profile, touches, rows[trigger.site])
            for trigger, profile, touches in zip(triggers, profiles, touched, strict=True)
        }

    def _rows(
        self, triggers: Sequence[Trigger], touched: Sequence[list[Touch]]
    ) -> dict[str, dict[int, NeighbourRow]]:
        """Return the rows of what people touched, by site."""
        asked = [
            (trigger.site, number)
            for trigger, touches in zip(triggers, touched, strict=True)
            for number in wanted(touches)
        ]
        asked = list(dict.fromkeys(asked))
        packed = self._reader.get_many([self._keys.neighbours_of(*one) for one in asked])
        rows: dict[str, dict[int, NeighbourRow]] = {trigger.site: {} for trigger in triggers}
        for (site, number), raw in zip(asked, packed, strict=True):
            row = _decoded(unpack_row, raw)
            if row is not None:
                rows[site][number] = row
        return rows

    def _refresh(self, site: str) -> None:
        known = self._sites.get(site)
        if known is not None and self._clock() < known.until:
            return
        keys = [self._keys.weights(site), *(self._keys.top(site, name) for name in RANKINGS)]
        weights, *packed = self._reader.get_many(keys)
        tops = {
            name: top
            for name, raw in zip(RANKINGS, packed, strict=True)
            if (top := _decoded(unpack_top, raw)) is not None
        }
        self._sites[site] = Known(
            self._clock() + FRESH_SECONDS,
            _decoded(Weights.unpack, weights) or Weights(),
            crowd_of(tops),
        )

    def _best(
        self,
        trigger: Trigger,
        profile: Profile | None,
        touches: Sequence[Touch],
        rows: Mapping[int, NeighbourRow],
    ) -> list[str]:
        known, now = self._sites[trigger.site], trigger.time
        hidden = {number_of(item) for item in self._hidden(profile)}
        past = [touch for touch in touches if touch.time <= now]
        candidates = slate(past, rows, known.crowd, hidden, now)
        ranked = (one.item for one in best(candidates, known.weights, CANDIDATES))
        return list(islice(self._offered(trigger.site, ranked), self._count))

    def _offered(self, site: str, numbers: Iterable[int]) -> Iterable[str]:
        """Yield the items among some that can be had."""
        for number in numbers:
            item = self._catalogue.by_number(site, number)
            if item is not None and item.in_stock:
                yield item.id

    def _hidden(self, profile: Profile | None) -> Iterable[str]:
        """Return what answers would not show to the person either."""
        if profile is None:
            return ()
        hidden = {*profile.disliked}
        if _is_personal(profile):
            hidden |= {*profile.owned} if self._api.exclude_owned else set()
            hidden |= {*profile.cart} if self._api.exclude_cart else set()
        return hidden


def _profile(raw: bytes | None) -> Profile | None:
    try:
        return None if raw is None else unpack_profile(raw)
    except DecodeError:  # such as a device that became a user's
        return None


def _touches(profile: Profile | None) -> list[Touch]:
    """Return what the person touched and did not dislike, unless it may not be used."""
    if profile is None or not _is_personal(profile):
        return []
    return touches_of(one for one in profile.recents if one.item not in profile.disliked)


def _is_personal(profile: Profile) -> bool:
    return profile.consent is None or PERSONALIZATION in profile.consent


def _decoded(decode: Callable[[bytes], T], raw: bytes | None) -> T | None:
    """Return what bytes say; None if there are none, or they are damaged."""
    try:
        return None if raw is None else decode(raw)
    except (ValueError, KeyError, struct.error):
        return None
