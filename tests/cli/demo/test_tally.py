from cli.demo.tally import Delays, Rate


def test_a_rate_counts_what_came_within_its_window() -> None:
    rate = Rate(seconds=5)
    assert rate.per_second(now=100.0) == 0.0
    for second in range(100, 110):
        rate.add(20, now=float(second))
    assert rate.per_second(now=109.5) == 20.0
    assert rate.per_second(now=112.5) == 2 * 20 / 5
    assert rate.per_second(now=300.0) == 0.0
    assert rate.total == 200


def test_a_young_rate_is_over_its_age_but_at_least_a_second() -> None:
    rate = Rate(seconds=5)
    rate.add(30, now=0.0)
    assert rate.per_second(now=0.1) == 30.0
    assert rate.per_second(now=2.0) == 15.0


def test_quantiles_are_those_of_the_last_minute() -> None:
    delays = Delays()
    assert delays.quantile(0.5, now=0.0) is None
    for number in range(1, 101):
        delays.add(float(number), now=number / 10)
    assert delays.quantile(0.5, now=10.0) == 51.0
    assert delays.quantile(0.99, now=10.0) == 100.0
    delays.add(7.0, now=65.0)
    assert delays.quantile(0.0, now=65.0) == 7.0
    assert delays.quantile(0.5, now=65.0) == 75.0  # 51 to 100 are left, and the 7
