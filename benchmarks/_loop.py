"""The work of one process without a broker: in a bare loop, or in the engine from a list.

    python -m benchmarks._loop bare|engine SETTINGS.json EVENTS

`EVENTS` holds `TIME<tab>JSON` lines. Both see the same batches, run the same operators and write
the same views to the store of the settings. Prints what it took as JSON; for `bare` by stage.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.recovery import RecoveryConfig
from bytewax.run import cli_main
from bytewax.testing import TestingSink

from contracts.settings import Settings
from flows.drain import Drain
from flows.live import Resources, Sinks, build
from flows.main import settle_memory
from flows.records import Raw, RawBatch
from flows.recovery import prepare
from flows.view_sink import ViewSink, coalesced
from flows.view_writes import ViewWrites
from operators import routing, stages
from operators.catalogue import Catalogue
from operators.clean import Clean
from operators.cleaning import clean_batches
from operators.families import families_of
from operators.happenings import FactSlice
from operators.item_stages import ItemStage, TopStage
from operators.messages import AttributedSlice, Examples, ItemBatch, Lesson, Slice, TopPart, Views
from storage.redis_views import RedisViews

KEY = b"a key that signs the models' state"
Keyed = tuple[str, Any]


def batches(file: Path, size: int) -> list[RawBatch]:
    found, records = [], []
    for number, line in enumerate(file.open("rb")):
        received, raw = line.rstrip(b"\n").split(b"\t", 1)
        records.append(Raw(raw, int(received), "list/0/", number))
        if len(records) == size:
            found.append(RawBatch("list/0", None, None, records))
            records = []
    return [*found, RawBatch("list/0", None, None, records)] if records else found


class Clock:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.spent[name] += time.process_time() - began


class Keys:
    """The keys of one stage, as the engine keeps them."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self.stages: dict[str, Any] = {}

    def on_batch(self, messages: Sequence[Keyed]) -> list[Keyed]:
        by_key: dict[str, list[Any]] = defaultdict(list)
        for key, message in messages:
            by_key[key].append(message)
        out: list[Keyed] = []
        for key in sorted(by_key):
            stage = self.stages.get(key)
            if stage is None:
                stage = self.stages[key] = self._make()
            out += [(key, made) for made in stage.on_batch(by_key[key])]
        return out

    def publish(self) -> list[Keyed]:
        return [(k, out) for k, s in self.stages.items() if s.waiting for out in s.publish()]


class Bare:
    """The graph's work, called one stage after another."""

    def __init__(self, settings: Settings) -> None:
        flow = settings.flow
        self.clock = Clock()
        self._flow = flow
        self._clean = Clean(flow, Catalogue())
        self._views = RedisViews.open(settings.redis, settings.namespace, 1)
        self._to_writes = ViewWrites(settings.namespace)
        self._dedupe = Keys(lambda: stages.DedupeStage(flow))
        self._identify = Keys(lambda: stages.IdentifyStage(flow))
        self._profile = Keys(lambda: stages.ProfileStage(flow))
        self._items = Keys(lambda: ItemStage(flow))
        self._top = Keys(lambda: TopStage(flow))
        self._families = {
            family.name: (family.publish_ms, Keys(partial(family.make_stage, flow, KEY, False)))
            for family in families_of(flow)
        }
        self._facts = Keys(lambda: stages.FactStage(flow))
        self._rows_at = time.monotonic()
        self._published_at = dict.fromkeys(self._families, self._rows_at)

    def __call__(self, batch: RawBatch) -> None:
        stage, flow = self.clock.stage, self._flow
        with stage("decode, validate, enrich"):
            cleaned = clean_batches(self._clean, [batch], flow.buckets, every=False)
        with stage("dedupe"):
            firsts = self._dedupe.on_batch(_only(cleaned, Slice))
        with stage("identify"):
            attributed = self._identify.on_batch(_only(firsts, Slice))
        with stage("regroup by user and item"):
            slices = [message for _, message in _only(attributed, AttributedSlice)]
            by_user = routing.to_users(slices, flow.buckets, every=False) if slices else []
        with stage("profile, features, facts"):
            applied = self._profile.on_batch(by_user)
        with stage("regroup by user and item"):
            lessons = [message for _, message in _only(applied, Lesson)]
            learnt = routing.to_models(lessons, flow.shards, every=False) if lessons else []
        with stage("co-visitation, popularity"):
            items = self._items.on_batch(_only(learnt, ItemBatch))
        examples = _only(learnt, Examples)
        scores: list[Keyed] = []
        for name, (_, keys) in self._families.items():
            with stage(f"{name} model"):
                scores += keys.on_batch([m for m in examples if m[0] == name])
        with stage("standings, facts"):
            scored = [m if isinstance(m, tuple) else (key, m) for key, m in scores]
            facts = self._facts.on_batch(_only([*applied, *scored], FactSlice))
        published = self._publish()
        with stage("write views"):
            messages = [*firsts, *applied, *items, *facts, *published]
            self._write(_only(messages, Views))

    def _publish(self) -> list[Keyed]:
        now, out = time.monotonic(), []
        with self.clock.stage("pack item rows, rankings"):
            if now - self._rows_at >= self._flow.publish_ms / 1000:
                self._rows_at = now
                out += self._items.publish()
                self._top.on_batch([("top", part) for _, part in _only(out, TopPart)])
                out += self._top.publish()
        for name, (every_ms, keys) in self._families.items():
            if now - self._published_at[name] >= every_ms / 1000:
                self._published_at[name] = now
                with self.clock.stage(f"{name} model"):
                    out += keys.publish()
        return out

    def _write(self, messages: Sequence[Keyed]) -> None:
        self._views.write(coalesced(w for _, m in messages for w in self._to_writes(m.items)))


