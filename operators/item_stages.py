"""Item shards: neighbour rows and popularity, learnt as events come, published as they add up."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec.structs import astuple

from contracts.codec import dump_json, pack
from contracts.events import Item
from contracts.keys import DAY_MS
from contracts.settings import FlowSettings
from online_models.popularity import HALF_LIVES_MS, HORIZONS, Popularity, merge, trending
from online_models.rows import pack_top, unpack_top
from online_models.slate import LINKED
from online_models.slot_table import SlotTable
from operators.durable import PackedMap
from operators.messages import ItemBatch, Named, PairArrays, TopPart, TouchArrays, View, Views
from operators.per_site import PerSite

Message = Any

HOLD = 4_096
"""Pairs that may wait to be learnt: in arrays of thousands a pair costs a fifth of what it does in
arrays of a few."""

TOP_OF_SHARD = 200
TOP_OF_SITE = 500


class _Shard:
    """What one shard knows of one site's items."""

    def __init__(self, settings: FlowSettings) -> None:
        half_life_ms = int(settings.co_half_life_days * DAY_MS)
        self.table = SlotTable(slots=settings.neighbours, half_life_ms=half_life_ms)
        self.popularity = Popularity()
        self.names = PackedMap()
        self.pending: set[int] = set()
        self.counted = False
        self._held: list[tuple[PairArrays, TouchArrays]] = []
        self._held_pairs = 0

    @property
    def waiting(self) -> bool:
        """Whether rows or counts changed, or will, that were not published."""
        return self.counted or bool(self.pending or self._held)

    def take(self, batch: ItemBatch) -> list[View]:
        """Keep a batch to learn from it; return the catalogue records of items not seen before."""
        if batch.touches.items or batch.pairs.items:
            self._hold(batch.pairs, batch.touches)
        views = [self._name(named) for named in batch.named]
        self.counted = self.counted or bool(batch.touches.items or batch.named)
        return [view for view in views if view is not None]

    def learn(self) -> None:
        """Learn from the batches that were kept."""
        held, self._held, self._held_pairs = self._held, [], 0
        if held:
            self._pair(_joined(PairArrays, [pairs for pairs, _ in held]))
            self._count(_joined(TouchArrays, [touches for _, touches in held]))

    def rows(self, site: str) -> list[View]:
        """Return the rows that changed since the last call; one that was evicted is deleted."""
        changed, self.pending = sorted(self.pending), set()
        kept = [item for item in changed if item in self.table]
        packed = dict(zip(kept, self.table.pack_many(np.array(kept, np.uint64)), strict=True))
        return [View("near", site, f"{item:016x}", packed.get(item)) for item in changed]

    def republish(self) -> None:
        """Make all rows, and the counts, pass for changed."""
        self.pending.update(self.table.items())
        self.counted = True

    def rankings(self) -> dict[str, bytes]:
        """Return the shard's most popular items, by horizon."""
        self.counted = False
        tops = self.popularity.top(TOP_OF_SHARD, self.popularity.time)
        tops[LINKED] = self.table.heaviest(TOP_OF_SHARD, self.table.time)
        return {name: pack_top(top) for name, top in tops.items()}

    def dump(self, *, full: bool) -> bytes:
        """Return what is known, or what changed of it."""
        return pack(
            _ShardPart(
                self.table.dump(full=full),
                self.popularity.dump(full=full),
                self.names.dump(full=full),
                sorted(self.pending),
                self._held,
            )
        )

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace what is known."""
        decoded = [_shard_parts.decode(part) for part in parts]
        self.table.load([part.table for part in decoded])
        self.popularity.load([part.popularity for part in decoded])
        self.names.load([part.names for part in decoded])
        self.pending = set(decoded[-1].pending)
        for pairs, touches in decoded[-1].held:
            self._hold(pairs, touches)
        # Whether these counts were published is not kept: once more does no harm.
        self.counted = len(self.popularity) > 0 or len(self.names) > 0

    def _hold(self, pairs: PairArrays, touches: TouchArrays) -> None:
        self._held.append((pairs, touches))
        self._held_pairs += len(pairs.channels)
        if self._held_pairs >= HOLD:
            self.learn()

    def _count(self, touches: TouchArrays) -> None:
        self.popularity.learn_many(
            np.frombuffer(touches.items, np.uint64),
            np.frombuffer(touches.weights, np.float32),
            np.frombuffer(touches.times, np.int64),
        )

    def _pair(self, pairs: PairArrays) -> None:
        touched = self.table.learn_many(
            np.frombuffer(pairs.items, np.uint64),
            np.frombuffer(pairs.neighbours, np.uint64),
            np.frombuffer(pairs.channels, np.int8),
            np.frombuffer(pairs.weights, np.float32),
            np.frombuffer(pairs.times, np.int64),
        )
        self.pending.update(touched.tolist())

    def _name(self, named: Named) -> View | None:
        known = self.names.get(named.id)
        # A price that changes from event to event is no news; a first category is.
        if known is not None and (not named.category or known == named.category.encode()):
            return None
        self.names[named.id] = named.category.encode()
        if named.known:
            return None
        record = Item(
            id=named.id,
            site=named.site,
            category=named.category,
            brand=named.brand,
            price=named.price,
        )
        return View("catalog", named.site, named.id, pack(record))


A = TypeVar("A", PairArrays, TouchArrays)


def _joined(type_: type[A], parts: Sequence[A]) -> A:
    """Return arrays one after another."""
    return type_(*(b"".join(columns) for columns in zip(*map(astuple, parts), strict=True)))


class _ShardPart(NamedTuple):
    table: bytes
    popularity: bytes
    names: bytes
    pending: list[int]
    held: list[tuple[PairArrays, TouchArrays]]


_shard_parts = msgspec.msgpack.Decoder(_ShardPart)


class ItemStage:
    """One shard of all sites' items: a `Publisher`."""

    def __init__(self, settings: FlowSettings) -> None:
        self._sites = PerSite(lambda: _Shard(settings))
        self._shard = ""

    @property
    def waiting(self) -> bool:
        """Whether anything changed that was not published."""
        return any(self._sites[site].waiting for site in self._sites)

    def on_batch(self, messages: Sequence[ItemBatch]) -> list[Message]:
        """Keep a batch, to be learnt from when enough have come or before the next publishing."""
        named: list[View] = []
        for message in messages:
            self._shard = message.shard
            named += self._sites.open(message.site).take(message)
        return [Views(named)] if named else []

    def publish(self) -> list[Message]:
        """Return the changed rows, and the rankings of the sites they belong to."""
        out: list[Message] = []
        for site in self._sites:
            shard = self._sites[site]
            shard.learn()
            if shard.pending:
                out.append(Views(shard.rows(site)))
            if shard.counted:
                out.append(TopPart(site, self._shard, len(shard.names), shard.rankings()))
        return out

    def finish(self) -> list[Message]:
        """Publish every row as of the shard's newest event, so that it tells not when it was."""
        for site in self._sites:
            self._sites[site].learn()
            self._sites[site].republish()
        return self.publish()

    def dump(self, *, full: bool) -> bytes:
        """Return all sites, or those that changed."""
        return pack((self._shard, self._sites.dump(full=full)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace all sites."""
        decoded = [_item_parts.decode(part) for part in parts]
        self._shard = decoded[-1][0] if decoded else ""
        self._sites.load([sites for _, sites in decoded])


_item_parts = msgspec.msgpack.Decoder(tuple[str, bytes])


class TopStage:
    """The shards' rankings merged into one of each kind a site: a `Publisher`."""

    def __init__(self, settings: FlowSettings) -> None:
        self._half_lives = dict(zip(HORIZONS, HALF_LIVES_MS, strict=True))
        self._half_lives[LINKED] = int(settings.co_half_life_days * DAY_MS)
        self._parts: dict[str, dict[str, TopPart]] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether rankings changed that were not published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[TopPart]) -> list[Message]:
        """Take the shards' newest rankings."""
        for message in messages:
            self._parts.setdefault(message.site, {})[message.shard] = message
            self._pending.add(message.site)
        return []

    def publish(self) -> list[Message]:
        """Return the merged rankings that changed."""
        sites, self._pending = sorted(self._pending), set()
        return [Views([view for site in sites for view in self._merged(site)])] if sites else []

    def finish(self) -> list[Message]:
        """Publish what is left."""
        return self.publish()

    def dump(self, *, full: bool) -> bytes:  # small: always whole
        """Return the shards' rankings."""
        return pack((self._parts, sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the shards' rankings."""
        if parts:
            self._parts, pending = _top_parts.decode(parts[-1])
            self._pending = set(pending)

    def _merged(self, site: str) -> list[View]:
        parts = [self._parts[site][shard] for shard in sorted(self._parts[site])]
        tops = {
            name: merge([unpack_top(p.rankings[name]) for p in parts], TOP_OF_SITE, half_life)
            for name, half_life in self._half_lives.items()
        }
        tops["popular"] = tops["long"]
        tops["trending"] = trending(tops["short"], tops["long"], TOP_OF_SITE)
        views = [View("top", site, name, pack_top(top)) for name, top in sorted(tops.items())]
        known = dump_json({"items": sum(part.items for part in parts)})
        return [*views, View("model", site, "items", known)]


_top_parts = msgspec.msgpack.Decoder(tuple[dict[str, dict[str, TopPart]], list[str]])
