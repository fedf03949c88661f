"""The ranker of each site under one key: lists in, item rows and weights out."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec

from contracts.codec import dump_json, pack
from contracts.settings import FlowSettings
from online_models.digest import digest
from online_models.ranker import Ranker
from operators.examples import Listing
from operators.messages import Examples, View, Views
from operators.per_site import PerSite

Message = Any


class RankerStage:
    """A ranker a site, each bounded as `Ranker` is; a `Publisher`.

    What it learnt is published as one row an item that changed (`track`), the weights, and counts.
    """

    name = "ranker"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._sites = PerSite(Ranker)
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a ranker changed since it was published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Take note of what was shown, and learn from clicks, in order."""
        for message in messages:
            listings = (item for item in message.items if isinstance(item, Listing))
            for (site, *_), together in groupby(listings, _together):
                self._pending.add(site)
                _learn(self._sites.open(site), list(together))
        return []

    def publish(self) -> list[Message]:
        """Return what changed."""
        sites, self._pending = sorted(self._pending), set()
        return [Views([v for site in sites for v in self._views(site)])] if sites else []

    def finish(self) -> list[Message]:
        """Return all that is known, with a digest of the parameters."""
        for site in self._sites:
            ranker = self._sites[site]
            ranker.pending.update(ranker.tracks.items())
        self._pending = set(self._sites)
        return self.publish()

    def dump(self, *, full: bool) -> bytes:
        """Return the sites, or what changed of them."""
        return pack((self._sites.dump(full=full), sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the sites."""
        decoded = [_parts.decode(part) for part in parts]
        self._sites.load([sites for sites, _ in decoded])
        self._pending = set(decoded[-1][1]) if decoded else set()

    def _views(self, site: str) -> Iterator[View]:
        ranker = self._sites[site]
        changed, ranker.pending = sorted(ranker.pending), set()
        for item in changed:
            yield View("track", site, f"{item:016x}", ranker.tracks.packed(item))
        weights = ranker.weights.pack()
        yield View("rank-weights", site, "all", weights)
        counts = {**ranker.counts(), "digest": digest(weights)}
        yield View("model", site, self.name, dump_json(counts))


_parts = msgspec.msgpack.Decoder(tuple[bytes, list[str]])


def _together(listing: Listing) -> tuple[str, str, int, int, bool]:
    """Return what impressions have in common that may be taken note of at once."""
    return listing.site, listing.request, listing.time, listing.history, listing.clicked


def _learn(ranker: Ranker, listings: Sequence[Listing]) -> None:
    first = listings[0]
    if first.clicked:
        for listing in listings:
            ranker.click(listing.request, listing.item, listing.time)
        return
    ranker.show(
        first.request,
        [listing.item for listing in listings],
        [listing.position for listing in listings],
        [listing.personal for listing in listings],
        first.history,
        first.time,
    )
