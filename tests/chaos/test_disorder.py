"""A whole recording, repeated, shuffled, partly too late, and beside clocks that lie: as clean."""

import json
import os
import random
from datetime import timedelta
from pathlib import Path
from typing import Any

from bytewax.recovery import RecoveryConfig
from bytewax.testing import TestingSink, TestingSource, run_main

from contracts.codec import load_json
from contracts.settings import FlowSettings
from flows.live import Resources, Sinks, build
from flows.records import Raw
from flows.recovery import prepare
from flows.replaying.arrival_clock import arrivals
from flows.replaying.total_order import in_order, in_rounds
from operators.catalogue import Catalogue
from tests.builders import DAY, MINUTE, NOON, raw

SEED = int(os.environ.get("HEADRACE_TEST_SEED", "20261"))
RECORDING = Path(__file__).parents[2] / "examples" / "shop.jsonl"
SETTINGS = FlowSettings(buckets=4, shards=2, families=["intent"], lateness_seconds=600)
SHUFFLE_MS = 5 * MINUTE
FAR = 253_370_764_800_000

Line = tuple[int, bytes]
"""When a line is written (ms), and the line."""


class Run:
    """The graph over lines, killed at some rounds and resumed: people, facts, ends."""

    def __init__(self, lines: list[Line], folder: Path, deaths: tuple[int, ...] = ()) -> None:
        views: list[Any] = []
        facts: list[Any] = []
        sinks = Sinks(TestingSink(views), TestingSink([]), TestingSink(facts), TestingSink([]))
        resources = Resources(Catalogue(), b"k" * 32, folder / "state")
        for death in (*deaths, None):
            items: list[Any] = rounds_of(lines)
            if death is not None:
                items.insert(death, TestingSource.ABORT())
            flow = build(TestingSource(items), sinks, SETTINGS, resources, ordered=True)
            prepare(folder / "recovery", 1)
            config = RecoveryConfig(folder / "recovery")
            run_main(flow, epoch_interval=timedelta(0), recovery_config=config)
        state = {(v.kind, v.id): v.value for _, message in views for v in message.items}
        self.people = {id_: value for (kind, id_), value in state.items() if kind == "profile"}
        self.facts = {repr(fact) for _, message in facts for fact in message.items}
        self.ends = [load_json(value) for (kind, _), value in state.items() if kind == "ends"]

    def count(self, end: str) -> int:
        """How many events came to an end, over all stages."""
        found = [ends.get(end, 0) for ends in self.ends]
        return sum(sum(one.values()) if isinstance(one, dict) else one for one in found)


def rounds_of(lines: list[Line]) -> list[Any]:
    records = [Raw(line, 0, "f:", number) for number, (_, line) in enumerate(lines, 1)]
    ahead, late = SETTINGS.max_ahead_seconds * 1000, SETTINGS.lateness_seconds * 1000
    return list(in_rounds(in_order(arrivals(records, ahead, late), late), 100))


def test_repeats_disorder_lateness_and_liars_leave_everybody_as_they_were(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    clean = [(json.loads(line)["time"], line) for line in RECORDING.read_bytes().splitlines()]
    clean.sort()
    begun, ended = clean[0][0], clean[-1][0]
    assert ended - begun > 2 * SETTINGS.lateness_seconds * 1000, "nothing could be late"

    again = [line for line in clean if dice.random() < 0.2]
    dirty = [(at + dice.randrange(SHUFFLE_MS), line) for at, line in (*clean, *again)]
    # The clock starts at the first line: one that is shuffled before it is no test of lateness.
    dirty = [clean[0], *dirty]
    late = [
        (ended + n, raw(user=f"late{n}", id=f"late{n}", at=begun - NOON + n * 1000))
        for n in range(len(clean) // 100)
    ]
    wrong = (begun // 1000, -1, FAR, 1_000)  # seconds, before 1970, the year 9999, 1970
    liars = [
        (dice.randrange(begun, ended), raw(user="liar", id=f"lie{n}", at=time - NOON))
        for n, time in enumerate((*wrong, ended + DAY, begun - DAY))
    ]
    lines = sorted([*dirty, *late, *liars], key=lambda line: line[0])

    quiet = Run(clean, tmp_path / "clean")
    wild = Run(lines, tmp_path / "dirty", deaths=(2, 5, 8))
    said = f"seed {SEED} (HEADRACE_TEST_SEED={SEED})"
    assert len(quiet.people) > 50
    assert {id_: wild.people.get(id_) for id_ in quiet.people} == quiet.people, said
    strangers = {fact for fact in wild.facts if "late" in fact or "liar" in fact}
    assert wild.facts - strangers == quiet.facts, said
    assert wild.count("duplicate") == quiet.count("duplicate") + len(again) + 1, said
    assert wild.count("late") == len(late) + 1, said  # and the liar of yesterday
    assert wild.count("rejected") == len(wrong), said
