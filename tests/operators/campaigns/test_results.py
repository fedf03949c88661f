"""What came of triggers: counted for those sent to and those held out alike, each person once."""

from typing import Any

import msgspec
import numpy as np
import pytest

from contracts.decisions import Trigger
from contracts.events import Event
from contracts.settings import FlowSettings
from online_models.campaign_course import (
    Courses,
    cumulated,
    merge_courses,
    over_time,
    unpack_courses,
)
from online_models.campaign_results import (
    SEGMENTS,
    Counts,
    merge,
    newest,
    report,
    shares_of,
    unpack_counts,
)
from operators.campaigns.results import CAMPAIGNS_OF_ONE, COURSES_OF_ONE, Results
from operators.messages import View
from tests.builders import DAY, HOUR, MINUTE, NOON, event
from tests.operators.campaigns.moments import Shop

SETTINGS = FlowSettings(buckets=1, result_days=7)


def trigger(user: str = "ada", at: int = 0, campaign: str = "c", **fields: Any) -> Trigger:
    base: dict[str, Any] = {"id": f"t{user}{at}", "site": "default", "version": 1, "event": "e"}
    return Trigger(campaign=campaign, user=user, time=NOON + at, **{**base, **fields})


def counts_of(results: Results) -> Counts:
    return counts_in(results.views())


def counts_in(views: list[View]) -> Counts:
    return merge(unpack_counts(view.value or b"") for view in views if view.kind == "results")


def courses_in(views: list[View]) -> Courses:
    return merge_courses(unpack_courses(one.value or b"") for one in views if one.kind == "course")


def played(*steps: Trigger | Event) -> Results:
    results = Results(SETTINGS)
    for step in steps:
        if isinstance(step, Trigger):
            results.assign(step)
        else:
            results.see(step, str(step.user))
    return results


def test_what_is_bought_within_the_horizon_counts() -> None:
    results = played(
        event("purchase", at=-MINUTE, price=99.0),
        trigger(),
        event("purchase", at=MINUTE, price=10.0, quantity=2.0),
        event("purchase", at=HOUR, price=5.0),
        event("purchase", at=7 * DAY, price=70.0),
        event("purchase", "bob", MINUTE, price=40.0),
    )
    cell = counts_of(results)[1]["sent"][""]
    assert (cell.triggers, cell.orders, cell.revenue) == (1, 2, 25.0)
    assert (cell.converted.people, cell.converted.hits) == (1, 1)
    assert (cell.paid.total, cell.paid.squares) == (25.0, 625.0)


def test_people_are_compared_by_their_first_window_alone() -> None:
    results = played(
        trigger(),
        trigger(at=DAY),
        trigger(at=9 * DAY),
        event("purchase", at=9 * DAY + 1, price=10.0),
    )
    cell = counts_of(results)[1]["sent"][""]
    assert (cell.triggers, cell.orders, cell.revenue) == (3, 1, 10.0)
    assert (cell.converted.people, cell.converted.hits) == (1, 0)


def test_groups_versions_and_segments_are_apart() -> None:
    results = played(
        trigger("a", variant="x", segment="s1"),
        trigger("b", variant="y", segment="s2"),
        trigger("c", holdout=True, variant="x", segment="s1"),
        trigger("d", version=2),
        event("purchase", "c", at=1, price=3.0),
    )
    counts = counts_of(results)
    assert sorted(counts[1]) == ["holdout", "x", "y"]
    assert counts[1]["holdout"]["s1"].revenue == 3.0
    assert list(counts[1]["y"]) == ["s2"]
    assert list(counts[2]) == ["sent"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (event("impression", at=1, campaign="c"), (1, 1, 0)),
        (event("click", at=1, campaign="c"), (1, 1, 1)),
        (event("response", at=1, campaign="c"), (1, 1, 1)),
        (event("response", at=1, campaign="c", value=0.0), (0, 0, 0)),
        (event("response", at=1, campaign="c", props={"kind": "delivered"}), (1, 0, 0)),
        (event("response", at=1, campaign="c", props={"kind": "opened"}), (1, 1, 0)),
        (event("response", at=1, campaign="c", props={"kind": "bounced"}), (0, 0, 0)),
        (event("click", at=1, campaign="other"), (0, 0, 0)),
        (event("click", at=8 * DAY, campaign="c"), (0, 0, 0)),
        (event("view", at=1, campaign="c"), (0, 0, 0)),
    ],
)
def test_what_became_of_a_message(said: Event, found: tuple[int, int, int]) -> None:
    cell = counts_of(played(trigger(), said, said))[1]["sent"][""]
    assert (cell.delivered, cell.opened, cell.clicked) == found, "twice is once"


