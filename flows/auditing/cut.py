"""What the dataflow had done at one epoch: a consistent cut of its state, read beside it.

At the end of an epoch every event before the source's offsets has come to its end and none after
them has. Recovery keeps that moment, so nothing has to stop for a comparison to be exact.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from contracts.keys import EVENT_TOPICS
from contracts.profile import Profile
from contracts.settings import FlowSettings
from flows.kafka_part import Position
from flows.recovery import RecoveryError, states_at_one_epoch
from flows.segment_files import SegmentError, SegmentStore, unpack_handles
from flows.snapshot_key import snapshot_key
from operators.dedupe import Dedupe
from operators.ledger import Ledger
from operators.messages import Ends
from operators.profile import Profiles
from operators.stages import EndsStage, people_in

SOURCE: Final = "headrace.events"
STAGES: Final = {"clean": "ends", "dedupe": "dedupe", "profile": "profile"}
"""Stages that events end in, as their views call them, and the steps that they are."""
TRIES: Final = 5


@dataclass(frozen=True)
class Owner:
    """Who ended some events: one key of a stage."""

    stage: str
    key: str
    ends: Ends
    ledger: Ledger


@dataclass
class Cut:
    """One epoch: where each partition was read up to, who ended what, and who is known."""

    epoch: int
    positions: dict[str, Position] = field(default_factory=dict)
    owners: list[Owner] = field(default_factory=list)
    people: list[Profiles] = field(default_factory=list)
    forgotten: int = 0

    def profiles(self) -> Iterator[Profile]:
        """Yield everybody who has a profile."""
        for bucket in self.people:
            yield from bucket.people()


def read_cut(flow_dir: Path, settings: FlowSettings) -> Cut:
    """Return the newest whole epoch of the dataflow in a folder; raise `RecoveryError`.

    Holds all profiles in memory, about 1 KB a person.
    """
    for attempt in range(TRIES):
        try:
            return _read(flow_dir, settings)
        except SegmentError as error:
            # A running flow deletes segments a few epochs after nothing needs them any more.
            if attempt == TRIES - 1:
                raise RecoveryError(f"{flow_dir / 'state'}: {error}") from error
    raise AssertionError("unreachable")


def _read(flow_dir: Path, settings: FlowSettings) -> Cut:
    steps = [SOURCE, *(f"headrace.{step}" for step in STAGES.values())]
    epoch, states = states_at_one_epoch(flow_dir / "recovery", steps)
    cut, signed_with = Cut(epoch), snapshot_key(flow_dir, settings)
    for part, state in states.get(SOURCE, {}).items():
        if part.rpartition("/")[0] in EVENT_TOPICS:
            cut.positions[part] = msgspec.msgpack.decode(state, type=Position)
    for stage, step in STAGES.items():
        load: Callable[[Cut, str, list[bytes], FlowSettings], None] = _LOADERS[stage]
        keys = states.get(f"headrace.{step}", {})
        store = SegmentStore(flow_dir / "state" / step, key=signed_with)
        for key, state in sorted(keys.items()):
            handles = unpack_handles(state, signed_with)
            if handles:
                load(cut, key, [store.read(handle) for handle in handles], settings)
    return cut


def _clean(cut: Cut, key: str, parts: list[bytes], settings: FlowSettings) -> None:
    stage = EndsStage()
    stage.load(parts)
    cut.owners.append(Owner("clean", key, stage.ends, stage.ledger))


def _dedupe(cut: Cut, key: str, parts: list[bytes], settings: FlowSettings) -> None:
    dedupe = Dedupe(settings.dedupe_hours, settings.dedupe_max_ids)
    dedupe.load(parts[-1:])
    cut.forgotten += dedupe.forgotten
    ends = Ends(duplicate=dedupe.duplicates)
    cut.owners.append(Owner("dedupe", key, ends, dedupe.ledger))


def _profile(cut: Cut, key: str, parts: list[bytes], settings: FlowSettings) -> None:
    profiles = Profiles(settings)
    profiles.load(people_in(parts))
    cut.people.append(profiles)
    cut.owners.append(Owner("profile", key, profiles.ends, profiles.ledger))


_LOADERS: Final = {"clean": _clean, "dedupe": _dedupe, "profile": _profile}
