import pytest

from contracts.sampling import draw, is_judged

PEOPLE = [f"u{number}" for number in range(20_000)]


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_the_sample_is_as_large_as_asked_for(share: float) -> None:
    chosen = sum(is_judged("shop", user, share) for user in PEOPLE)
    assert abs(chosen - share * 20_000) < 4.5 * (20_000 * share * (1 - share)) ** 0.5


def test_one_purpose_says_nothing_about_another() -> None:
    judged = [user for user in PEOPLE if is_judged("shop", user, 0.1)]
    low = sum(draw("arm 7", "shop", user) < 0.5 for user in judged)
    assert abs(low - len(judged) / 2) < 4.5 * (len(judged) / 4) ** 0.5
    assert draw("arm 7", "shop", "ada") != draw("arm 8", "shop", "ada")
    assert draw("arm 7", "shop", "ada") != draw("arm 7", "store", "ada")


def test_it_is_the_same_in_every_process() -> None:
    assert draw("score", "shop", "ada") == pytest.approx(0.9668878985338395)
