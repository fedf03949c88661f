"""Contentment: decay, the interval of an NPS, the trend."""

import random

import pytest

from online_models.contentment import HALF_LIFE_MS, Gauge, nps_of, trend_of

DAY_MS = 86_400_000


@pytest.mark.parametrize("people", [10, 30, 200])
@pytest.mark.parametrize("shares", [(0.5, 0.2), (0.8, 0.05), (0.2, 0.6)])
def test_the_interval_of_an_nps_holds_as_often_as_it_says(
    people: int, shares: tuple[float, float]
) -> None:
    rng = random.Random(people)
    promoters, detractors = shares
    held = 0
    for _ in range(1_000):
        gauge = Gauge()
        for _ in range(people):
            roll = rng.random()
            value = 10 if roll < promoters else 0 if roll < promoters + detractors else 8
            gauge.hear_nps(value, 1_000)
        told = nps_of(gauge)
        assert told is not None
        held += told.low <= 100 * (promoters - detractors) <= told.high
    assert held > 925


def test_old_answers_count_half_and_widen_the_interval() -> None:
    gauge = Gauge()
    for _ in range(100):
        gauge.hear_nps(10, 0)
    gauge.hear_nps(0, HALF_LIFE_MS)
    told = nps_of(gauge)
    assert told is not None
    assert round(told.value, 1) == round(100 * (50 - 1) / 51, 1)
    assert gauge.nps_weight == 51.0


def test_an_answer_that_comes_late_is_worth_what_is_left_of_it() -> None:
    early, late = Gauge(), Gauge()
    for gauge, order in ((early, (0, 50)), (late, (50, 0))):
        for day in order:
            gauge.hear(1.0 if day else -1.0, day * DAY_MS)
    assert early.weight == pytest.approx(late.weight)
    assert early.opinions == pytest.approx(late.opinions)


def test_the_trend_is_of_late_against_the_whole() -> None:
    gauge = Gauge()
    assert trend_of(gauge) is None
    for day in range(100):
        gauge.hear(0.8 if day < 90 else -0.8, day * DAY_MS)
    trend = trend_of(gauge)
    assert trend is not None
    assert trend < -0.5


def test_nobody_asked_is_no_score() -> None:
    assert nps_of(Gauge()) is None
