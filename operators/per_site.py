"""One model a site: made when it is first needed, saved where it changed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from contracts.codec import pack
from operators.durable import Durable

D = TypeVar("D", bound=Durable)


class PerSite(Generic[D]):
    """Models by site, and itself `Durable`: a dump of what changed leaves out the other sites.

    >>> from operators.durable import PackedMap
    >>> sites = PerSite(PackedMap)
    >>> sites.open("shop")["ada"] = b"1"
    >>> base = sites.dump(full=True)
    >>> sites.open("shop")["ada"] = b"2"
    >>> copy = PerSite(PackedMap)
    >>> copy.load([base, sites.dump(full=False)])
    >>> list(copy), copy["shop"]["ada"]
    (['shop'], b'2')
    """

    def __init__(self, make: Callable[[], D]) -> None:
        self._make = make
        self._models: dict[str, D] = {}
        self._changed: set[str] = set()

    def __iter__(self) -> Iterator[str]:
        """Iterate over the sites by name."""
        return iter(sorted(self._models))

    def __getitem__(self, site: str) -> D:
        """Return a site's model, to look at it."""
        return self._models[site]

    def open(self, site: str) -> D:
        """Return a site's model, to change it."""
        self._changed.add(site)
        model = self._models.get(site)
        if model is None:
            model = self._models[site] = self._make()
        return model

    def dump(self, *, full: bool) -> bytes:
        """Return all sites, or those that changed."""
        names = sorted(self._models if full else self._changed)
        self._changed = set()
        return pack({name: self._models[name].dump(full=full) for name in names})

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace all sites."""
        by_site: dict[str, list[bytes]] = {}
        for part in parts:
            for site, saved in _sites(part).items():
                by_site.setdefault(site, []).append(saved)
        self._models, self._changed = {}, set()
        for site, saved_parts in by_site.items():
            self._models[site] = self._make()
            self._models[site].load(saved_parts)


_sites = msgspec.msgpack.Decoder(dict[str, bytes]).decode
