"""The blend of each site under one key: choices of a few people in, weights out."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from contracts.codec import pack
from contracts.settings import FlowSettings
from online_models.apprentice import Apprentice
from online_models.content import concepts_of
from online_models.touches import Touch
from operators.examples import Choice
from operators.messages import Examples, View, Views
from operators.per_site import PerSite

Message = Any


class BlendStage:
    """A site's weights, and the rows and rankings they are learnt with; a `Publisher`."""

    name = "blend"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        neighbours, half_life_days = settings.neighbours, settings.co_half_life_days
        self._sites = PerSite(lambda: Apprentice(neighbours, half_life_days))
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
                    touch, about = Touch(item.item, item.kind, item.time), item.about
                    concepts = _concepts(about.category, about.brand, about.title, *about.tags)
                    self._sites.open(item.site).learn(before, touch, concepts)
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
        return pack((self._sites.dump(full=full), sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the sites."""
        decoded = [_parts.decode(part) for part in parts]
        self._sites.load([sites for sites, _ in decoded])
        self._pending = set(decoded[-1][1]) if decoded else set()


@lru_cache(maxsize=10_000)
def _concepts(category: str, brand: str, title: str, *tags: str) -> list[str]:
    """Return what an item is about; of those that are touched often it is remembered."""
    return concepts_of(category, brand, tags, title)


_parts = msgspec.msgpack.Decoder(tuple[bytes, list[str]])
