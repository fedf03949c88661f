import asyncio
from dataclasses import dataclass, field
from typing import cast

from cli.demo.played import PlayedStream
from cli.demo.traffic import Traffic
from contracts.events import Event
from tests.builders import NOON, SECOND, event

START = NOON * 2
DAY_MS = 86_400_000


@dataclass
class Noted:
    """Takes the place of the traffic: notes what is posted and asked, and when."""

    posted: list[tuple[int, Event, int]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    now: int = START

    async def post(self, event: Event, person: int) -> None:
        self.posted.append((self.now, event, person))

    def ask(self, subject: str, n: int, item: str | None, then: object) -> None:
        self.asked.append(subject)

    def say(self, text: str) -> None:
        self.said.append(text)


def play(events: list[Event], speed: float, origin: int = NOON, silence: float = 2.0) -> Noted:
    """Play events by a clock that jumps to the end of each pause."""
    noted = Noted()
    stream = PlayedStream(
        events, origin, speed, cast(Traffic, noted), silence, clock=lambda: noted.now
    )

    async def sleep(seconds: float) -> None:
        noted.now += round(seconds * 1000)

    async def run() -> None:
        before, asyncio.sleep = asyncio.sleep, sleep  # type: ignore[assignment]
        try:
            await stream.run()
        finally:
            asyncio.sleep = before

    asyncio.run(run())
    return noted


def test_offsets_are_scaled_and_ids_are_kept() -> None:
    events = [event(at=at * SECOND, id=f"e{at}") for at in (0, 60, 90, 180)]
    noted = play(events, speed=60)
    assert [one.id for _, one, _ in noted.posted] == ["e0", "e60", "e90", "e180"]
    assert [one.time - START for _, one, _ in noted.posted] == [0, 1000, 1500, 3000]
    assert [when - START for when, _, _ in noted.posted] == [0, 1000, 1500, 3000]
    assert "over after 4 events" in noted.said[0]


def test_what_lies_before_the_origin_comes_at_once_with_times_of_the_past() -> None:
    noted = play([event(at=-600_000), event(at=-60_000), event(at=60_000)], speed=60)
    assert [one.time - START for _, one, _ in noted.posted] == [-10_000, -1_000, 1_000]
    assert [when - START for when, _, _ in noted.posted] == [0, 0, 1_000]


def test_a_long_silence_is_cut_short_and_the_rest_keeps_its_distances() -> None:
    events = [event(at=0), event(at=30 * DAY_MS), event(at=30 * DAY_MS + 600)]
    noted = play(events, speed=1, silence=5.0)
    assert [one.time - START for _, one, _ in noted.posted] == [0, 5_000, 5_600]


def test_the_same_person_keeps_the_same_lane() -> None:
    events = [event(user=f"u{number % 3}", at=number) for number in range(30)]
    persons: dict[str, set[int]] = {}
    for _, one, person in play(events, speed=1).posted:
        persons.setdefault(str(one.user), set()).add(person)
    assert all(len(numbers) == 1 for numbers in persons.values())
    assert len(persons) == 3


def test_recommendations_are_asked_for_some_of_the_touches() -> None:
    events = [event(at=number) for number in range(1000)]
    events += [event("search", user="bea", query="tea", at=1000 + n) for n in range(1000)]
    noted = play(events, speed=1)
    assert set(noted.asked) == {"ada"}
    assert 50 < len(noted.asked) < 200
