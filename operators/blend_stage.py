"""The blend of each site under one key: choices of a few people in, weights out."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.codec import pack
from contracts.settings import FlowSettings
from online_models.apprentice import Apprentice
from online_models.touches import Touch
from operators.messages import Choice, Examples, View, Views

Message = Any


class BlendStage:
    """A site's weights, and the rows and rankings they are learnt with; a `Publisher`."""

    name = "blend"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._settings = settings
        self._sites: dict[str, Apprentice] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether weights changed since they were published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Guess each choice, then learn from it, in order."""
        for message in messages:
            for item in message.items:
                if isinstance(item, Choice):
                    before = [Touch(*touch) for touch in item.before]
                    self._site(item.site).learn(before, Touch(item.item, item.kind, item.time))
                    self._pending.add(item.site)
        return []

    def publish(self) -> list[Message]:
        """Return the weights that changed."""
        sites, self._pending = sorted(self._pending), set()
        if not sites:
            return []
        return [
            Views([View("weights", s, self.name, self._sites[s].weights.pack()) for s in sites])
        ]

    def finish(self) -> list[Message]:
        """Return all weights."""
        self._pending = set(self._sites)
        return self.publish()

    def dump(self, *, full: bool) -> bytes:
        """Return the sites, or what changed of them."""
        sites = {site: self._sites[site].dump(full=full) for site in sorted(self._sites)}
        return pack((sites, sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the sites."""
        by_site: dict[str, list[bytes]] = {}
        for part in parts:
            sites, pending = _parts.decode(part)
            self._pending = set(pending)
            for site, saved in sites.items():
                by_site.setdefault(site, []).append(saved)
        self._sites = {}
        for site, saved_parts in by_site.items():
            self._site(site).load(saved_parts)

    def _site(self, site: str) -> Apprentice:
        if site not in self._sites:
            settings = self._settings
            self._sites[site] = Apprentice(settings.neighbours, settings.co_half_life_days)
        return self._sites[site]


_parts = msgspec.msgpack.Decoder(tuple[dict[str, bytes], list[str]])