def test_it_is_saved_by_what_changed_and_goes_on_alike() -> None:
    first = [trigger("a"), trigger("b", holdout=True), event("purchase", "a", at=1, price=2.0)]
    later = [
        trigger("c"),
        event("purchase", "b", at=9, price=4.0),
        event("click", "c", 9, campaign="c"),
    ]
    whole = played(*first, *later)
    results = played(*first)
    parts = [results.dump(full=True)]
    for step in later:
        results.assign(step) if isinstance(step, Trigger) else results.see(step, str(step.user))
    parts.append(results.dump(full=False))
    assert len(parts[1]) < len(results.dump(full=True))
    copy = Results(SETTINGS)
    copy.load(parts)
    mine, theirs = copy.views(), whole.views()
    assert (counts_in(mine), courses_in(mine)) == (counts_in(theirs), courses_in(theirs))
    assert copy.views() == []


def test_what_is_remembered_is_bounded() -> None:
    results = played(*(trigger(campaign=f"c{n}") for n in range(3 * CAMPAIGNS_OF_ONE)))
    results.see(event("purchase", at=1, price=1.0), "ada")
    told = [view for view in results.views() if view.kind == "results"]
    bought = [unpack_counts(view.value or b"")[1]["sent"][""].orders for view in told]
    assert sum(bought) == CAMPAIGNS_OF_ONE
    many = played(*(trigger(f"u{n}", segment=f"s{n}") for n in range(3 * SEGMENTS)))
    cells = counts_of(many)[1]["sent"]
    assert len(cells) == SEGMENTS + 1
    assert cells["other"].triggers == 2 * SEGMENTS


def test_a_device_that_became_a_user_hands_its_windows_over() -> None:
    results = played(trigger("device:d"))
    other = played(trigger("device:d", campaign="own"), trigger("ada", DAY, campaign="own"))
    for some in (results, other):
        raw = some.taken("default", "device:d")
        assert raw is not None
        assert some.taken("default", "device:d") is None
        some.take_over("default", "ada", raw)
        some.see(event("purchase", "device:d", at=1, price=1.0), "device:d")
        some.see(event("purchase", "ada", at=DAY + HOUR, price=2.0), "ada")
    assert counts_of(results)[1]["sent"][""].revenue == 2.0
    # An open window of the user's own stays, and what is bought is counted once.
    assert counts_of(other)[1]["sent"][""].revenue == 2.0


def experiment(people: int, gain: float) -> Results:
    """Return a campaign that makes people in segment `web` buy more often; a tenth is held out."""
    rng, results = np.random.default_rng(3), Results(SETTINGS)
    for n in range(people):
        user, web, held = f"u{n}", rng.random() < 0.5, rng.random() < 0.1
        results.assign(trigger(user, n, holdout=bool(held), segment="web" if web else "shop"))
        if rng.random() < 0.15 + gain * (web and not held):
            results.see(event("purchase", user, n + 1, price=20.0), user)
    return results


def test_the_report_says_what_was_added_and_where() -> None:
    groups = counts_of(experiment(12_000, 0.2))[1]
    told = report(groups, shares_of(0.1, {}))
    assert told["uplift"]["low"] < 0.1 < told["uplift"]["high"]
    assert told["uplift"]["sure"]
    assert told["value_per_send"] == pytest.approx(2.0, abs=0.5)
    web, shop = told["segments"]["web"], told["segments"]["shop"]
    assert web["uplift"]["low"] < 0.2 < web["uplift"]["high"]
    assert web["uplift"]["sure"]
    assert not shop["uplift"]["sure"]
    assert not told["assignment"]["mismatch"]
    wrong = report(groups, shares_of(0.2, {}))
    assert wrong["assignment"]["mismatch"]


