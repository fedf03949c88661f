"""What one person can teach is capped: a script cannot push an item up."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from contracts.settings import FlowSettings
from online_models.pairs import TOGETHER, PairBuffer
from online_models.popularity import Popularity, trending
from online_models.touches import WEIGHTS, Touch, number_of
from operators.messages import Attributed, Touchpoint
from operators.profile import Profiles
from operators.touchpoints import Touchpoints
from tests.builders import HOUR, MINUTE, NOON, SECOND, arrived

SETTINGS = FlowSettings(keep_bots_out=False)
"""The rules for bots would find these: the cap has to hold where they do not."""

CLICKS = 10_000
PUSHED, VICTIM = "pushed", "victim"
PER_VISIT = SETTINGS.visit_lessons / SETTINGS.recents + 1
"""Touches of an item in a visit by who hides them among so many others that recents forget."""


def lessons(
    clicks: Sequence[tuple[str, str, int]], settings: FlowSettings = SETTINGS
) -> list[Touchpoint]:
    """Return what one device teaches by touches: type, item and time."""
    touchpoints = Touchpoints(settings)
    profiles = Profiles(settings, [], [touchpoints])
    taught = []
    for start in range(0, len(clicks), 500):
        items = [
            Attributed("device:d", arrived(type_, None, at, item=item, device="d"))
            for type_, item, at in clicks[start : start + 500]
        ]
        profiles.on_batch(items, items[-1].arrived.event.time)
        taught += touchpoints.take()[0]
    return taught


def straight() -> Iterator[tuple[str, str, int]]:
    """One item over and over, at a reader's pace."""
    return (("view", PUSHED, n * 20 * SECOND) for n in range(CLICKS))


def strong() -> Iterator[tuple[str, str, int]]:
    """The same with what weighs most."""
    kinds = [kind for kind, weight in WEIGHTS.items() if weight > 0]
    return ((kinds[n % len(kinds)], PUSHED, n * 20 * SECOND) for n in range(CLICKS))


def paired() -> Iterator[tuple[str, str, int]]:
    """In turn with a victim, whose neighbour it is to become."""
    return (("click", (VICTIM, PUSHED)[n % 2], n * 20 * SECOND) for n in range(CLICKS))


def hidden() -> Iterator[tuple[str, str, int]]:
    """Among so many others that the last touches have forgotten it, in visits of three hours."""
    for n in range(CLICKS):
        item = (VICTIM, PUSHED)[n % 2] if n % 52 < 2 else f"filler{n % 52}"
        yield "click", item, n * 20 * SECOND + n // 540 * 31 * MINUTE


def of_item(taught: Sequence[Touchpoint], item: str) -> float:
    return sum(WEIGHTS[p.type] for p in taught if p.item == number_of(item))


@pytest.mark.parametrize("attack", [straight, strong, paired])
def test_ten_thousand_clicks_teach_no_more_than_a_person(attack) -> None:
    taught = lessons(list(attack()))
    bound = SETTINGS.item_lessons + max(WEIGHTS.values())
    assert 0 < of_item(taught, PUSHED) <= bound


def test_hidden_among_others_it_is_bounded_by_visit() -> None:
    clicks = list(hidden())
    visits = -(-CLICKS // 540)
    assert of_item(lessons(clicks), PUSHED) <= visits * PER_VISIT
    uncapped = FlowSettings(keep_bots_out=False, item_lessons=1e9, visit_lessons=10**9)
    assert of_item(lessons(clicks, uncapped), PUSHED) > 1.5 * visits * PER_VISIT


@pytest.mark.parametrize("attack", [straight, strong, paired, hidden])
def test_trends_and_neighbours_hardly_move(attack) -> None:
    clicks = list(attack())
    taught = lessons(clicks)
    end = NOON + clicks[-1][2]
    # Twenty items that five people an hour look at, for as long as the attack goes on.
    honest = [
        (f"item{item}", NOON + at * HOUR + item * MINUTE)
        for at in range((end - NOON) // HOUR)
        for item in range(20)
        for _ in range(5)
    ]
    # The victim's own neighbour: forty people came from the one to the other.
    buffer = PairBuffer()
    for _ in range(40):
        buffer.add_others(Touch(number_of("true"), "view", end), [number_of(VICTIM)])
    for point in taught:
        buffer.add_others(Touch(point.item, point.type, point.time), point.before)
    pairs = buffer.take()
    near = (pairs.items == number_of(VICTIM)) & (pairs.channels == TOGETHER)
    weight = {
        name: float(pairs.weights[near & (pairs.neighbours == number_of(name))].sum())
        for name in ("true", PUSHED)
    }
    assert weight[PUSHED] <= 2 * max(weight["true"], 0) + SETTINGS.item_lessons

    touches = sorted(
        [(t, number_of(i), 1.0) for i, t in honest]
        + [(p.time, p.item, WEIGHTS[p.type]) for p in taught if p.item == number_of(PUSHED)]
    )
    counts = Popularity()
    times, items, weights = zip(*touches, strict=True)
    counts.learn_many(
        np.array(items, np.uint64), np.array(weights, np.float64), np.array(times, np.int64)
    )
    tops = counts.top(50, end)
    long = dict(zip(tops["long"].keys.tolist(), tops["long"].weights.tolist(), strict=True))
    honest_least = min(long[number_of(f"item{n}")] for n in range(20))
    assert long.get(number_of(PUSHED), 0.0) < honest_least
    up = trending(tops["short"], tops["long"], 10)
    ratios = dict(zip(up.keys.tolist(), up.weights.tolist(), strict=True))
    ratio = ratios.get(number_of(PUSHED), 1.0)
    # (s + 5) / (e + 5) of `popularity.trending`, with no more than a visit's lessons within reach.
    assert ratio <= (SETTINGS.item_lessons + max(WEIGHTS.values()) + 5) / 5
