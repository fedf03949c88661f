from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest

from cli.demo.simulator import DAY_SECONDS, LIST, Asked, Did, Output, Shown, Trending, World
from contracts.codec import decode_event, encode_json
from contracts.events import Event
from contracts.validation import check

START = 1_700_000_000_000
Recommender = Callable[[World, Asked], Shown | None]


def popular(world: World, asked: Asked) -> Shown:
    """Recommend what draws most, as an engine does that knows nobody."""
    best = np.argsort(-world.shop.appeal)[:LIST]
    return Shown(f"r{asked.number}", [world.catalogue[row].id for row in best])


def nothing(world: World, asked: Asked) -> None:
    """Answer as an engine that is away."""


def story(
    seconds: int, seed: int = 7, rate: float = 40, recommend: Recommender = popular, step: int = 100
) -> tuple[World, list[Output]]:
    """Return a world after so long, and all it told; `step` is the driver's pace (ms)."""
    world = World(seed, rate, START)
    told: list[Output] = []
    for now in range(START, START + seconds * 1000 + 1, step):
        outputs = world.advance(now)
        told += outputs
        for output in outputs:
            if isinstance(output, Asked):
                world.answer(output.number, recommend(world, output), now)
    return world, told


def events_of(told: list[Output]) -> list[Event]:
    return [output.event for output in told if isinstance(output, Did)]


@pytest.fixture(scope="module")
def day() -> tuple[World, list[Output]]:
    """One whole day of the shop."""
    return story(int(DAY_SECONDS))


def test_the_same_seed_tells_the_same_story() -> None:
    assert story(20)[1] == story(20)[1]
    assert story(20, seed=8)[1] != story(20)[1]


def test_how_often_the_driver_looks_changes_nothing_but_when_it_can_answer() -> None:
    often = story(20, recommend=nothing, step=1)[1]
    once = World(7, 40, START).advance(START)
    assert often[: len(once)] == once
    world = World(7, 40, START)
    until_first_question = next(n for n, output in enumerate(often) if isinstance(output, Asked))
    assert (
        world.advance(START + 20_000)[: until_first_question + 1]
        == (often[: until_first_question + 1])
    )


def test_every_event_is_valid_and_labelled_as_simulated(day: tuple[World, list[Output]]) -> None:
    events = events_of(day[1])
    assert len({(event.source, event.id) for event in events}) == len(events)
    for event in events:
        assert check(event) is None
        assert decode_event(encode_json(event)) == event
        assert event.source == "demo"
        assert event.props["simulated"] is True


def test_the_rate_is_about_what_was_asked_for(day: tuple[World, list[Output]]) -> None:
    assert len(events_of(day[1])) / DAY_SECONDS == pytest.approx(40, rel=0.15)


def test_a_day_has_busy_and_quiet_hours(day: tuple[World, list[Output]]) -> None:
    half = START + DAY_SECONDS * 500
    first = sum(event.time < half for event in events_of(day[1]))
    assert first > 1.25 * (len(events_of(day[1])) - first)


def test_a_person_does_one_thing_at_a_time(day: tuple[World, list[Output]]) -> None:
    last: dict[int, int] = defaultdict(int)
    for output in day[1]:
        if isinstance(output, Did):
            assert output.event.time > last[output.shopper]
            last[output.shopper] = output.event.time


def test_the_funnel_narrows_as_in_shops(day: tuple[World, list[Output]]) -> None:
    events = events_of(day[1])
    count = Counter(event.type for event in events)
    assert 0.08 < count["add_to_cart"] / count["view"] < 0.3
    assert 0.2 < count["purchase"] / count["add_to_cart"] < 0.7
    assert 0 < count["remove_from_cart"] < count["add_to_cart"] / 2
    assert 0 < count["return"] < count["purchase"] / 10
    visits = {event.session for event in events}
    buying = {event.session for event in events if event.type == "purchase"}
    assert 0.03 < len(buying) / len(visits) < 0.3
    told = {"search", "identify", "rating", "csat", "nps", "like", "dislike", "share"}
    assert told <= set(count)