def test_the_course_ends_where_the_report_stands() -> None:
    views = experiment(12_000, 0.2).views()
    told = report(counts_in(views)[1], shares_of(0.1, {}))
    course = over_time(courses_in(views)[1])
    assert {name: course[-1][name] for name in ("difference", "low", "high")} == {
        name: told["uplift"][name] for name in ("difference", "low", "high")
    }
    assert (course[-1]["people"], course[-1]["held"]) == (
        told["sent"]["people"],
        told["holdout"]["people"],
    )


def test_a_course_is_of_what_happened_whoever_counted_it_and_bounded() -> None:
    rng = np.random.default_rng(5)
    triggers = [trigger(f"u{n}", int(at)) for n, at in enumerate(rng.integers(0, 90 * DAY, 500))]
    bought = [event("purchase", one.user, one.time - NOON + HOUR, price=1.0) for one in triggers]
    whole = courses_in(played(*triggers, *bought).views())
    odd = played(*triggers[1::2], *bought[1::2]).views()
    even = played(*reversed(triggers[::2]), *reversed(bought[::2])).views()
    assert merge_courses([courses_in(odd), courses_in(even)]) == whole
    assert len(whole[1].slots) <= 65
    assert list(cumulated(whole[1]))[-1][1] == [500, 500, 0, 0]
    versions = played(*(trigger(f"u{n}", version=n) for n in range(9))).views()
    assert list(courses_in(versions)) == [9 - n for n in range(COURSES_OF_ONE, 0, -1)]


def test_what_an_older_release_saved_is_read() -> None:
    people, counts, changed, _ = msgspec.msgpack.decode(played(trigger()).dump(full=True))
    results = Results(SETTINGS)
    results.load([msgspec.msgpack.encode((people, counts, changed))])
    results.see(event("purchase", at=1, price=2.0), "ada")
    views = results.views()
    assert counts_in(views)[1]["sent"][""].converted.hits == 1
    assert list(cumulated(courses_in(views)[1]))[-1][1] == [0, 1, 0, 0]


def test_without_a_holdout_nothing_is_said_to_be_added() -> None:
    told = report(counts_of(played(trigger()))[1], shares_of(0.0, {}))
    assert told["uplift"] is None
    assert told["value_per_send"] is None
    assert told["holdout"] is None
    assert told["sent"]["triggers"] == 1


def test_variants_are_each_held_against_the_holdout() -> None:
    results = Results(SETTINGS)
    rng = np.random.default_rng(4)
    for n in range(9_000):
        group = ("x", "y", "")[n % 3]
        results.assign(trigger(f"u{n}", n, holdout=not group, variant=group))
        if rng.random() < {"x": 0.4, "y": 0.2, "": 0.2}[group]:
            results.see(event("purchase", f"u{n}", n + 1, price=1.0), f"u{n}")
    told = report(counts_of(results)[1], shares_of(1 / 3, {"x": 2.0, "y": 2.0}))
    assert told["variants"]["x"]["uplift"]["sure"]
    assert not told["variants"]["y"]["uplift"]["sure"]
    assert not told["assignment"]["mismatch"]


def test_the_newest_version_that_did_anything_is_told_of() -> None:
    counts: Counts = {1: {}, 2: {}}
    assert newest(counts, [1, 2, 3]) == 2
    assert newest({}, [1, 2]) == 2
    assert newest({}, []) is None


def test_the_stage_of_campaigns_counts_what_it_fired() -> None:
    shop = Shop({"template": "cart_abandoned", "holdout": 0.5})
    for n in range(40):
        shop.event("add_to_cart", f"u{n}", item="cup", price=4.0, at=n)
    shop.tick(2 * HOUR)
    assert len(shop.triggers) == 40
    held = {t.user for t in shop.triggers if t.holdout}
    for n in range(0, 40, 2):
        shop.event("purchase", f"u{n}", item="cup", price=4.0, at=3 * HOUR + n)
    shop.restart()
    shop.event("purchase", "u1", item="cup", price=6.0, at=4 * HOUR)
    groups = shop.results()[1]
    bought = {f"u{n}" for n in [*range(0, 40, 2), 1]}
    assert groups["holdout"][""].converted.people == len(held)
    assert groups["holdout"][""].converted.hits == len(held & bought)
    assert groups["sent"][""].converted.hits == len(bought - held)
    assert sum(groups[g][""].revenue for g in groups) == 20 * 4.0 + 6.0
