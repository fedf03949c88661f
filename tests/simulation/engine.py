"""The graph's stages on a simulated engine: no process, no clock, no disk, one thread of dice.

What the real engine may do is done here by chance: workers own keys, and messages between two
workers stay in order while those of different workers interleave as they like; a batch is
whatever has come; an epoch ends when everything before it is done, and its snapshot is what
changed, or the whole; a crash throws away everything since the last epoch, and the next run has
other workers. Views and facts that were written stay written.
"""

import random
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from zlib import crc32

from contracts.codec import encode_json
from contracts.settings import FlowSettings
from flows.records import RawBatch
from operators import routing, stages
from operators.campaigns.book import Book
from operators.campaigns.stage import CampaignStage
from operators.catalogue import Catalogue
from operators.clean import Clean
from operators.cleaning import clean_batches
from operators.families import families_of
from operators.happenings import CampaignSlice, FactSlice, Handovers
from operators.item_stages import ItemStage, TopStage
from operators.messages import (
    AttributedSlice,
    Examples,
    Facts,
    ItemBatch,
    Lesson,
    Refused,
    Slice,
    TopPart,
    Triggers,
    UserSlice,
    Views,
)

KEY: Final = b"k" * 32
ONE: Final = "one"


@dataclass
class Chaos:
    """How the engine behaves. The default is one quiet worker that never dies."""

    workers: int = 1
    crash: float = 0.0
    snapshot: float = 0.0
    most: int = 1_000
    full: float = 0.2


@dataclass
class _Key:
    """One state key: its stage, and what it was saved as."""

    stage: Any
    parts: list[bytes] = field(default_factory=list)
    dirty: bool = False


