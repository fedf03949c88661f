"""Thousands of runs that crash and race, each compared with the same input unbroken.

`HEADRACE_SIMULATION_SEEDS` says how many (the fast suite runs a few hundred), and
`HEADRACE_TEST_SEED` where they begin: a failure prints the seed that it fails with.
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from contracts.campaigns import CampaignVersion
from contracts.codec import load_json
from contracts.keys import message_key, partition_of
from contracts.settings import FlowSettings
from flows.auditing.account import ENDS, compare
from flows.auditing.log_side import LogSide, PartLog
from flows.records import Raw, RawBatch
from flows.replaying.arrival_clock import arrivals
from flows.replaying.total_order import in_order, in_rounds
from operators.campaigns.book import Book
from operators.ledger import Tally
from tests.builders import DAY, HOUR, MINUTE
from tests.simulation.engine import Chaos, SimulatedEngine
from tests.simulation.traffic import Line, lines, with_repeats

FIRST = int(os.environ.get("HEADRACE_TEST_SEED", "1"))
SEEDS = int(os.environ.get("HEADRACE_SIMULATION_SEEDS", "50"))
PARTITIONS = 3
EVENTS = 60

SETTINGS = FlowSettings(
    buckets=4, shards=2, families=["visits"], lateness_seconds=600, adopt_events=5, round_events=9
)

CAMPAIGNS: list[dict[str, Any]] = [
    {"id": "look", "condition": "event.type == 'view'", "cooldown": "3h", "holdout": 0.4},
    {"id": "again", "condition": "count('view', '2h') >= 2", "variants": {"a": 1, "b": 1}},
    {"id": "cart", "template": "cart_abandoned", "with": {"after": "30m"}, "cooldown": "1s"},
    {
        "id": "care",
        "condition": "event.type == 'complaint' || event.type == 'search'",
        "cooldown": "1s",
        "caps": [{"count": 3, "per": "1d"}],
        "quiet_hours": {"from": "23:00", "to": "02:00"},
    },
]


def book() -> Book:
    made = Book()
    for given in CAMPAIGNS:
        campaign = {"name": "C", "consent": [], **given}
        version = CampaignVersion(
            site="default", id=given["id"], version=1, time=0, campaign=campaign
        )
        made.put(version)
    return made


Check = Callable[[int], None]


def seeds(check: Check, share: float = 1.0) -> None:
    """Run a check with each seed; say with which one it failed."""
    for seed in range(FIRST, FIRST + max(1, int(SEEDS * share))):
        try:
            check(seed)
        except Exception as error:
            raise AssertionError(f"seed {seed} (HEADRACE_TEST_SEED={seed})") from error


def live_log(made: list[Line], dice: random.Random) -> list[list[RawBatch]]:
    """Return lines as the batches that polls of each partition give."""
    parts: list[list[Raw]] = [[] for _ in range(PARTITIONS)]
    for at, value in made:
        number = 0
        if value.startswith(b'{"id":"e'):
            event = load_json(value)
            key = message_key("default", event.get("user"), event.get("device"))
            number = partition_of(key, PARTITIONS)
        part = parts[number]
        part.append(Raw(value, at, f"events.click/{number}/", len(part)))
    log = []
    for number, records in enumerate(parts):
        batches = []
        while records:
            cut = dice.randint(1, 12)
            name = f"events.click/{number}"
            batches.append(RawBatch(name, None, None, records[:cut], number=number + 1))
            records = records[cut:]
        log.append(batches)
    return log


def of_people(engine: SimulatedEngine) -> dict[Any, Any]:
    kinds = ("profile", "standing", "ends")
    views = engine.views.items()
    return {key: value for key, value in views if key[0] in kinds and value is not None}


def mayhem(dice: random.Random) -> Chaos:
    return Chaos(
        workers=dice.randint(1, 4),
        crash=dice.choice((0.0, 0.01, 0.03)),
        snapshot=dice.choice((0.02, 0.1, 0.3)),
        most=dice.choice((1, 3, 100)),
        full=dice.choice((0.05, 0.5)),
    )


def test_live_runs_that_crash_and_race_treat_people_as_the_quiet_one_does() -> None:
    seeds(_live)


def _live(seed: int) -> None:
    dice = random.Random(seed)
    made = with_repeats(lines(dice, EVENTS, 20 * MINUTE), dice)
    log = live_log(made, dice)
    quiet = SimulatedEngine(log, SETTINGS, random.Random(seed), Chaos(), book=book()).run()
    wild = SimulatedEngine(log, SETTINGS, dice, mayhem(dice), book=book()).run()
    assert wild.conflicts == []
    assert of_people(wild) == of_people(quiet)
    assert wild.facts == quiet.facts
    assert wild.triggers == quiet.triggers
    assert wild.refused == quiet.refused
    assert _audited(wild, log) == []


def _audited(engine: SimulatedEngine, log: list[list[RawBatch]]) -> list[str]:
    """Return what the audit says of an engine's last epoch."""
    names = {f"events.click/{number}": number + 1 for number in range(PARTITIONS)}
    claims = {name: {end: Tally() for end in ENDS} for name in names}
    for stage in ("ends", "dedupe", "profile"):
        for key in engine.keys(stage):
            held = engine.stage(stage, key)
            ledger = held.ledger if stage == "ends" else _inner(held, stage).ledger
            for name, number in names.items():
                for end in ENDS:
                    claims[name][end].add(ledger.tally(end, number))
    side = LogSide({}, SETTINGS, set())
    parts = {}
    for number, name in enumerate(names):
        records = [record for batch in log[number] for record in batch.records]
        part = parts[name] = PartLog(name, 0, len(records), len(records))
        for record in records:
            side._take(part, record.number, record.value, record.received)
    account = compare(parts.values(), claims, {}, SETTINGS.dedupe_hours * HOUR)
    assert account.notes == []
    return account.differences


