"""The offers of each site under one key: decisions and rewards in, what was learnt of them out."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from contracts.codec import dump_json, pack
from contracts.settings import FlowSettings
from online_models.digest import digest
from online_models.placement import PlacementModel
from online_models.rewards import RewardJoin
from operators.erased import IsGone
from operators.examples import Offering
from operators.messages import Examples, View, Views

Message = Any

PLACEMENTS: Final = 64
"""Of a site; decisions at further ones are not learnt from."""


class SiteOffers:
    """One site's decisions under way, and its placements; `Durable`, always saved whole."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.join = RewardJoin()
        self.placements: dict[str, PlacementModel] = {}
        self.pending: set[str] = set()
        self._clock = 0

    def take(self, offering: Offering) -> None:
        """Take note of a decision or a reward, once those that were due before are learnt."""
        self._clock = max(self._clock, offering.time)
        for taken in self.join.due(self._clock):
            self.placements[taken.placement].learn_one(taken)
            self.pending.add(taken.placement)
        if offering.taken is not None:
            name = offering.taken.placement
            if name not in self.placements:
                if len(self.placements) >= PLACEMENTS:
                    return
                self.placements[name] = PlacementModel(self._seed)
            self.join.take(offering.taken)
            self.pending.add(name)
        elif offering.sign is not None:
            self.join.see(offering.sign)

    def dump(self, *, full: bool) -> bytes:
        """Return the state."""
        learnt = {name: model.pack() for name, model in self.placements.items()}
        return pack((self._clock, self.join.dump(full=True), learnt, sorted(self.pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the state."""
        if parts:
            self._clock, waiting, learnt, pending = _saved(parts[-1])
            self.join.load([waiting])
            self.placements = {n: PlacementModel.unpack(raw) for n, raw in learnt.items()}
            self.pending = set(pending)


_saved = msgspec.msgpack.Decoder(tuple[int, bytes, dict[str, bytes], list[str]]).decode


class DecideStage:
    """A `Publisher`: what was learnt at each placement that changed, and figures of policies."""

    name = "decide"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._seed = settings.seed
        self._sites: dict[str, SiteOffers] = {}

    @property
    def waiting(self) -> bool:
        """Whether anything changed since it was published."""
        return any(site.pending for site in self._sites.values())

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Take decisions and rewards in order."""
        for message in messages:
            for item in message.items:
                if not isinstance(item, Offering):
                    continue
                # Where nothing is offered, orders are no rewards.
                if item.taken is not None or item.site in self._sites:
                    self._open(item.site).take(item)
        return []

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget the decisions for people who are gone."""
        for name, site in self._sites.items():
            site.join.forget(partial(gone, name))
        return []

    def publish(self) -> list[Message]:
        """Return what changed."""
        views = [view for name in sorted(self._sites) for view in self._views(name)]
        return [Views(views)] if views else []

    def finish(self) -> list[Message]:
        """Return all that is known."""
        for site in self._sites.values():
            site.pending.update(site.placements)
        return self.publish()

    def dump(self, *, full: bool) -> bytes:
        """Return the sites."""
        return pack({name: site.dump(full=full) for name, site in self._sites.items()})

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the sites."""
        self._sites = {}
        for name, saved in _sites(parts[-1]).items() if parts else ():
            self._open(name).load([saved])

    def _open(self, name: str) -> SiteOffers:
        if name not in self._sites:
            self._sites[name] = SiteOffers(self._seed)
        return self._sites[name]

    def _views(self, name: str) -> Iterator[View]:
        site = self._sites[name]
        changed, site.pending = sorted(site.pending), set()
        if not changed:
            return
        packed = {each: site.placements[each].pack() for each in changed}
        for placement, raw in packed.items():
            yield View("bandit", name, placement, raw)
        known = {
            "waiting": len(site.join),
            "dropped": site.join.dropped,
            "placements": {n: site.placements[n].report() for n in sorted(site.placements)},
            "digest": digest([model.pack() for _, model in sorted(site.placements.items())]),
        }
        yield View("model", name, self.name, dump_json(known))


_sites = msgspec.msgpack.Decoder(dict[str, bytes]).decode
