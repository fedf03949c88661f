import random

from online_models.drift import KEPT, DriftWatch
from online_models.rates import EventRates

MINUTES_A_DAY = 1440


def level(rng: random.Random, mean: float) -> float:
    return min(max(rng.gauss(mean, 0.1), 0.0), 1.0)


def test_a_level_that_moves_is_told_with_when_and_how_far() -> None:
    rng, watch = random.Random(1), DriftWatch()
    for n in range(4_000):
        watch.learn_one({"loss": level(rng, 0.2 if n < 2_500 else 0.4)}, n)
    (found,) = watch.recent
    assert 2_500 < found.time < 2_700
    assert abs(found.before - 0.2) < 0.02
    assert abs(found.after - 0.4) < 0.03
    assert found.dropped > 1_000
    assert watch.report()["drifts"] == 1


def test_steady_series_raise_fewer_alarms_than_promised() -> None:
    rng, alarms = random.Random(2), 0
    for _ in range(20):
        watch = DriftWatch(delta=0.01, max_series=4)
        for n in range(3_000):
            watch.learn_one({f"f{k}": rng.lognormvariate(0.0, 1.0) for k in range(4)}, n)
        alarms += bool(watch.recent)
    assert alarms <= 1


def test_a_series_in_thousands_is_watched_like_one_in_thousandths() -> None:
    rng = random.Random(3)
    for unit in (1e-1, 1.0, 1e4):
        watch = DriftWatch()
        for n in range(3_000):
            watch.learn_one({"x": unit * (rng.gauss(5.0, 1.0) + (n >= 2_000))}, n)
        (found,) = watch.recent
        assert abs(found.after - found.before - unit) < 0.3 * unit


def test_there_is_room_for_so_many_series_and_records() -> None:
    watch = DriftWatch(max_series=2)
    for n in range(60_000):
        watch.learn_one({"a": float(n // 500 % 2), "b": 0.0, f"c{n}": 1.0}, n)
    assert list(watch.report()["series"]) == ["a", "b"]
    assert watch.counts["a"] > KEPT == len(watch.recent)


def day_of(rng: random.Random, day: int, busy: float) -> dict[tuple[int, str], int]:
    """A day with a night in it: from 5 to 50 views a minute."""
    return {
        (day * MINUTES_A_DAY + minute, "view"): round(
            busy * (5 + 45 * (8 <= minute // 60 < 22)) * rng.uniform(0.8, 1.2)
        )
        for minute in range(MINUTES_A_DAY)
    }


def drifts(busy: list[float]) -> list[int]:
    """Return the days on which the rate was found to have drifted, from the third day on."""
    rng, rates, watch = random.Random(4), EventRates(), DriftWatch()
    for day, factor in enumerate(busy):
        for key, count in sorted(day_of(rng, day, factor).items()):
            for row in rates.learn({key: count}):
                watch.learn_one(row, key[0])
    found = [drift.time // MINUTES_A_DAY for drift in watch.recent if drift.series == "rate"]
    return [day for day in found if day >= 2]


def test_nights_are_no_drift_of_the_rate_and_losing_half_the_traffic_is() -> None:
    assert drifts([1.0] * 8) == []
    assert 5 in drifts([1.0] * 5 + [0.4] * 3)


def test_minutes_without_events_count_unless_it_is_silent_for_an_hour() -> None:
    rates = EventRates()
    rows = list(rates.learn({(0, "view"): 9, (5, "view"): 9, (30, "view"): 1}))
    assert len([row for row in rows if len(row) == 1]) == 4
    rows = list(rates.learn({(2_000, "view"): 1, (2_020, "view"): 1}))
    assert len([row for row in rows if len(row) == 1]) == 24
    assert list(rates.learn({(3, "view"): 1})) == []


def test_before_the_first_minute_there_is_nothing() -> None:
    rates = EventRates()
    assert len(list(rates.learn({(28_000_000, "view"): 1, (28_000_010, "view"): 1}))) == 1


def test_the_counts_of_few_minutes_are_kept() -> None:
    rates = EventRates()
    for minute in range(10_000):
        list(rates.learn({(minute * 7, "view"): 1}))
    assert len(rates._open) <= rates.OPEN


def test_a_distribution_that_only_widens_has_drifted_too() -> None:
    rng = random.Random(6)
    plain, watch = DriftWatch(), DriftWatch(spreads=True)
    for n in range(4_000):
        value = rng.gauss(5.0, 1.0 if n < 2_500 else 2.0)
        plain.learn_one({"x": value}, n)
        watch.learn_one({"x": value}, n)
    assert list(plain.recent) == []
    (found,) = watch.recent
    assert found.series == "x/spread"
    assert 2_500 < found.time < 2_700
    assert abs(found.before - 0.8) < 0.1  # of a normal distribution: sigma * sqrt(2 / pi)
    assert abs(found.after - 1.6) < 0.2


def test_spreads_have_room_of_their_own() -> None:
    watch = DriftWatch(max_series=2, spreads=True)
    for n in range(500):
        watch.learn_one({"a": float(n % 2), "b": 0.0, "c": 1.0}, n)
    assert list(watch.report()["series"]) == ["a", "a/spread", "b", "b/spread"]
