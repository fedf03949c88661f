"""The graph: one dataflow for live traffic, for a replay, and for a test.

::

    events -> clean -> dedupe -> identify -> (order) -> profile -> (order) -> items -> top
                 |        keyed by device               keyed by user  |  `-> models
                 v                                                     v           |
              refused                                                facts <-------'
                                                                       `-> campaigns
                                                       (of devices, which hand over, then of users)

`build` differs between the three in one thing: a replay (`ordered=True`) puts what the workers
race for back into one total order, at the two steps in brackets, where live traffic does not wait.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.operators import KeyedStream
from bytewax.outputs import Sink

from contracts.erasures import Erased
from contracts.keys import bucket_name
from contracts.settings import FlowSettings
from flows.batch_spans import Watch, unwatched
from flows.disk import Disks
from flows.records import RawBatch
from flows.segments import Segments
from flows.stateful import Stage, publishing, stateful
from flows.told import told
from operators import routing, stages
from operators.campaigns.book import Book
from operators.campaigns.stage import CampaignStage
from operators.catalogue import Catalogue
from operators.clean import Clean
from operators.cleaning import clean_batches
from operators.examples import Passed
from operators.families import Family, families_of
from operators.happenings import CampaignSlice, FactSlice, Handovers
from operators.item_stages import ItemStage, TopStage
from operators.messages import (
    LIVE_ROUND,
    AttributedSlice,
    Erase,
    Examples,
    Facts,
    ItemBatch,
    Lesson,
    Refused,
    Slice,
    Tick,
    TopPart,
    Triggers,
    Views,
)
from operators.resequence import HasRound

T = TypeVar("T")
R = TypeVar("R", bound=HasRound)
Keyed = tuple[str, Any]
Route = list[routing.Keyed]

TOP_KEY = "top"
ORDER_KEY = "order"
TOP_PUBLISH_MS = 50
"""How long the shards, which publish at about the same time, are waited for."""


@dataclass(frozen=True)
class Sinks:
    """Where the graph's output goes: each takes (owner's key, message)."""

    views: Sink[Any]
    refused: Sink[Any]
    facts: Sink[Any]
    triggers: Sink[Any]


@dataclass(frozen=True)
class Resources:
    """What the graph is given beside its input: reference data, secrets, and a folder for state.

    `watch` may make each call of a stage a span of a trace.
    `disks` are what the output of views waits for at the end of an epoch; without them each step
    waits for the disk itself.
    """

    catalogue: Catalogue
    snapshot_key: bytes
    state_dir: Path
    book: Book = field(default_factory=Book)
    erased: Erased = field(default_factory=Erased)
    watch: Watch = unwatched
    disks: Disks | None = None


def build(
    source: Source[RawBatch],
    sinks: Sinks,
    settings: FlowSettings,
    resources: Resources,
    *,
    ordered: bool = False,
    extend: Callable[[Dataflow], Stream[Keyed]] | None = None,
    tell: Callable[[Dataflow], Stream[Keyed]] | None = None,
) -> Dataflow:
    """Return the dataflow.

    `extend` may add an input of its own, whose `Views` and `Refused` are written like the others,
    `tell` one whose `Examples` go to the families of models that they name.
    """
    flow = Dataflow("headrace")
    extra = extend and extend(flow)
    add = _Steps(settings, resources, ordered, extra and _only("erases", extra, Erase))
    batches = op.input("events", flow, source)

    clean = Clean(settings, resources.catalogue)
    cleaned = op.flat_map_batch(
        "clean",
        batches,
        resources.watch(
            "clean",
            told("clean", lambda b: clean_batches(clean, b, settings.buckets, every=ordered)),
        ),
    )
    refused = _only("refused", cleaned, Refused)
    ends = add.step("ends", refused, lambda: stages.EndsStage())
    firsts = add.step(
        "dedupe", _only("devices", cleaned, Slice), lambda: stages.DedupeStage(settings)
    )
    attributed = add.step(
        "identify",
        add.erasing("identify", "d", _only("firsts", firsts, Slice)),
        lambda: stages.IdentifyStage(settings, resources.erased),
    )
    by_user = add.regroup(
        "by_user",
        _only("attributed", attributed, AttributedSlice),
        AttributedSlice,
        partial(routing.to_users, buckets=settings.buckets, every=ordered),
    )
    book = resources.book
    applied = add.step(
        "profile", add.erasing("profile", "u", by_user), lambda: stages.ProfileStage(settings, book)
    )
    lessons = add.regroup(
        "by_model",
        _only("lessons", applied, Lesson),
        Lesson,
        partial(routing.to_models, shards=settings.shards, every=ordered),
    )
    reported = tell and tell(flow)
    learnt, scored = add.items(lessons), add.models(lessons, cleaned, reported)
    changes = op.merge("changes", applied, *scored)
    told_of = add.erasing("facts", "u", _only("fact_slices", changes, FactSlice))
    facts = add.step("facts", told_of, lambda: stages.FactStage(settings, book))
    fired = add.campaigns(facts, cleaned)
    outputs = [ends, firsts, applied, learnt, *scored, facts, fired]
    if extra is not None:
        outputs.append(extra)
        refused = op.merge("all_refused", refused, _only("extra_refused", extra, Refused))
    op.output("write_views", _only("views", op.merge("all_views", *outputs), Views), sinks.views)
    op.output("write_refused", refused, sinks.refused)
    op.output("write_facts", _only("new_facts", facts, Facts), sinks.facts)
    op.output("write_triggers", _only("new_triggers", fired, Triggers), sinks.triggers)
    return flow


class _Steps:
    """Adds the keyed steps of one graph."""

    def __init__(
        self,
        settings: FlowSettings,
        resources: Resources,
        ordered: bool,
        erases: KeyedStream[Any] | None,
    ) -> None:
        self._erases = erases
        self._settings = settings
        self._resources = resources
        self._ordered = ordered

    def step(self, name: str, up: Stream[Keyed], make: Callable[[], Stage]) -> KeyedStream[Any]:
        """Add a keyed step."""
        return stateful(name, up, make, self._segments(name), self._resources.watch)

    def erasing(self, step: str, kind: str, up: Stream[Keyed]) -> Stream[Keyed]:
        """Add, for a step, what its keys of a kind, or its one key of that name, are to forget."""
        if self._erases is None:
            return up
        own = op.filter(f"erase_{step}", self._erases, lambda kv: _is_of_kind(kv[0], kind))
        return op.merge(f"{step}_or_erase", up, own)

    def regroup(
        self, name: str, up: Stream[Keyed], type_: type[R], route: Callable[[Sequence[R]], Route]
    ) -> Stream[Keyed]:
        """Regroup messages for the keys of the next step; a replay puts them in order first."""
        if not self._ordered:
            return op.flat_map_batch(
                name, up, told(name, lambda batch: route([keyed[1] for keyed in batch]))
            )
        senders = self._settings.buckets
        gathered = op.map(f"gather_{name}", up, lambda keyed: (ORDER_KEY, keyed[1]))
        ordered = self.step(
            f"order_{name}", gathered, lambda: stages.OrderStage(senders, type_, route)
        )
        # The stage named a key for each message, which takes the place of its own.
        return op.map(f"ordered_{name}", ordered, lambda keyed: keyed[1])

    def items(self, lessons: Stream[Keyed]) -> Stream[Keyed]:
        """Add the item shards and what ranks them all."""
        settings = self._settings
        every = self._every(settings.publish_ms)
        rows = publishing(
            "items",
            _only("item_batches", lessons, ItemBatch),
            lambda: ItemStage(settings),
            self._segments("items"),
            every,
            self._resources.watch,
        )
        parts = op.map("to_top", _only("top_parts", rows, TopPart), lambda kv: (TOP_KEY, kv[1]))
        top = publishing(
            "top",
            parts,
            lambda: TopStage(settings),
            self._segments("top"),
            self._every(TOP_PUBLISH_MS),
            self._resources.watch,
        )
        return op.merge("item_views", rows, top)

    def models(
        self, lessons: Stream[Keyed], cleaned: Stream[Keyed], told: Stream[Keyed] | None
    ) -> list[Stream[Keyed]]:
        """Add the families of models, one key each; their scores go back to the users."""
        examples = _only("examples", lessons, Examples)
        if told is not None:
            examples = op.merge("all_examples", examples, told)
        if any(family.is_timed for family in families_of(self._settings)):
            ticks = op.flat_map("passing", _only("times", cleaned, Tick), self._passed)
            examples = op.merge("timed_examples", examples, ticks)
        return [
            op.flat_map(f"{family.name}_results", self._family(family, examples), _to_target)
            for family in families_of(self._settings)
        ]

    def campaigns(self, facts: Stream[Keyed], cleaned: Stream[Keyed]) -> Stream[Keyed]:
        """Add the campaigns: of devices without a user first, who may turn out to be one."""
        slices = _only("campaign_slices", facts, CampaignSlice)
        ticks = _only("ticks", cleaned, Tick)
        split = op.branch("devices_or_users", slices, lambda keyed: keyed[1].devices)
        devices = self._watching("device_campaigns", op.merge("of_devices", split.trues, ticks), 1)
        handed = self.regroup(
            "by_owner",
            _only("handovers", devices, Handovers),
            Handovers,
            partial(routing.to_owners, buckets=self._settings.buckets, every=self._ordered),
        )
        users = op.merge("of_users", split.falses, handed, ticks)
        return op.merge("fired", devices, self._watching("campaigns", users, 2))

    def _watching(self, name: str, told: Stream[Keyed], senders: int) -> KeyedStream[Any]:
        settings, resources = self._settings, self._resources
        return self.step(
            name,
            self.erasing(name, "u", told),
            lambda: CampaignStage(settings, resources.book, resources.catalogue, senders),
        )

    def _passed(self, keyed: Keyed) -> Iterable[Keyed]:
        """Tell the families that want it how far time has come; once, of all buckets' ticks."""
        key, tick = keyed
        if key == bucket_name("u", 0):
            for family in families_of(self._settings):
                if family.is_timed:
                    passed = Passed(tick.clock)
                    yield family.name, Examples(LIVE_ROUND, family.name, [passed])

    def _family(self, family: Family, examples: KeyedStream[Examples]) -> KeyedStream[Any]:
        settings, key, ordered = self._settings, self._resources.snapshot_key, self._ordered
        return publishing(
            family.name,
            self.erasing(
                family.name,
                family.name,
                op.filter(f"{family.name}_examples", examples, lambda kv: kv[0] == family.name),
            ),
            lambda: family.make_stage(settings, key, ordered),
            self._segments(family.name),
            self._every(family.publish_ms),
            self._resources.watch,
        )

    def _every(self, milliseconds: int) -> timedelta | None:
        # What is published along the way in a replay would only be written over at its end.
        return None if self._ordered else timedelta(milliseconds=milliseconds)

    def _segments(self, step: str) -> Segments:
        given = self._resources
        return Segments(given.state_dir / step, key=given.snapshot_key, disks=given.disks)


def _only(name: str, up: Stream[Keyed], type_: type[T]) -> KeyedStream[T]:
    """Keep the messages of one type."""
    return op.filter(name, up, lambda keyed: isinstance(keyed[1], type_))


def _is_of_kind(key: str, kind: str) -> bool:
    return key == kind if len(kind) > 1 else key[0] == kind and key[1:].isdecimal()


def _to_target(keyed: Keyed) -> Iterable[Keyed]:
    key, message = keyed
    yield message if isinstance(message, tuple) else (key, message)