def _only(messages: Sequence[Keyed], type_: type) -> list[Keyed]:
    return [keyed for keyed in messages if isinstance(keyed[1], type_)]


class ListSource(FixedPartitionedSource[RawBatch, None]):
    """Batches from memory; says when the warm-up was over, and when the last was done."""

    def __init__(self, items: list[RawBatch]) -> None:
        self.items = items
        self.began = self.ended = (0.0, 0.0)

    def list_parts(self) -> list[str]:
        return ["list/0"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> _ListPart:
        return _ListPart(self)


class _ListPart(StatefulSourcePartition[RawBatch, None]):
    def __init__(self, source: ListSource) -> None:
        self._source = source
        self._at = 0

    def next_batch(self) -> list[RawBatch]:
        if self._at == warm_up(self._source.items):
            self._source.began = _now()
        if self._at == len(self._source.items):
            self._source.ended = _now()
            raise StopIteration
        self._at += 1
        return [self._source.items[self._at - 1]]

    def next_awake(self) -> datetime | None:
        return None

    def snapshot(self) -> None:
        return None


def _now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


def run_engine(settings: Settings, items: list[RawBatch]) -> dict[str, Any]:
    to_writes = ViewWrites(settings.namespace)
    views = ViewSink(
        lambda: RedisViews.open(settings.redis, settings.namespace, 1),
        lambda message: to_writes(message.items),
        Drain(),
    )
    work = settings.data_dir / "engine"
    shutil.rmtree(work, ignore_errors=True)
    prepare(work / "recovery", settings.flow.recovery_parts)
    source = ListSource(items)
    flow = build(
        source,
        Sinks(views, TestingSink([]), TestingSink([]), TestingSink([])),
        settings.flow,
        Resources(Catalogue(), KEY, work / "state"),
    )
    cli_main(  # type: ignore[no-untyped-call]  # untyped
        flow,
        epoch_interval=timedelta(seconds=settings.flow.epoch_seconds),
        recovery_config=RecoveryConfig(work / "recovery"),  # type: ignore[no-untyped-call]  # untyped
    )
    wall, cpu = (b - a for a, b in zip(source.began, source.ended, strict=True))
    return {"seconds": wall, "cpu": cpu}


def run_bare(settings: Settings, items: list[RawBatch]) -> dict[str, Any]:
    bare = Bare(settings)
    began = _now()
    for number, batch in enumerate(items):
        if number == warm_up(items):
            bare.clock.spent.clear()
            began = _now()
        bare(batch)
    wall, cpu = (b - a for a, b in zip(began, _now(), strict=True))
    return {"seconds": wall, "cpu": cpu, "stages": dict(bare.clock.spent)}


def warm_up(items: Sequence[RawBatch]) -> int:
    """How many batches come before the clock starts."""
    return len(items) // 10


def main() -> None:
    mode, settings_file, events_file = sys.argv[1:4]
    settings = Settings.load(Path(settings_file))
    items = batches(Path(events_file), settings.kafka.poll_batch)
    settle_memory()
    run = {"bare": run_bare, "engine": run_engine}[mode]
    count = sum(len(batch.records) for batch in items[warm_up(items) :])
    print(json.dumps({"events": count, **run(settings, items)}))


if __name__ == "__main__":
    main()
