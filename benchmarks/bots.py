"""How many bots are found, and how many people are taken for one.

    python -m benchmarks.bots                # simulated shoppers, with bots among them
    python -m benchmarks.bots taobao PATH    # people of a recording: all marks are wrong

Bots of five kinds are put among the shoppers of `headrace demo`: a scraper (5 pages a second), a
poller (a page each 5 s), a crawler with jitter (0.2 to 1.4 s), a slow one with random pauses (10 s,
exponential) that no rule is made for, and one that says what it is.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from cli.demo.simulator import World
from cli.demo.simulator.outputs import Asked, Did
from contracts.events import Event, subject_of
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from flows.importers import read
from operators.bots import BotWatch
from operators.messages import Arrived
from operators.profile import apply

BEGIN = 1_700_000_000_000
EACH = 20
PAGES = 60
KINDS = ("scraper", "poller", "crawler", "slow crawler", "spoken")


def bots(seed: int) -> Iterator[Event]:
    rng = random.Random(seed)
    gaps = {
        "scraper": lambda: 0.2,
        "poller": lambda: rng.gauss(5.0, 0.2),
        "crawler": lambda: rng.uniform(0.2, 1.4),
        "slow crawler": lambda: rng.expovariate(1 / 10.0),
        "spoken": lambda: rng.expovariate(1 / 10.0),
    }
    for kind in KINDS:
        for number in range(EACH):
            at = BEGIN + rng.randrange(3_600_000)
            for page in range(PAGES):
                at += max(1, round(1000 * gaps[kind]()))
                props = {"user_agent": "Examplebot/1.0"} if kind == "spoken" else {}
                yield Event(
                    id=f"{kind}{number}-{page}",
                    type="view",
                    time=at,
                    user=f"bot {kind} {number}",
                    item=f"i{rng.randrange(5_000)}",
                    props=props,
                )


def shoppers(seed: int, count: int) -> Iterator[Event]:
    world = World(seed, 50.0, BEGIN)
    made, now = 0, BEGIN
    while made < count:
        now += 1_000
        for output in world.advance(now):
            if isinstance(output, Did):
                made += 1
                yield output.event
            elif isinstance(output, Asked):
                world.answer(output.number, None, now)


def marks(events: Iterable[Event]) -> tuple[dict[str, str], Counter[str], int]:
    """Return whom which rule marked, how many events each was known for, events unlearnt."""
    settings, people, unlearnt = FlowSettings(), {}, 0
    watch, found, counts = BotWatch(settings), {}, Counter[str]()
    for number, event in enumerate(events):
        name = subject_of(event.user, event.device)
        profile = people.setdefault(name, Profile(PROFILE_VERSION, event.site, name))
        applied = apply(profile, Arrived(event, event.time, number), settings)
        counts[name] += 1
        if watch(profile, event, in_session=applied.in_session):
            unlearnt += 1
            if profile.bot is not None:
                found.setdefault(name, profile.bot.reason)
    return found, counts, unlearnt


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("format", nargs="?")
    parser.add_argument("path", nargs="?", type=Path)
    args = parser.parse_args()
    if args.format:
        found, counts, unlearnt = marks(read(args.format, args.path))
        print(f"marked {len(found)} of {len(counts):,} people", dict(Counter(found.values())))
        print(f"unlearnt {unlearnt:,} of {sum(counts.values()):,} events")
        return
    events = sorted([*bots(1), *shoppers(11, 40_000)], key=lambda event: event.time)
    found, counts, unlearnt = marks(events)
    right = [name for name in found if name.startswith("bot ")]
    print(f"precision {len(right) / max(len(found), 1):.3f} of {len(found)} marked")
    print(f"recall {len(right) / (EACH * len(KINDS)):.3f}")
    for kind in KINDS:
        hit = Counter(found[name] for name in right if name.startswith(f"bot {kind} "))
        print(f"  {kind:14} {sum(hit.values())}/{EACH}", dict(hit))
    people = len(counts) - EACH * len(KINDS)
    print(f"people marked {len(found) - len(right)} of {people:,}; {unlearnt:,} events unlearnt")


if __name__ == "__main__":
    main()
