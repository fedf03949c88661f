"""What campaigns cost: a thousand of them with a hundred conditions each, beside none and few.

    python -m benchmarks.campaigns [--campaigns 1000] [--conditions 100] [--events 60000]

Events of a simulated shop go through the stages of profiles, facts and campaigns, bucket by bucket
as in the graph, with scores and segments as models would give them. The figures are CPU time of all
three stages; what campaigns take is what it is more than without any. `looked at` counts conditions
that were evaluated, `of all` is how many there are, which an engine without an index evaluates.
Counts are shown once for every 10,000 events, as each two seconds at that rate; the log's own clock
runs faster here, since events are 200 ms apart, so that cooldowns and windows end.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Iterator, Sequence
from typing import Any

from contracts.campaigns import CampaignVersion
from contracts.conditions import Condition
from contracts.decisions import Score
from contracts.events import Event
from contracts.keys import bucket_name, bucket_of
from contracts.settings import FlowSettings
from operators.campaigns import firings
from operators.campaigns.book import Book
from operators.campaigns.stage import CampaignStage
from operators.catalogue import Catalogue
from operators.happenings import CampaignSlice, FactSlice, UserScore
from operators.messages import LIVE_ROUND, Arrived, Attributed, Tick, Triggers, UserSlice
from operators.stages import FactStage, ProfileStage

NOON = 1_700_000_000_000
PEOPLE, ITEMS, CATEGORIES, SEGMENTS = 20_000, 5_000, 200, 12
BATCH = 400
GAP_MS, RATE = 200, 5_000
TYPES = ("view",) * 12 + ("search", "search", "add_to_cart", "add_to_cart", "purchase", "like")


def condition(dice: random.Random) -> str:
    """Return one condition of the kinds that marketers write, with numbers of its own."""
    hours = dice.choice((1, 2, 4, 8, 24, 72, 168))
    cart, orders = f"profile.cart_value >= {dice.uniform(5, 900):.1f}", dice.randrange(1, 9)
    return dice.choice(
        (
            f"profile.monetary >= {dice.uniform(50, 5_000):.1f}",
            f"{cart} && profile.orders >= {orders}",
            f"score.intent >= {dice.random():.3f} && segment == 's{dice.randrange(SEGMENTS)}'",
            f"score.churn >= {dice.random():.3f} && profile.orders >= {orders}",
            f"event.type == 'view' && event.item == 'i{dice.randrange(ITEMS)}'",
            f"event.category == 'c{dice.randrange(CATEGORIES)}' && count('view', '1h') >= 4",
            f"count('view', '{hours}h') >= {dice.randrange(3, 45)} && !seen('purchase', '1h')",
            f"entered('s{dice.randrange(SEGMENTS)}') && profile.sessions >= {dice.randrange(40)}",
            f"quiet('cart', '{hours}h') && {cart}",
            f"profile.sessions == {dice.randrange(2, 400)} && traits.plan == 'gold'",
        )
    )


def book_of(campaigns: int, conditions: int) -> Book:
    """Return a book of so many campaigns of one site."""
    dice, book = random.Random(7), Book()
    for number in range(campaigns):
        campaign = {
            "id": f"c{number}",
            "name": "C",
            "condition": [condition(dice) for _ in range(conditions)],
            "consent": [],
            "cooldown": "7d",
            "caps": [{"count": 3, "per": "1d"}],
            "priority": number % 10,
        }
        book.put(
            CampaignVersion(site="shop", id=f"c{number}", version=1, time=0, campaign=campaign)
        )
    return book


def traffic(count: int) -> Iterator[list[Attributed]]:
    """Yield batches of events; people come back."""
    dice = random.Random(11)
    batch: list[Attributed] = []
    for number in range(count):
        user, at = f"u{int(dice.paretovariate(0.7)) % PEOPLE}", NOON + number * GAP_MS
        item = int(dice.paretovariate(0.6)) % ITEMS
        event = Event(
            id=f"e{number}",
            type=dice.choice(TYPES),  # type: ignore[arg-type]  # all are types
            time=at,
            site="shop",
            user=user,
            item=f"i{item}",
            price=float(item % 90),
            order=f"o{number}",
        )
        arrived = Arrived(event, at, 0, category=f"c{item % CATEGORIES}")
        batch.append(Attributed(user, arrived))
        if len(batch) == BATCH:
            yield batch
            batch = []


class Engine:
    """The stages of profiles, facts and campaigns for all buckets."""

    def __init__(self, book: Book) -> None:
        settings = FlowSettings(families=["intent", "churn", "segments"])
        self.buckets = settings.buckets
        names = [bucket_name("u", number) for number in range(self.buckets)]
        catalogue = Catalogue()
        self.profiles = {name: ProfileStage(settings, book) for name in names}
        self.facts = {name: FactStage(settings, book) for name in names}
        self.campaigns = {name: CampaignStage(settings, book, catalogue) for name in names}
        self.dice = random.Random(5)
        self.intent: dict[str, float] = {}
        self.triggers = 0

    def take(self, batch: Sequence[Attributed]) -> None:
        """Let a batch through."""
        groups: dict[str, list[Attributed]] = {}
        for item in batch:
            name = bucket_name("u", bucket_of("shop", item.subject, self.buckets))
            groups.setdefault(name, []).append(item)
        clock = batch[-1].arrived.received
        for name, items in groups.items():
            out = self.profiles[name].on_batch([UserSlice(name, LIVE_ROUND, clock, items)])
            told = [message for message in out if isinstance(message, FactSlice)]
            told.append(FactSlice(LIVE_ROUND, "intent", [], self._scores(items)))
            slices = [m for m in self.facts[name].on_batch(told) if isinstance(m, CampaignSlice)]
            self._watch(name, slices)
        if self.dice.random() < 0.05:
            for name in self.campaigns:
                self._watch(name, [Tick("events.click/0", clock)])

    def _watch(self, name: str, messages: Sequence[Any]) -> None:
        out = self.campaigns[name].on_batch(messages) if messages else []
        self.triggers += sum(len(m.items) for m in out if isinstance(m, Triggers))

    def _scores(self, items: Sequence[Attributed]) -> list[UserScore]:
        scores = []
        for item in items:
            event, draw = item.arrived.event, self.dice.random()
            if draw < 0.4:
                # Scores move a little at a time, as those of the models do.
                was = self.intent.get(item.subject, 0.3)
                value = min(1.0, max(0.0, was + self.dice.gauss(0.0, 0.04)))
                self.intent[item.subject] = value
                name = "intent" if draw < 0.3 else "churn"
                score = Score(name, round(value, 3), event.time)
                scores.append(UserScore("shop", item.subject, 0, event.id, score))
            elif draw < 0.45:
                score = Score("segment", 1.0, event.time)
                segment = f"s{self.dice.randrange(SEGMENTS)}"
                scores.append(UserScore("shop", item.subject, 0, event.id, score, segment))
        return scores


def measure(campaigns: int, conditions: int, events: int, none: float) -> tuple[float, str]:
    """Return us an event, and a row of the table; `none` is what an event takes without any."""
    begin = time.process_time()
    book = book_of(campaigns, conditions)
    if campaigns:
        book.rules("shop", NOON)
    load = time.process_time() - begin
    looked = 0
    holds = Condition.holds

    def counted(self: Condition, frame: Any) -> bool:
        nonlocal looked
        looked += 1
        return holds(self, frame)

    engine = Engine(book)
    begin = time.process_time()
    Condition.holds = counted  # type: ignore[method-assign]  # only counts
    try:
        for batch in traffic(events):
            engine.take(batch)
    finally:
        Condition.holds = holds  # type: ignore[method-assign]  # as it was
    whole = 1e6 * (time.process_time() - begin) / events
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return whole, (
        f"| {campaigns:,} x {conditions} | {load:.1f} | {whole - none if campaigns else 0.0:.1f} "
        f"| {whole:.1f} | {looked / events:.2f} of {campaigns * conditions:,} "
        f"| {engine.triggers:,} | {memory:,.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=1_000)
    parser.add_argument("--conditions", type=int, default=100)
    parser.add_argument("--events", type=int, default=60_000)
    options = parser.parse_args()
    firings.SHOW_MS *= GAP_MS * RATE // 1_000  # type: ignore[misc]  # as long, at that rate
    print(
        "| campaigns | load, s | campaigns, us/event | all three stages | looked at | fired | MB |"
    )
    print("|---|---|---|---|---|---|---|")
    none = 0.0
    for campaigns, conditions in ((0, 0), (15, 1), (options.campaigns, options.conditions)):
        whole, row = measure(campaigns, conditions, options.events, none)
        none = whole if not campaigns else none
        print(row, flush=True)


if __name__ == "__main__":
    main()
