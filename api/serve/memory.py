"""What the API holds in memory of one namespace: catalogues, rankings, weights, progress."""

import logging
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final, TypeVar

import msgspec

from api.serve.catalogue import Catalogue
from api.serve.lag import Progress, current, lag_ms, told
from contracts.decisions import Segment
from contracts.keys import MODELS, Keys
from contracts.keys import parse as parse_key
from contracts.vitals import Checkpoint, Worker
from online_models.crowd import LINKED, Crowd, crowd_of
from online_models.popularity import HORIZONS
from online_models.rank_weights import RankWeights
from online_models.rows import NeighbourRow, TopList, unpack_top
from online_models.touches import Touch
from online_models.weights import Weights
from storage.views import LogState

T = TypeVar("T")

RANKINGS: Final = (*HORIZONS, "popular", "trending", LINKED)

logger = logging.getLogger("headrace.api")

_model = msgspec.json.Decoder(dict[str, Any])
_segments = msgspec.json.Decoder(list[Segment])


class Remembered:
    """Decodes a value when its bytes changed; damaged bytes leave what was known before."""

    def __init__(self, decode: Callable[[bytes], Any], nothing: Callable[[], Any]) -> None:
        self.value = nothing()
        self._decode = decode
        self._nothing = nothing
        self._raw: bytes | None = None

    def take(self, key: str, raw: bytes | None) -> None:
        """Take what the store holds now."""
        if raw == self._raw:
            return
        self._raw = raw
        try:
            self.value = self._nothing() if raw is None else self._decode(raw)
        except (ValueError, KeyError, struct.error, msgspec.MsgspecError) as error:
            logger.error("%s cannot be read: %s", key, error)


class Site:
    """What is held of one site."""

    def __init__(self, keys: Keys, name: str) -> None:
        self.name = name
        self.catalogue = Catalogue()
        self.log = LogState()
        self.log_key = keys.catalog_log(name)
        self._views = {
            keys.weights(name): Remembered(Weights.unpack, Weights),
            keys.rank_weights(name): Remembered(RankWeights.unpack, RankWeights),
            keys.segments(name): Remembered(_segments.decode, list),
            **{keys.model(name, m): Remembered(_model.decode, dict) for m in MODELS},
            **{keys.top(name, r): Remembered(unpack_top, lambda: None) for r in RANKINGS},
        }
        self._models = {m: self._views[keys.model(name, m)] for m in MODELS}
        self._weights = self._views[keys.weights(name)]
        self._rank_weights = self._views[keys.rank_weights(name)]
        self._segments = self._views[keys.segments(name)]
        self._tops = {ranking: self._views[keys.top(name, ranking)] for ranking in RANKINGS}
        self._crowd, self._made_of = crowd_of({}), list[int]()
        self._kept: dict[str, TopList] = {}  # what is kept keeps its id

    @property
    def wanted(self) -> list[str]:
        """The keys that are read again and again."""
        return list(self._views)

    def take(self, values: Mapping[str, bytes | None]) -> None:
        """Take what the store holds under the wanted keys."""
        for key, remembered in self._views.items():
            remembered.take(key, values[key])

    @property
    def weights(self) -> Weights:
        """The blend's weights, the defaults until some were learnt."""
        weights: Weights = self._weights.value
        return weights

    @property
    def rank_weights(self) -> RankWeights:
        """The ranker's weights, the defaults until some were learnt."""
        weights: RankWeights = self._rank_weights.value
        return weights

    @property
    def models(self) -> dict[str, dict[str, Any]]:
        """What the models that exist know of themselves, by name."""
        return {name: model.value for name, model in self._models.items() if model.value}

    @property
    def segments(self) -> list[Segment]:
        """The site's segments."""
        segments: list[Segment] = self._segments.value
        return segments

    @property
    def tops(self) -> dict[str, TopList]:
        """The rankings that exist."""
        return {name: top.value for name, top in self._tops.items() if top.value is not None}

    @property
    def crowd(self) -> Crowd:
        """The rankings as one table, made anew when one of them changed."""
        tops = self.tops
        made_of = list(map(id, tops.values()))
        if made_of != self._made_of:
            self._crowd, self._made_of, self._kept = crowd_of(tops), made_of, tops
            self.catalogue.content.touched(self._crowd.keys.tolist())
        return self._crowd

    def heard(self, touches: Sequence[Touch], rows: Iterable[NeighbourRow]) -> None:
        """Take note of what people touched: none of it is new, though no ranking has it.

        Cost: 15 us with 10 rows of 64.
        """
        own = (touch.item for touch in touches)
        known = chain.from_iterable(row.keys.tolist() for row in rows)
        self.catalogue.content.touched(chain(own, known))

    @property
    def linked(self) -> dict[str, TopList]:
        """The one ranking that says nothing of who likes an item."""
        top = self.top(LINKED)
        return {} if top is None else {LINKED: top}

    def top(self, ranking: str) -> TopList | None:
        """Return one ranking."""
        top: TopList | None = self._tops[ranking].value
        return top


class Memory:
    """What is held of one namespace. Replaced whole when another namespace is served."""

    def __init__(self, namespace: str, sites: Iterable[str]) -> None:
        self.keys = Keys(namespace)
        self.namespace = namespace
        self.sites = {name: Site(self.keys, name) for name in sites}
        self.ends: list[str] = []
        self._parts: list[str] = []
        self._workers: list[str] = []
        self.progress: list[Progress] = []
        self.workers: list[Worker] = []
        self.checkpoint: Checkpoint | None = None
        self.refreshed = 0

    @property
    def wanted(self) -> list[str]:
        """The keys that are read again and again."""
        own = (key for site in self.sites.values() for key in site.wanted)
        return [*self._parts, *self._workers, self.keys.checkpoint(), *own]

    @property
    def common(self) -> list[str]:
        """The keys that belong to the whole namespace, as far as they were found."""
        return [*self._parts, *self.ends]

    @property
    def common_prefix(self) -> str:
        """What the keys that belong to the whole namespace start with."""
        return self.keys.sites().removesuffix("sites:all")

    def found(self, keys: Iterable[str]) -> None:
        """Take the keys that belong to the whole namespace: progress, and counts of ends."""
        kinds: dict[str, list[str]] = {}
        for key in keys:
            kinds.setdefault(parse_key(key).kind, []).append(key)
        self._parts, self.ends = kinds.get("progress", []), kinds.get("ends", [])
        self._workers = kinds.get("worker", [])

    def take(self, values: Mapping[str, bytes | None], now: int) -> None:
        """Take what the store holds under the wanted keys, at `now` (ms)."""
        self.progress = current(told(Progress, map(values.get, self._parts)))
        self.workers = told(Worker, map(values.get, self._workers))
        self.checkpoint = next(iter(told(Checkpoint, [values.get(self.keys.checkpoint())])), None)
        for site in self.sites.values():
            site.take(values)
        self.refreshed = now

    def lag_ms(self, now: int) -> int | None:
        """Return how far the views lag behind what was accepted (`api.serve.lag`)."""
        return lag_ms(self.progress, now)
