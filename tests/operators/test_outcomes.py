"""What became of visits: labels when the horizon has passed, and not before."""

import random
from collections import Counter

import pytest

from contracts.events import Event
from contracts.settings import FlowSettings
from operators import outcomes
from operators.examples import Example
from operators.features import IntentExamples
from operators.messages import Arrived, Attributed
from operators.outcomes import (
    DAY_MS,
    OPEN_VISITS,
    VISIT_FEATURES,
    ChurnExamples,
    OrderExamples,
    SpendExamples,
)
from operators.profile import Profiles

Maker = ChurnExamples | SpendExamples | OrderExamples | IntentExamples
HOUR_MS = DAY_MS // 24


class Bucket:
    """One bucket of people with one maker of examples."""

    def __init__(self, make: type[Maker], **settings: float) -> None:
        self.settings = FlowSettings(**{"outcome_every": 1, "outcome_days": 10.0, **settings})
        self.maker = make(self.settings)
        self.profiles = Profiles(self.settings, [self.maker])
        self.seq = 0

    def see(self, time: int, type_: str = "view", user: str = "ada", **more: object) -> None:
        event = Event(id=f"{self.seq}", type=type_, user=user, item="cup", time=time, **more)
        self.profiles.on_batch([Attributed(user, Arrived(event, time, self.seq))], time)
        self.seq += 1

    def labels(self, clock: int) -> list[tuple[str, float]]:
        """Return event and label of what was decided by `clock`."""
        return [(e.event, e.label) for e in self.maker.take(clock) if e.label is not None]


def test_who_does_not_come_back_within_the_horizon_churns() -> None:
    bucket = Bucket(ChurnExamples)
    bucket.see(DAY_MS)
    bucket.see(DAY_MS + 60_000)  # the same visit
    assert bucket.labels(11 * DAY_MS - 1) == []
    assert bucket.labels(11 * DAY_MS) == [("0", 1.0)]


def test_who_comes_back_is_known_to_only_when_the_horizon_has_passed() -> None:
    bucket = Bucket(ChurnExamples)
    bucket.see(DAY_MS)
    bucket.see(3 * DAY_MS)
    assert bucket.labels(11 * DAY_MS - 1) == []
    assert bucket.labels(11 * DAY_MS) == [("0", 0.0)]
    assert bucket.labels(13 * DAY_MS) == [("1", 1.0)]


def test_spending_counts_the_visit_and_what_follows_until_the_horizon() -> None:
    bucket = Bucket(SpendExamples)
    bucket.see(DAY_MS, "purchase", price=5.0, quantity=2.0, order="a")
    bucket.see(DAY_MS + 60_000, "purchase", price=1.0, order="a")
    bucket.see(10 * DAY_MS, "purchase", price=7.0, order="b")
    bucket.see(12 * DAY_MS, "purchase", price=100.0, order="c")
    assert bucket.labels(12 * DAY_MS)[0] == ("0", 18.0)


def test_an_order_is_known_when_the_next_visit_begins_and_visits_without_one_teach_nothing() -> (
    None
):
    bucket = Bucket(OrderExamples)
    bucket.see(DAY_MS)
    bucket.see(DAY_MS + 60_000, "purchase", price=4.0, order="a")
    bucket.see(DAY_MS + 5 * HOUR_MS, "purchase", price=9.0, order="b")
    assert bucket.labels(DAY_MS + 5 * HOUR_MS) == [("0", 4.0)]
    bucket.see(DAY_MS + 9 * HOUR_MS)
    assert bucket.labels(DAY_MS + 9 * HOUR_MS) == [("2", 9.0)]
    assert bucket.labels(9 * DAY_MS) == []


def test_examples_carry_the_features_of_the_visits_start() -> None:
    bucket = Bucket(ChurnExamples)
    bucket.see(DAY_MS, "purchase", price=5.0)
    (asked,) = bucket.maker.take(DAY_MS)
    x = dict(zip(VISIT_FEATURES, asked.values, strict=True))
    assert asked.label is None
    assert (x["orders"] > 0.0, x["sessions"] > 0.0, x["days_since_session"]) == (True, True, 0.0)


def test_a_person_is_asked_about_at_the_first_return_and_every_few_visits() -> None:
    bucket = Bucket(ChurnExamples, outcome_every=3)
    for visit in range(8):
        bucket.see((1 + visit) * DAY_MS // 2)
    asked = [example.event for example in bucket.maker.take(0)]
    assert asked == ["1", "4", "7"]


@pytest.mark.parametrize("make", [ChurnExamples, SpendExamples])
def test_waiting_is_bounded(make: type[Maker], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "PEOPLE_WAITING", 5)
    bucket = Bucket(make, outcome_days=366.0)
    for person in range(20):
        for visit in range(10):
            bucket.see((1 + visit) * DAY_MS, user=f"u{person}")
    assert len(bucket.maker) == 5
    assert len(bucket.labels(400 * DAY_MS)) == 5 * OPEN_VISITS
    assert len(bucket.maker) == 0


@pytest.mark.parametrize("make", [ChurnExamples, SpendExamples, OrderExamples])
def test_what_waits_survives_a_restart_in_parts(make: type[Maker]) -> None:
    rng = random.Random(5)
    bucket, parts = Bucket(make), []
    for step in range(120):
        type_ = rng.choice(["view", "purchase"])
        price = float(rng.randrange(9)) if type_ == "purchase" else None
        bucket.see(step * 6 * HOUR_MS, type_, f"u{rng.randrange(6)}", price=price)
        if step % 40 == 39:
            bucket.maker.take(step * 6 * HOUR_MS)
            parts.append(bucket.maker.dump(full=not parts))
    copy = make(bucket.settings)
    copy.load(parts)
    late = 60 * DAY_MS

    def told(examples: list[Example]) -> list[tuple[str, str, float | None]]:
        return sorted((e.user, e.event, e.label) for e in examples)

    expected = told(bucket.maker.take(late))
    assert told(copy.take(late)) == expected
    assert expected or make is OrderExamples


def test_who_buys_is_told_of_when_who_does_not_would_be() -> None:
    bucket = Bucket(IntentExamples)
    gap = bucket.settings.session_gap_seconds * 1_000
    for user, second in (("buyer", "purchase"), ("looker", "view")):
        bucket.see(DAY_MS, user=user)
        bucket.see(DAY_MS + 1_000, second, user=user)
    assert bucket.labels(DAY_MS + gap - 1) == []
    assert bucket.labels(DAY_MS + gap) == [("0", 1.0), ("2", 0.0)]


@pytest.mark.parametrize("every", [1, 3])
def test_late_steps_of_a_visit_are_learnt_from_as_often_as_early_ones(every: int) -> None:
    bucket = Bucket(IntentExamples, intent_every=every)
    for number in range(400):
        for step in range(12):
            bucket.see(DAY_MS + step * 1_000, user=f"u{number}")
    labels = bucket.labels(2 * DAY_MS)
    kept = Counter(int(event) % 12 + 1 for event, _ in labels)
    asked = list(range(1, 13)) if every == 1 else [1, 3, 6, 9, 12]
    assert sorted(kept) == asked
    fair = len(labels) / len(asked)
    assert len(labels) == 2 * 400
    assert all(0.65 * fair < count < 1.35 * fair for count in kept.values())