class SimulatedEngine:
    """One run, crashes and all, over sources that are read from offsets.

    `sources` are lists of batches, each a partition; `ordered` is how a replay runs.
    """

    def __init__(
        self,
        sources: Sequence[Sequence[RawBatch]],
        settings: FlowSettings,
        dice: random.Random,
        chaos: Chaos,
        *,
        ordered: bool = False,
        book: Book | None = None,
    ) -> None:
        self._sources = sources
        self._book = Book() if book is None else book
        self._settings = settings
        self._dice = dice
        self._chaos = chaos
        self._ordered = ordered
        self._clean = Clean(settings, Catalogue())
        self._makers = self._stages()
        self.views: dict[tuple[str, str, str], bytes | None] = {}
        self.facts: dict[str, bytes] = {}
        self.triggers: dict[str, bytes] = {}
        self.conflicts: list[str] = []
        self.refused: set[str] = set()
        self.crashes = 0
        self._saved: dict[tuple[str, str], list[bytes]] = {}
        self._saved_at = [0] * len(sources)
        self._restart()

    def run(self) -> "SimulatedEngine":
        """Run to the end of all sources."""
        dice, chaos = self._dice, self._chaos
        while any(at < len(source) for at, source in zip(self.at, self._sources, strict=True)):
            chance = dice.random()
            if chance < chaos.crash:
                self._crash()
            elif chance < chaos.crash + chaos.snapshot:
                self._snapshot()
            elif dice.random() < 0.4 or not self._queues:
                self._poll()
            else:
                self._activate()
        self._drain()
        if dice.random() < chaos.crash * 10:
            self._crash()
            return self.run()
        self._finish()
        self._snapshot()
        return self

    @property
    def read(self) -> list[int]:
        """How many batches of each source the last epoch covers."""
        return self._saved_at

    def stage(self, name: str, key: str) -> Any:
        """Return one key's stage, to look at."""
        return self._keys[name, key].stage

    def keys(self, name: str) -> list[str]:
        """Return the keys of a stage."""
        return sorted(key for stage, key in self._keys if stage == name)

    def _stages(self) -> dict[str, Callable[[], Any]]:
        settings, ordered, book = self._settings, self._ordered, self._book
        made: dict[str, Callable[[], Any]] = {
            "ends": stages.EndsStage,
            "dedupe": partial(stages.DedupeStage, settings),
            "identify": partial(stages.IdentifyStage, settings),
            "profile": partial(stages.ProfileStage, settings, book),
            "facts": partial(stages.FactStage, settings, book),
            "device_campaigns": partial(CampaignStage, settings, book, Catalogue(), 1),
            "campaigns": partial(CampaignStage, settings, book, Catalogue(), 2),
        }
        if ordered:
            to_users = partial(routing.to_users, buckets=settings.buckets, every=True)
            to_owners = partial(routing.to_owners, buckets=settings.buckets, every=True)
            to_models = partial(routing.to_models, shards=settings.shards, every=True)
            buckets = settings.buckets
            made |= {
                "users": partial(stages.OrderStage, buckets, AttributedSlice, to_users),
                "owners": partial(stages.OrderStage, buckets, Handovers, to_owners),
                "lessons": partial(stages.OrderStage, buckets, Lesson, to_models),
                "items": partial(ItemStage, settings),
                "top": partial(TopStage, settings),
            }
            for family in families_of(settings):
                made[family.name] = partial(family.make_stage, settings, KEY, True)
        return made

    # The engine.

    def _restart(self) -> None:
        self._workers = self._dice.randint(1, self._chaos.workers)
        self._salt = self._dice.random()
        self.at = list(self._saved_at)
        self._queues: dict[tuple[str, int, int], deque[tuple[str, Any]]] = {}
        self._keys: dict[tuple[str, str], _Key] = {}
        for (name, key), parts in self._saved.items():
            stage = self._makers[name]()
            stage.load(parts)
            self._keys[name, key] = _Key(stage, list(parts))

    def _crash(self) -> None:
        self.crashes += 1
        self._restart()

    def _owner(self, name: str, key: str) -> int:
        return crc32(f"{self._salt}/{name}/{key}".encode()) % self._workers

    def _poll(self) -> None:
        left = [n for n, source in enumerate(self._sources) if self.at[n] < len(source)]
        number = self._dice.choice(left)
        batch = self._sources[number][self.at[number]]
        self.at[number] += 1
        worker = self._owner("source", str(number))
        every = self._ordered
        for key, message in clean_batches(
            self._clean, [batch], self._settings.buckets, every=every
        ):
            self._put(worker, key, message)

    def _put(self, worker: int, key: str, message: Any) -> None:
        """Send a message from a worker to whoever owns its key at the next step."""
        for name, target in self._targets(key, message):
            owner = (
                worker if name in ("by_user", "by_owner", "views") else self._owner(name, target)
            )
            self._queues.setdefault((name, worker, owner), deque()).append((target, message))

    def _targets(self, key: str, message: Any) -> list[tuple[str, str]]:
        if isinstance(message, Slice):
            return [("dedupe" if not isinstance(message, _First) else "identify", key)]
        if isinstance(message, Refused):
            self.refused |= {record.origin for record in message.records}
            return [("ends", key)]
        if isinstance(message, AttributedSlice):
            return [("users", ONE) if self._ordered else ("by_user", key)]
        if isinstance(message, Handovers):
            return [("owners", ONE) if self._ordered else ("by_owner", key)]
        if isinstance(message, CampaignSlice):
            return [("device_campaigns" if message.devices else "campaigns", key)]
        if isinstance(message, Lesson):
            return [("lessons", ONE)] if self._ordered else []
        if isinstance(message, Examples):
            return [(message.family, key)]
        kinds = ((UserSlice, "profile"), (FactSlice, "facts"), (ItemBatch, "items"))
        found = [(name, key) for type_, name in kinds if isinstance(message, type_)]
        if isinstance(message, TopPart):
            return [("top", ONE)]
        if isinstance(message, (Views, Facts, Triggers)):
            return [("views", key)]
        return found

    def _activate(self) -> None:
        """Let one worker handle some of what has come for one step."""
        name, _, owner = self._dice.choice(sorted(self._queues))
        batch = self._taken(name, owner)
        if name == "views":
            self._write([message for _, message in batch])
            return
        if name in ("by_user", "by_owner"):
            route: Any = routing.to_users if name == "by_user" else routing.to_owners
            slices = [message for _, message in batch]
            for key, message in route(slices, self._settings.buckets, every=False):
                self._put(owner, key, message)
            return
        by_key: dict[str, list[Any]] = defaultdict(list)
        for key, message in batch:
            by_key[key].append(message)
        for key in sorted(by_key):
            held = self._keys.get((name, key))
            if held is None:
                held = self._keys[name, key] = _Key(self._makers[name]())
            held.dirty = True
            self._send(name, owner, key, held.stage.on_batch(by_key[key]))

    def _taken(self, name: str, owner: int) -> list[tuple[str, Any]]:
        """Take some of what each worker sent, interleaved; what one sent stays in its order."""
        lanes = []
        for place in [p for p in sorted(self._queues) if p[0] == name and p[2] == owner]:
            queue = self._queues[place]
            count = self._dice.randint(1, min(len(queue), self._chaos.most))
            lanes.append(deque(queue.popleft() for _ in range(count)))
            if not queue:
                del self._queues[place]
        batch = []
        while lanes:
            lane = self._dice.choice(lanes)
            batch.append(lane.popleft())
            if not lane:
                lanes.remove(lane)
        return batch

    def _send(self, name: str, worker: int, key: str, out: Sequence[Any]) -> None:
        for message in out:
            if isinstance(message, tuple):
                self._put(worker, *message)
            elif name == "dedupe" and isinstance(message, Slice):
                first = _First(message.bucket, message.round, message.clock, message.items)
                self._put(worker, key, first)
            else:
                self._put(worker, key, message)

    def _write(self, messages: Sequence[Any]) -> None:
        for message in messages:
            for view in message.items if isinstance(message, Views) else ():
                self.views[view.kind, view.site, view.id] = view.value
            for fact in message.items if isinstance(message, Facts) else ():
                self._tell(self.facts, fact.id, encode_json(fact))
            for trigger in message.items if isinstance(message, Triggers) else ():
                self._tell(self.triggers, trigger.id, encode_json(trigger))

    def _tell(self, told: dict[str, bytes], id_: str, raw: bytes) -> None:
        if told.setdefault(id_, raw) != raw:
            self.conflicts.append(f"{id_}: {told[id_]!r}, then {raw!r}")

    def _drain(self) -> None:
        while self._queues:
            self._activate()

    def _snapshot(self) -> None:
        """End the epoch: all that came before is done, then what changed is saved."""
        self._drain()
        for place, held in self._keys.items():
            if held.dirty:
                full = not held.parts or self._dice.random() < self._chaos.full
                part = held.stage.dump(full=full)
                held.parts = [part] if full else [*held.parts, part]
                held.dirty = False
            self._saved[place] = list(held.parts)
        self._saved_at = list(self.at)

    def _finish(self) -> None:
        for name in sorted(self._makers, key=lambda name: name == "top"):
            for key in self.keys(name):
                stage = self._keys[name, key].stage
                if hasattr(stage, "finish"):
                    self._send(name, self._owner(name, key), key, stage.finish())
            self._drain()


class _First(Slice, array_like=True, tag="first"):
    """A slice that has passed dedupe."""
