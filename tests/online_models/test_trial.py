"""Arms compared by people: no false promotions whoever comes first, and the better one found."""

import random

from online_models.trial import MAX_ARMS, Trial


def trial(alpha: float = 0.01) -> Trial:
    made = Trial("recommender", "blend", promote=True, alpha=alpha, least=100)
    made.join("trending")
    return made


def play(made: Trial, seed: int, people: int, share: float, better: float = 0.0) -> bool:
    """Give people to arms by chance; people differ much, and the later ones from the first."""
    rng = random.Random(seed)
    for number in range(people):
        arm = "trending" if rng.random() < share else "blend"
        likes = rng.betavariate(0.3, 2.0) * (1.5 if number > people / 2 else 1.0)
        gain = min(1.0, likes + (better if arm == "trending" else 0.0))
        if made.outcome(arm, gain, number):
            return True
    return False


def test_no_equal_is_promoted_more_often_than_promised() -> None:
    assert sum(play(trial(alpha=0.05), seed, 1_500, 0.3) for seed in range(150)) <= 8


def test_a_better_one_is_found_also_with_a_small_share() -> None:
    for share in (0.1, 0.5, 0.8):
        made = trial()
        assert play(made, 1, 20_000, share, better=0.1)
        (promotion,) = made.promotions
        assert (promotion.name, promotion.over, promotion.model) == (
            "trending",
            "blend",
            "recommender",
        )
        assert made.champion == "trending"
        report = made.report()
        assert list(report["challengers"]) == ["blend"]
        assert report["judged"] == report["challengers"]["blend"]["judged"] == 0


def test_nothing_is_promoted_unless_it_is_asked_for() -> None:
    made = Trial("recommender", "blend", least=100)
    assert not play(made, 1, 20_000, 0.5, better=0.2)
    assert made.report()["challengers"]["trending"]["log10_evidence"] > 10


def test_every_person_is_compared_once() -> None:
    made = trial()
    for arm, gain in (("blend", 0.1), ("blend", 0.3), ("trending", 0.5), ("trending", 0.9)):
        made.outcome(arm, gain, 0)
    told = made.report()["challengers"]["trending"]
    assert (told["judged"], told["compared"], told["ahead"]) == (2, 1, 0.3)
    made.outcome("blend", 0.4, 0)
    told = made.report()["challengers"]["trending"]
    assert (told["compared"], told["ahead"]) == (2, 0.4)


def test_each_challenger_is_compared_with_the_same_champion() -> None:
    made = trial()
    made.join("popular")
    for arm, gain in (("blend", 0.2), ("trending", 0.5), ("popular", 0.1)):
        made.outcome(arm, gain, 0)
    told = made.report()["challengers"]
    assert (told["trending"]["ahead"], told["popular"]["ahead"]) == (0.3, -0.1)


def test_it_is_saved_without_loss_and_bounded() -> None:
    made = trial()
    play(made, 3, 501, 0.4)
    copy = trial()
    copy.restore(made.pack())
    assert copy.report() == made.report()
    play(made, 4, 300, 0.4)
    play(copy, 4, 300, 0.4)
    assert copy.report() == made.report()
    for number in range(50):
        made.outcome(f"arm{number}", 0.5, 0)
    assert len(made.report()["challengers"]) == MAX_ARMS - 1
