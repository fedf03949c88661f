import pytest

from online_models.live_figures import HOUR_MS, HOURS, NAMES, LiveFigures, gains


@pytest.mark.parametrize(
    ("rank", "figures"),
    [
        (0, [0.0, 0.0, 0.0, 0.0, 0.0]),
        (1, [1.0, 1.0, 1.0, 1.0, 1.0]),
        (3, [1.0, 1.0, 1 / 3, 1 / 3, 0.5]),
        (11, [0.0, 1.0, 0.0, 1 / 11, 0.0]),
        (21, [0.0, 0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_a_rank_counts_as_in_the_evaluation(rank: int, figures: list[float]) -> None:
    assert gains(rank) == pytest.approx(figures)


def test_the_window_moves_and_the_sums_stay() -> None:
    figures = LiveFigures()
    for hour in range(3 * HOURS):
        figures.add("blend", hour * HOUR_MS, 1 if hour < 2 * HOURS else 0)
    assert figures.window == (2 * HOURS * HOUR_MS, 3 * HOURS * HOUR_MS)
    told = figures.means()["blend"]
    assert (told["count"], told["hr@10"]) == (HOURS, 0.0)
    assert figures.sums()["blend"]["hr@10"] == 2 * HOURS


def test_an_answer_that_comes_late_counts_in_its_own_hour() -> None:
    figures = LiveFigures()
    figures.add("blend", 30 * HOUR_MS, 1)
    figures.add("blend", 29 * HOUR_MS, 0)
    figures.add("blend", 2 * HOUR_MS, 0)
    assert figures.means()["blend"]["hr@10"] == 0.5
    assert figures.sums()["blend"]["count"] == 3


def test_they_are_packed_without_loss() -> None:
    figures = LiveFigures()
    figures.add("blend", 5, 2)
    figures.add("trending", 5, 0, touched=False)
    copy = LiveFigures.unpack(figures.pack())
    assert (copy.means(), copy.sums(), copy.window) == (
        figures.means(),
        figures.sums(),
        figures.window,
    )
    assert list(figures.means()["blend"]) == ["count", "touched", *NAMES]
