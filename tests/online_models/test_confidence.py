"""Bounds and alarms that hold however often one looks, by simulation."""

import numpy as np
import pytest

from online_models.confidence import LEAST_AMOUNTS, LEAST_HITS, LEAST_PEOPLE, Sums, _times, uplift
from online_models.sample_ratio import log_evidence, mismatch

RUNS = 200
PEOPLE = 12_000


def simulated(
    rng: np.random.Generator, rates: tuple[float, float], share: float, amounts: bool
) -> list[Sums]:
    """Return the sums of both groups at each of a few hundred looks, treated first."""
    treated = rng.random(PEOPLE) < share
    outcome = (rng.random(PEOPLE) < np.where(treated, *rates)).astype(float)
    if amounts:
        outcome *= rng.lognormal(3.0, 0.8, PEOPLE) / np.exp(3.32)
    looks = np.unique(np.linspace(50, PEOPLE, 300).astype(int)) - 1
    sums = []
    for group in (treated, ~treated):
        own = outcome * group
        columns = (group, own > 0, own, own * own)
        counted = [np.cumsum(column)[looks] for column in columns]
        sums.append(
            [Sums(int(n), int(k), float(s), float(q)) for n, k, s, q in zip(*counted, strict=True)]
        )
    return list(zip(*sums, strict=True))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rates", "share", "amounts"),
    [
        ((0.18, 0.10), 0.5, False),
        ((0.0125, 0.006), 0.5, False),
        ((0.03, 0.03), 0.9, False),
        ((0.1, 0.1), 0.95, False),
        ((0.18, 0.10), 0.5, True),
        ((0.1, 0.1), 0.9, True),
    ],
)
def test_the_truth_is_within_at_every_look(
    rates: tuple[float, float], share: float, amounts: bool
) -> None:
    rng, wrong, said = np.random.default_rng(5), 0, 0
    for _ in range(RUNS):
        found = [uplift(t, c, amounts=amounts) for t, c in simulated(rng, rates, share, amounts)]
        bounded = [one for one in found if one.low is not None and one.high is not None]
        said += bool(bounded)
        true = rates[0] - rates[1]
        wrong += any(not one.low <= true <= one.high for one in bounded)  # type: ignore[operator]
    assert said > 0.9 * RUNS
    assert wrong <= 0.05 * RUNS + 6


def test_looking_daily_at_the_usual_interval_goes_wrong() -> None:
    """What it is for: 1.96 errors, looked at as often, miss the truth many times as often."""
    rng, wrong = np.random.default_rng(6), 0
    for _ in range(100):
        wrong += any(
            abs(t.mean - c.mean) > 1.96 * (t.error + c.error) ** 0.5
            for t, c in simulated(rng, (0.1, 0.1), 0.5, amounts=False)
            if min(t.hits, c.hits) >= LEAST_HITS
        )
    assert wrong > 25


def test_there_are_no_bounds_before_enough_is_known() -> None:
    many = Sums(5_000, 500, 500.0, 500.0)
    assert uplift(many, Sums(LEAST_PEOPLE - 1, 50, 50.0, 50.0)).low is None
    assert uplift(many, Sums(5_000, LEAST_HITS - 1, 19.0, 19.0)).low is None
    enough = Sums(5_000, LEAST_HITS, 20.0, 20.0)
    assert uplift(many, enough).sure
    assert LEAST_AMOUNTS > LEAST_HITS
    assert uplift(many, enough, amounts=True).low is None


def test_more_people_bring_narrower_bounds() -> None:
    widths = []
    for times in (1, 4, 16):
        treated = Sums(2_000 * times, 300 * times, 300.0 * times, 300.0 * times)
        control = Sums(2_000 * times, 200 * times, 200.0 * times, 200.0 * times)
        found = uplift(treated, control)
        assert found.low is not None
        assert found.high is not None
        widths.append(found.high - found.low)
    assert widths[0] > 1.7 * widths[1] > 1.7 * 1.7 * widths[2]
    assert 2.0 < _times(5_000, 0.05) < 3.5


def test_sums_are_corrected_as_if_counted_so_at_once() -> None:
    group, straight = Sums(), Sums()
    for outcome in (0.0, 3.0, 5.0):
        straight.add(outcome)
        group.add(0.0)
        group.change(0.0, 1.0)
        group.change(1.0, outcome)
    assert group == straight


def test_even_groups_raise_no_alarm_at_any_look() -> None:
    rng, alarms = np.random.default_rng(7), 0
    for _ in range(300):
        counts = np.cumsum(rng.random(5_000) < 0.9)
        alarms += any(
            mismatch([int(counts[n - 1]), n - int(counts[n - 1])], [0.9, 0.1], alarm=0.05)
            for n in range(20, 5_001, 20)
        )
    assert alarms <= 0.05 * 300 + 6


def test_a_group_that_loses_people_is_noticed() -> None:
    """A tenth of the control group is lost on the way."""
    rng = np.random.default_rng(8)
    treated = int((rng.random(40_000) < 0.5).sum())
    lost = int(0.9 * (40_000 - treated))
    assert mismatch([treated, lost], [0.5, 0.5])
    assert not mismatch([treated, 40_000 - treated], [0.5, 0.5])


def test_shares_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="add up to 1"):
        log_evidence([1, 2], [0.5, 0.6])
    assert mismatch([5, 1], [1.0, 0.0])
