"""A stage of one key that keeps a model for each site and shows what changed of it."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from contracts.codec import dump_json
from operators.durable import Durable
from operators.messages import View, Views
from operators.per_site import PerSite


class SiteModel(Durable, Protocol):
    """What is known of one site."""

    @property
    def waiting(self) -> bool:
        """Whether something changed that was not published."""
        ...

    def views(self, site: str) -> list[View]:
        """Return what changed, or some of it: the rest goes on waiting."""
        ...

    def all_views(self, site: str) -> list[View]:
        """Return everything."""
        ...

    def known(self) -> dict[str, Any]:
        """Return how much was learnt."""
        ...

    def digest(self) -> str:
        """Return a digest of all that was learnt."""
        ...


S = TypeVar("S", bound=SiteModel)


class SiteStage(Generic[S]):
    """The part of a `Publisher` that is the same whatever it learns from."""

    name: ClassVar[str]

    def __init__(self, make: Callable[[], S]) -> None:
        self._sites = PerSite(make)

    @property
    def waiting(self) -> bool:
        """Whether something changed that was not published."""
        return any(self._sites[site].waiting for site in self._sites)

    def publish(self) -> list[Any]:
        """Return what changed of each site, or some of it."""
        out: list[View] = []
        for name in self._sites:
            if self._sites[name].waiting:
                site = self._sites.open(name)
                out += site.views(name)
                out.append(self._model_view(name, site.known()))
        return [Views(out)] if out else []

    def finish(self) -> list[Any]:
        """Return everything, with a digest of what was learnt."""
        out: list[View] = []
        for name in self._sites:
            site = self._sites.open(name)
            out += site.all_views(name)
            out.append(self._model_view(name, {"digest": site.digest(), **site.known()}))
        return [Views(out)] if out else []

    def dump(self, *, full: bool) -> bytes:
        """Return all sites, or those that changed."""
        return self._sites.dump(full=full)

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace all sites."""
        self._sites.load(parts)

    def _model_view(self, site: str, known: dict[str, Any]) -> View:
        return View("model", site, self.name, dump_json(known))