def _inner(stage: Any, name: str) -> Any:
    return stage._dedupe if name == "dedupe" else stage._profiles


def replayed(made: list[Line], dice: random.Random, chaos: Chaos) -> SimulatedEngine:
    records = [Raw(value, 0, "f:", number) for number, (_, value) in enumerate(made, 1)]
    ahead, late = SETTINGS.max_ahead_seconds * 1000, SETTINGS.lateness_seconds * 1000
    ordered = in_order(arrivals(records, ahead, late), late)
    rounds = list(in_rounds(ordered, SETTINGS.round_events))
    return SimulatedEngine([rounds], SETTINGS, dice, chaos, ordered=True, book=book()).run()


def test_replays_that_crash_and_race_end_in_the_state_of_the_quiet_one() -> None:
    seeds(_replay, 0.5)


def _replay(seed: int) -> None:
    dice = random.Random(seed)
    # Also over years, in which devices, profiles and ids are forgotten.
    made = with_repeats(lines(dice, EVENTS, dice.choice((HOUR, DAY, 90 * DAY))), dice)
    quiet = replayed(made, random.Random(seed), Chaos())
    wild = replayed(made, dice, mayhem(dice))
    assert wild.views == quiet.views
    assert wild.facts == quiet.facts
    assert wild.triggers == quiet.triggers


def test_repeats_and_a_shuffle_within_the_lateness_change_nobody() -> None:
    seeds(_shuffled, 0.5)


def _shuffled(seed: int) -> None:
    dice = random.Random(seed)
    made = [line for line in lines(dice, EVENTS, 20 * MINUTE) if line[1].startswith(b'{"id":"e')]
    # Events that are neither late nor early as they are: the shuffle is what makes them so.
    made = sorted((load_json(raw)["time"], raw) for _, raw in made)
    moved = [(at + dice.randrange(5 * MINUTE), raw) for at, raw in made]
    again = [(at + dice.randrange(5 * MINUTE), raw) for at, raw in made if dice.random() < 0.2]
    shuffled = sorted([*moved, *again], key=lambda line: line[0])
    clean = replayed(made, random.Random(seed), Chaos())
    wild = replayed(shuffled, dice, mayhem(dice))
    people = [key for key in clean.views if key[0] == "profile"]
    assert {key: wild.views.get(key) for key in people} == {k: clean.views[k] for k in people}
    assert wild.facts == clean.facts


@pytest.mark.parametrize("broken", ["dedupe", "identify", "profile"])
def test_the_simulation_would_notice(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that forgets what changed since its last whole dump does not go unseen."""
    from operators.dedupe import Dedupe
    from operators.identify import Identify
    from operators.profile import Profiles

    type_: Any = {"dedupe": Dedupe, "identify": Identify, "profile": Profiles}[broken]
    right = type_.load
    monkeypatch.setattr(type_, "load", lambda self, parts: right(self, parts[:1]))
    with pytest.raises(AssertionError, match="seed"):
        seeds(_live)


def test_the_simulation_would_notice_who_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Campaigns that go on before what a device knew has come over do not go unseen."""
    from operators.campaigns.joining import Joining
    from operators.happenings import Happening, Joined

    def at_once(self: Joining, one: Happening) -> list[Happening]:
        return [] if isinstance(one, Joined) else [one]

    monkeypatch.setattr(Joining, "ready", at_once)
    with pytest.raises(AssertionError, match="seed"):
        seeds(_live)
