import random

import pytest

from contracts.keys import item_key
from online_models.recommender import ItemRecommender, number_of
from online_models.touches import WEIGHTS

MINUTE = 60_000
SHELVES = {shelf: [f"{shelf}{n}" for n in range(12)] for shelf in ("tea", "nails", "books")}


def shop(model: ItemRecommender, seed: int, visits: int) -> None:
    """Let people walk along a shelf each, from left to right."""
    rng = random.Random(seed)
    for visit in range(visits):
        shelf = SHELVES[rng.choice(sorted(SHELVES))]
        start = rng.randrange(len(shelf) - 4)
        for step in range(4):
            x = {"time": (visit * 60 + step) * MINUTE}
            model.learn_one(f"u{visit}", shelf[start + step], x=x)
    model.flush()


def test_it_recommends_from_the_shelf_the_person_stands_at() -> None:
    model = ItemRecommender()
    shop(model, 1, 300)
    model.learn_one("ada", "tea3")
    model.learn_one("ada", "tea4")
    best = [candidate.item for candidate in model.recommend("ada", 3)]
    assert best[0] == item_key("tea5")
    assert set(best) <= {item_key(name) for name in SHELVES["tea"]}


def test_a_stranger_gets_what_is_popular_and_a_new_model_nothing() -> None:
    model = ItemRecommender()
    assert model.recommend("ada") == []
    shop(model, 1, 50)
    assert {c.strategy for c in model.recommend("stranger")} <= {"popular", "trending"}


def test_ranking_given_items_agrees_with_recommending() -> None:
    model = ItemRecommender()
    shop(model, 1, 300)
    model.learn_one("ada", "tea3")
    everything = {name for shelf in SHELVES.values() for name in shelf}
    ranked = [number_of(name) for name in model.rank("ada", everything)]
    assert ranked[:5] == [candidate.item for candidate in model.recommend("ada", 5)]
    assert len(ranked) == len(everything)
    assert model.predict_one("ada", "tea4") > model.predict_one("ada", "nails1")


@pytest.mark.parametrize("batch", [1, 7, 1_000])
def test_batches_change_when_it_learns_and_not_what(batch: int) -> None:
    whole, model = ItemRecommender(batch=64), ItemRecommender(batch=batch)
    for each in (whole, model):
        shop(each, 2, 60)
        each.learn_one("ada", "tea3")
        each.flush()
    assert model.recommend("ada") == whole.recommend("ada")


def test_a_bad_reward_is_a_dislike() -> None:
    model = ItemRecommender(batch=1)
    shop(model, 1, 100)
    model.learn_one("ada", "tea3", True)
    model.learn_one("ada", "nails3", 0)
    nails = {item_key(name) for name in SHELVES["nails"]}
    assert not nails & {candidate.item for candidate in model.recommend("ada", 3)}
    assert "dislike" in WEIGHTS


def test_people_are_bounded_and_the_longest_unseen_go() -> None:
    model = ItemRecommender(max_users=3, batch=1)
    shop(model, 1, 20)
    for user in ("a", "b", "c", "a", "d"):
        model.learn_one(user, "tea3")
    known = [user for user in "abcd" if model.slate(user).history]
    assert known == ["a", "c", "d"]


def test_choices_teach_the_blend() -> None:
    model = ItemRecommender()
    shop(model, 1, 100)
    model.learn_one("ada", "tea3")
    slate = model.slate("ada")
    model.learn_from_choice(slate, "tea4")
    model.learn_from_choice(slate, "an item that was no candidate")
    assert model.weights.learned == 1


def test_numbers_stand_for_themselves_and_names_for_theirs() -> None:
    assert number_of(5) == 5
    assert number_of("5") == item_key("5")
    assert number_of(-1) == item_key("-1")
