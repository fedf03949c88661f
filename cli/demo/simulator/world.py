"""The simulated world: who comes when, and what happens next.

It draws from one seeded source, and time is told to it. With the same seed, the same moments and
the same answers to its questions it tells the same story.
"""

import heapq
import math
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Final

from cli.demo.simulator.outputs import Asked, Did, Output, Shown, Trending
from cli.demo.simulator.people import Shopper, new_shopper
from cli.demo.simulator.shop import Shop
from cli.demo.simulator.visit import Ask, Steps, Visit
from contracts.events import Event, Item

SITE: Final = "default"
SOURCE: Final = "demo"
DAY_SECONDS: Final = 600.0
"""A day of the shop: more visits in its first half, fewer in its second."""
RHYTHM: Final = 0.35
NEWCOMERS: Final = 0.25
"""Of visits: by people who have never been here."""
REST_SECONDS: Final = 60.0
"""At least so long between two visits of a person."""
MAX_PEOPLE: Final = 5_000
PEOPLE_A_RATE: Final = 20
"""At most `MAX_PEOPLE` people, or so many for each event a second if that is more: enough that
they can rest. 1 KB each."""
TREND_SECONDS: Final = 40.0
"""Mean time between two trends; the first comes after half of it."""
EVENTS_A_VISIT: Final = 11.1
"""On average, where every list of recommendations has `LIST` items."""
LIST: Final = 4
RUSH: Final = 16.0
RUSH_SECONDS: Final = 6.0
"""The shop opens with a rush: as many visits as else come in `RUSH` seconds, within these."""


class World:
    """A shop and its shoppers from `start` (epoch ms) on, at about `rate` events a second."""

    def __init__(self, seed: int, rate: float, start: int) -> None:
        self.shop = Shop(seed, start, SITE)
        self.online = 0
        self._rng = Random(f"world {seed}")
        self._start = start
        self._run = _base36(start)
        self.people: list[Shopper] = []
        self._busy: set[int] = set()
        self._asking: dict[int, tuple[Visit, Steps]] = {}
        self._numbers = count(1)
        self._pace = rate / EVENTS_A_VISIT
        self._most = max(MAX_PEOPLE, round(PEOPLE_A_RATE * rate))
        self._agenda: list[tuple[float, int, Callable[[float], None]]] = []
        self._out: list[Output] = []
        for _ in range(max(20, round(4 * rate))):
            self._meet()
        for _ in range(round(RUSH * self._pace)):
            self._at(self._rng.uniform(0.0, RUSH_SECONDS), self._begin)
        self._at(0.0, self._arrive)
        self._at(TREND_SECONDS / 2, self._trend)

    @property
    def catalogue(self) -> list[Item]:
        """The shop's items."""
        return self.shop.items

    def advance(self, now: int) -> list[Output]:
        """Return what happens up to `now` (epoch ms), in the order of time. Cost: 0.1 ms each."""
        until = (now - self._start) / 1000
        while self._agenda and self._agenda[0][0] <= until:
            moment, _, action = heapq.heappop(self._agenda)
            action(moment)
        out, self._out = self._out, []
        return out

    def answer(self, number: int, shown: Shown | None, now: int) -> None:
        """Tell a shopper who asked at `Asked.number` what is shown; None if nothing could be."""
        visit, steps = self._asking.pop(number)
        moment = (now - self._start) / 1000
        self._at(moment, lambda then: self._go_on(visit, steps, then, shown))

    def _arrive(self, moment: float) -> None:
        rhythm = 1 + RHYTHM * math.sin(2 * math.pi * moment / DAY_SECONDS)
        # Thinning: as many arrivals as at the day's peak, of which some do not come.
        if self._rng.random() * (1 + RHYTHM) < rhythm:
            self._begin(moment)
        self._at(moment + self._rng.expovariate(self._pace * (1 + RHYTHM)), self._arrive)

    def _begin(self, moment: float) -> None:
        shopper = self._somebody(moment)
        if shopper is None:
            return
        shopper.visits += 1
        devices = list(shopper.devices)
        device = devices[0] if self._rng.random() < 0.7 else devices[-1]
        name = f"{self._run}-{next(self._numbers)}"
        visit = Visit(shopper, device, name, self.shop, self._rng)
        self._busy.add(shopper.number)
        self.online += 1
        self._go_on(visit, visit.steps(), moment)

    def _somebody(self, moment: float) -> Shopper | None:
        long_ago = self._start + (moment - REST_SECONDS) * 1000
        if len(self.people) < self._most and self._rng.random() < NEWCOMERS:
            return self._meet()
        for _ in range(5):
            shopper = self._rng.choice(self.people)
            if shopper.number not in self._busy and shopper.last < long_ago:
                return shopper
        return self._meet() if len(self.people) < self._most else None

    def _meet(self) -> Shopper:
        shopper = new_shopper(len(self.people) + 1, self._rng, self.shop)
        self.people.append(shopper)
        return shopper

    def _go_on(self, visit: Visit, steps: Steps, moment: float, shown: Shown | None = None) -> None:
        """Run a visit until it waits, asks or ends."""
        visit.now = moment
        while True:
            try:
                step = steps.send(shown)
            except StopIteration:
                self._end(visit)
                return
            shown = None
            if isinstance(step, Event):
                self._did(visit, step, moment)
            elif isinstance(step, Ask):
                self._ask(visit, steps, step)
                return
            else:
                self._at(moment + step, lambda then: self._go_on(visit, steps, then))
                return

    def _did(self, visit: Visit, event: Event, moment: float) -> None:
        shopper = visit.shopper
        # No two events of a person at the same moment: a profile's `as_of` then names one.
        shopper.last = max(shopper.last + 1, self._start + math.floor(moment * 1000))
        event.id = f"{self._run}-{next(self._numbers)}"
        event.time = shopper.last
        event.site, event.source = SITE, SOURCE
        self._out.append(Did(event, shopper.number))

    def _ask(self, visit: Visit, steps: Steps, ask: Ask) -> None:
        number = next(self._numbers)
        self._asking[number] = (visit, steps)
        item = None if ask.item is None else self.shop.items[ask.item].id
        self._out.append(Asked(number, visit.user, visit.device, item))

    def _end(self, visit: Visit) -> None:
        self._busy.discard(visit.shopper.number)
        self.online -= 1

    def _trend(self, moment: float) -> None:
        item = self.shop.start_trend(self._rng, moment)
        if item is not None:
            self._out.append(Trending(item.id, item.title))
        self._at(moment + self._rng.uniform(0.5, 1.5) * TREND_SECONDS, self._trend)

    def _at(self, moment: float, action: Callable[[float], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._numbers), action))


def _base36(number: int) -> str:
    """Return a number with digits and small letters.

    >>> _base36(1_700_000_000_000)
    'loyw3v28'
    """
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"
