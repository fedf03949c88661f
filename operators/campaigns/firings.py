"""How often campaigns fired for the people of one part, and for what reasons they did not."""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from contracts.campaign_parts import campaign_part
from contracts.codec import dump_json, pack
from contracts.decisions import Trigger
from contracts.keys import EVERY_SITE
from operators.campaigns.refusing import Counted, Tally
from operators.messages import View

SHOW_MS: Final = 2_000
"""Counts are shown so often at most: those of a thousand campaigns take a while to write."""

Counts = dict[str, dict[str, dict[str, Any]]]
"""By site and campaign: how often it fired, and for what reasons not; a digest of trigger ids."""


class Firings:
    """The counts of one part of `buckets`, whose name is that of the first person counted."""

    def __init__(self, buckets: int) -> None:
        self._buckets = buckets
        self._part = ""
        self._counts: Counts = {}
        self._tallies: dict[str, Tally] = {}
        self._changed = False
        self._shown_at = 0

    def add(self, site: str, user: str, campaign: str, what: str) -> None:
        """Count one outcome of a campaign that was looked at for a person."""
        own = self._of(site, user).setdefault(campaign, {})
        own[what] = own.get(what, 0) + 1

    def add_many(
        self,
        site: str,
        user: str,
        rules: Counted,
        places: NDArray[np.intp],
        codes: NDArray[np.int8],
    ) -> None:
        """Count why some of the campaigns in force may, or may not, fire for a person."""
        self._of(site, user)
        tally = self._tallies.get(site)
        if tally is None or tally.rules is not rules:
            self._tell(site)
            tally = self._tallies[site] = Tally(rules)
        tally.add(places, codes)

    def note(self, trigger: Trigger) -> None:
        """Take a trigger's id into its campaign's digest, which says nothing of their order."""
        own = self._of(trigger.site, trigger.user).setdefault(trigger.campaign, {})
        digest = int(own.get("digest", "0"), 16) ^ int(trigger.id[:16], 16)
        own["digest"] = f"{digest:016x}"

    def view(self, clock: int, *, at_once: bool) -> View | None:
        """Return the counts if they changed; live once in `SHOW_MS` by the clock (ms)."""
        if not self._changed or not (at_once or clock >= self._shown_at + SHOW_MS):
            return None
        self._changed, self._shown_at = False, clock
        self._tell_all()
        return View("campaigns", EVERY_SITE, self._part, dump_json(self._counts))

    def dump(self) -> bytes:
        """Return all counts."""
        self._tell_all()
        return pack((self._part, self._counts))

    def load(self, raw: bytes) -> None:
        """Replace the counts; they are shown again."""
        self._part, self._counts = _saved.decode(raw)
        self._changed = bool(self._counts)

    def _of(self, site: str, user: str) -> dict[str, dict[str, Any]]:
        """Return the counts of a person's site, which are about to change."""
        self._part = self._part or campaign_part(site, user, self._buckets)
        self._changed = True
        return self._counts.setdefault(site, {})

    def _tell_all(self) -> None:
        for site in self._tallies:
            self._tell(site)

    def _tell(self, site: str) -> None:
        """Add what was counted of a site's refusals to what is shown."""
        tally = self._tallies.get(site)
        if tally is not None:
            tally.tell(self._counts.setdefault(site, {}))


_saved = msgspec.msgpack.Decoder(tuple[str, Counts])