def test_some_visits_bounce_and_people_come_back(day: tuple[World, list[Output]]) -> None:
    views: Counter[str] = Counter()
    visits: dict[int, set[str]] = defaultdict(set)
    for output in day[1]:
        if isinstance(output, Did):
            assert output.event.session is not None
            views[output.event.session] += output.event.type == "view"
            visits[output.shopper].add(output.event.session)
    assert 0.15 < sum(count <= 1 for count in views.values()) / len(views) < 0.5
    assert sum(len(names) > 1 for names in visits.values()) > len(visits) / 4


def test_orders_have_several_lines_and_empty_the_cart(day: tuple[World, list[Output]]) -> None:
    carts: dict[int, set[str | None]] = defaultdict(set)
    lines: dict[str, list[str | None]] = defaultdict(list)
    for output in day[1]:
        if not isinstance(output, Did):
            continue
        event, cart = output.event, carts[output.shopper]
        if event.type == "add_to_cart":
            cart.add(event.item)
        elif event.type == "remove_from_cart":
            cart.remove(event.item)
        elif event.type == "purchase":
            cart.remove(event.item)
            assert event.order is not None
            assert event.price is not None
            assert event.price > 0
            lines[event.order].append(event.item)
    assert max(map(len, lines.values())) > 2
    assert all(len(set(items)) == len(items) for items in lines.values())


def test_what_is_returned_or_rated_was_bought(day: tuple[World, list[Output]]) -> None:
    bought: set[tuple[int, str | None]] = set()
    for output in day[1]:
        if isinstance(output, Did):
            key = (output.shopper, output.event.item)
            if output.event.type == "purchase":
                bought.add(key)
            elif output.event.type in ("return", "rating", "complaint"):
                assert key in bought


def test_devices_are_anonymous_until_they_identify(day: tuple[World, list[Output]]) -> None:
    known: dict[str, str] = {}
    anonymous = 0
    for event in events_of(day[1]):
        assert event.device is not None
        if event.type == "identify":
            assert event.device not in known
            assert event.user is not None
            known[event.device] = event.user
        assert event.user == known.get(event.device)
        anonymous += event.user is None
    assert len(known) > len(set(known.values())) > 0  # some people have two devices
    assert 0.2 < anonymous / len(events_of(day[1])) < 0.9


def test_shoppers_look_at_and_buy_what_they_like(day: tuple[World, list[Output]]) -> None:
    world, told = day
    shop = world.shop
    bought, by_chance = [], []
    favourite: list[bool] = []
    looked: dict[int, Counter[int]] = defaultdict(Counter)
    for output in told:
        if isinstance(output, Did) and output.event.item is not None:
            person, row = world.people[output.shopper - 1], shop.row_of[output.event.item]
            if output.event.type == "view":
                looked[output.shopper][int(shop.category[row])] += 1
            elif output.event.type == "purchase":
                likes = person.likes(shop)
                bought.append(float(likes[row]))
                by_chance.append(float(np.average(likes, weights=shop.appeal)))
    assert np.mean(bought) > 3 * np.mean(by_chance)
    for number, categories in looked.items():
        if categories.total() >= 10:
            most = categories.most_common(1)[0][0]
            favourite.append(most in np.argsort(-world.people[number - 1].categories)[:3])
    assert len(favourite) > 50
    assert np.mean(favourite) > 0.7  # by chance: 3 of 12


def test_popular_items_draw_more(day: tuple[World, list[Output]]) -> None:
    world, told = day
    views = np.zeros(len(world.catalogue))
    for event in events_of(told):
        if event.type == "view" and event.item is not None:
            views[world.shop.row_of[event.item]] += 1
    assert np.corrcoef(views, world.shop.appeal)[0, 1] > 0.5
    assert views[world.shop.appeal == 0].sum() == 0  # out of stock


