"""Whatever of the engine is killed with -9, again and again: nothing lost, nothing twice, and back.

The fast suite lets one engine live through three seeds of five kills; with
`HEADRACE_CHAOS_CYCLES` it is so many seeds of so many kills, an engine each, and the time until it
is back is judged.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psutil
import pytest

from cli.embedded import EmbeddedBroker
from flows.topics import create_topics
from tests.chaos.live import REAL, SEED, Live, traffic
from tests.chaos.report import busy, note, share
from tests.cli.running import Up, until

LONG = "HEADRACE_CHAOS_CYCLES" in os.environ
SEEDS = int(os.environ.get("HEADRACE_CHAOS_CYCLES", "3"))
KILLS = int(os.environ.get("HEADRACE_CHAOS_CYCLES", "5"))
BACK_S = 15.0
EVENTS = 3_000
PARTITIONS = 2
VICTIMS = ("worker", "API", "store", "supervisor")
WORDS = {"worker": "flows.main", "API": "api.main", "store": "valkey"}
SETTINGS = {
    "HEADRACE_API__PSEUDONYMS": "0",  # the producer is ours, and so are the ids
    "HEADRACE_FLOW__EPOCH_SECONDS": "0.3",
    "HEADRACE_FLOW__BUCKETS": "16",
    "HEADRACE_KAFKA__PARTITIONS": str(PARTITIONS),
    "HEADRACE_CAMPAIGNS__CLOCK_SECONDS": "0",  # the events are of another year
    # What models know is compared in replays (`tests/cli/test_kills.py`), where it has an order.
    "HEADRACE_FLOW__FAMILIES": '["intent", "segments"]',
}


Kill = tuple[str, random.Random]
"""Who is killed, and the dice of when and which one."""


class Outcome(NamedTuple):
    """What a run came to: people and ends, triggers, and how long it was away, by victim."""

    state: dict[str, bytes]
    fired: set[str]
    waits: list[tuple[str, float]]


class Mortal:
    """A `headrace up` with a store of its own, on a broker that outlives it."""

    def __init__(self, folder: Path, broker: EmbeddedBroker) -> None:
        self._folder = folder
        self._options = ("--workers", "2", "--kafka", broker.bootstrap_servers)
        # Made once: a client for each look would take the time of what is looked at.
        self._http = httpx.Client(timeout=30)
        self.start()

    def start(self) -> None:
        self.up = Up(self._folder, *self._options, program=REAL, **SETTINGS).__enter__()
        self.live = Live(self.up)

    def stop(self) -> None:
        self.up.__exit__()

    def close(self) -> None:
        self.stop()
        self._http.close()

    def kill(self, victim: str, dice: random.Random) -> None:
        """Kill one process; nothing is asked of what is left."""
        if victim == "supervisor":
            self.stop()
            self.start()
            return
        with suppress(psutil.NoSuchProcess):
            found = [one for one in self.up.children() if WORDS[victim] in " ".join(one.cmdline())]
            dice.choice(sorted(found, key=lambda one: one.pid)).kill()

    def serves(self, count: int) -> bool:
        """Whether so many events have come to their ends, and it says so without its store lost."""
        with suppress(httpx.TransportError):
            answer = self._http.get(f"{self.live.url}/v1/stats")
            told = answer.json()
            return answer.is_success and not told["degraded"] and told["events"]["ended"] >= count
        return False


@contextmanager
def mortal(folder: Path) -> Iterator[Mortal]:
    folder.mkdir()
    with EmbeddedBroker(folder / "broker", folder / "broker.log") as broker:
        create_topics(broker.bootstrap_servers, PARTITIONS)
        engine = Mortal(folder, broker)
        try:
            yield engine
        finally:
            engine.close()


def drawn(seed: int) -> list[Kill]:
    """Return the kills of a seed: one of each victim, and more of any."""
    dice = random.Random(seed)
    victims = [*VICTIMS, *dice.choices(VICTIMS, k=KILLS)][:KILLS]
    dice.shuffle(victims)
    return [(victim, dice) for victim in victims]


def run(folder: Path, records: list[bytes], kills: list[Kill]) -> Outcome:
    """Send the records in pieces, in the midst of each of which somebody is killed."""
    waits = []
    step = len(records) // (len(kills) + 1) + 1
    with mortal(folder) as engine:
        engine.live.watch_carts()
        for number, (victim, dice) in enumerate(kills):
            piece = records[number * step : (number + 1) * step]
            cut = dice.randrange(len(piece))
            engine.live.send(piece[:cut])
            time.sleep(dice.uniform(0.0, 1.0))
            begun = time.monotonic()
            engine.kill(victim, dice)
            engine.live.send(piece[cut:])
            until(partial(engine.serves, number * step + len(piece)))
            waits.append((victim, time.monotonic() - begun))
        engine.live.send(records[len(kills) * step :])
        until(lambda: engine.serves(len(records)))
        ids = engine.live.triggers()
        assert len(set(ids)) == len(ids)
        assert engine.live.triggers_on_kafka(len(ids)) == set(ids)
        found = Outcome(engine.live.state(), set(ids), waits)
        assert engine.up.end() == 0
    return found


@pytest.mark.timeout(300 + 60 * SEEDS * KILLS)  # on a machine that may be busy
def test_whoever_is_killed_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    # Nobody has two devices, and all is on one topic: what one person does on several devices,
    # or in clicks and in feedback, arrives as it arrives.
    records = [value for value in traffic(EVENTS, "share") if value.startswith(b'{"id":"')]
    unbroken = run(tmp_path / "unbroken", records, [])
    assert len([key for key in unbroken.state if ":profile:" in key]) > 50
    assert len(unbroken.fired) > 100
    waits: list[tuple[str, float]] = []
    seeds = range(SEED, SEED + SEEDS)
    for life in [[seed] for seed in seeds] if LONG else [seeds]:
        said = f"seeds {life[0]} to {life[-1]} (HEADRACE_TEST_SEED={life[0]})"
        broken = run(
            tmp_path / str(life[0]), records, [kill for one in life for kill in drawn(one)]
        )
        assert broken.state == unbroken.state, said
        # No trigger was lost, and none was accepted twice.
        assert broken.fired == unbroken.fired, said
        waits += broken.waits
    _report(waits)
    back = share([wait for _, wait in waits], 0.95)
    assert back < BACK_S or not LONG or busy(), f"back after {back:.1f} s at p95"


def _report(waits: list[tuple[str, float]]) -> None:
    for victim in VICTIMS:
        of: list[Any] = [wait for name, wait in waits if name == victim]
        if of:
            note(
                fault=f"{victim} killed, mid-stream, seeds {SEED} to {SEED + SEEDS - 1}",
                cycles=len(of),
                **{"back p50 s": round(share(of, 0.5), 1), "back p95 s": round(share(of, 0.95), 1)},
            )