def test_a_trend_draws_visits_at_once_and_cools_down(day: tuple[World, list[Output]]) -> None:
    told = day[1]
    started: dict[str, int] = {}
    now = START
    for output in told:
        if isinstance(output, Did):
            now = output.event.time
        elif isinstance(output, Trending):
            started[output.item] = now
    times = defaultdict(list)
    for event in events_of(told):
        if event.type == "view":
            times[event.item].append(event.time)
    rises, falls = [], []
    for item, start in started.items():
        at = np.array(times[item]) - start
        before, first = ((at >= -60_000) & (at < 0)).sum(), ((at >= 0) & (at < 60_000)).sum()
        rises.append((first + 1) / (before + 1))
        falls.append((first + 1) / (((at >= 180_000) & (at < 240_000)).sum() + 1))
    assert len(rises) > 5
    assert np.median(rises) > 5
    assert np.median(falls) > 3


def test_reactions_name_the_answer_and_the_place_in_it() -> None:
    shown: dict[str, list[str]] = {}

    def recommend(world: World, asked: Asked) -> Shown:
        answer = popular(world, asked)
        shown[answer.request] = answer.items
        return answer

    events = events_of(story(120, recommend=recommend)[1])
    reactions = [event for event in events if event.request is not None]
    for event in reactions:
        assert event.request is not None
        assert event.position is not None
        assert shown[event.request][event.position] == event.item
    types = Counter(event.type for event in reactions)
    assert types["impression"] == LIST * len({event.request for event in reactions})
    assert 0 < types["click"] < types["impression"] / 3
    # Who clicks looks at the item; the last ones are about to.
    assert types["click"] - 3 <= types["view"] <= types["click"]


def test_recommendations_that_fit_are_clicked_more() -> None:
    def fitting(world: World, asked: Asked) -> Shown:
        number = int(asked.device.partition("-")[2])
        best = np.argsort(-world.people[number - 1].likes(world.shop))[:LIST]
        return Shown(f"r{asked.number}", [world.catalogue[row].id for row in best])

    def clicks(recommend: Recommender) -> float:
        count = Counter(event.type for event in events_of(story(200, recommend=recommend)[1]))
        return count["click"] / count["impression"]

    assert clicks(fitting) > 2 * clicks(popular)


def test_without_recommendations_visits_go_on() -> None:
    world, told = story(100, recommend=nothing)
    count = Counter(event.type for event in events_of(told) if event.campaign is None)
    assert count["impression"] == count["click"] == 0
    assert count["purchase"] > 0
    assert world.online > 0


def test_items_that_the_shop_does_not_know_are_seen_and_never_clicked() -> None:
    events = events_of(story(100, recommend=lambda _, asked: Shown("r", ["stranger"]))[1])
    count = Counter(event.type for event in events if event.item == "stranger")
    assert set(count) == {"impression"}


def test_the_number_of_people_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.demo.simulator.world.MAX_PEOPLE", 50)
    monkeypatch.setattr("cli.demo.simulator.world.PEOPLE_A_RATE", 5)
    world, told = story(90, rate=20)
    assert len(world.people) == 100
    assert len(events_of(told)) > 100


def test_campaigns_are_met_by_chance_and_answered_by_whom_they_suit(
    day: tuple[World, list[Output]],
) -> None:
    world, told = day
    met: Counter[str | None] = Counter()
    bargains: dict[bool, list[float]] = {True: [], False: []}
    answered = {o.event.session for o in told if isinstance(o, Did) and o.event.type == "response"}
    for output in told:
        if isinstance(output, Did) and output.event.campaign is not None:
            event = output.event
            if event.type == "impression":
                met[event.variant] += 1
                if event.campaign == "bargain-week" and event.variant != "control":
                    yes = event.session in answered
                    bargains[yes].append(world.people[output.shopper - 1].bargain)
            else:
                assert event.variant != "control"
    assert met["control"] / met.total() == pytest.approx(0.2, abs=0.05)
    assert np.mean(bargains[True]) > np.mean(bargains[False]) + 0.2
