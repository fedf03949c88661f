"""Items with a catalogue entry and no event are found by what they are about."""

import numpy as np

from online_models.content import ASKED, CONCEPTS, EACH, Content, concepts_of
from online_models.pooling import Pool
from online_models.recommender import ItemRecommender


def filled(count: int, kinds: int = 5) -> Content:
    content = Content()
    for number in range(count):
        content.put(number, [f"c {number % kinds}", "t all"])
    return content


NOTHING = np.empty(0, np.uint64)
NOBODY = Pool(NOTHING, np.zeros((0, 2)), np.empty(0, np.bool_))


def found(content: Content, *evidence: tuple[int, float]) -> dict[int, float]:
    """Return the new items for somebody, with how alike they are."""
    new = content.describe(NOBODY, evidence, (NOTHING, NOTHING), (0, 1.0, 1.0))
    return dict(zip(new.items.tolist(), np.expm1(new.features[:, 0]).tolist(), strict=True))


def test_those_of_the_same_kind_are_most_alike() -> None:
    content = filled(50)
    content.touched([3])
    said = found(content, (3, 1.0))
    best = max(said.values())
    assert {number % 5 for number, alike in said.items() if alike == best} == {3}
    assert 3 not in said


def test_a_recent_item_counts_by_its_weight() -> None:
    content = filled(50)
    said = found(content, (1, 3.0), (2, 1.0))
    assert said[46] > said[47] > said[48]


def test_a_stranger_is_offered_the_newest() -> None:
    assert list(found(filled(50))) == list(range(49, 49 - EACH, -1))
    assert set(found(filled(50)).values()) == {0.0}


def test_what_was_touched_or_removed_is_not_cold_and_stays_so() -> None:
    content = filled(6)
    content.touched([5, 77])
    content.remove(4)
    content.remove(88)
    content.put(5, ["c 0", "t all"])
    assert set(found(content, (5, 1.0))) == {0, 1, 2, 3}
    content.touched(range(6))
    assert found(content, (5, 1.0)) == {}


def test_a_new_description_takes_the_place_of_the_old() -> None:
    content = filled(20)
    content.put(19, ["c other"])
    content.put(18, ["c other"])
    content.touched([18])
    said = found(content, (18, 1.0))
    assert max(said, key=said.__getitem__) == 19


def test_an_answer_and_a_description_are_bounded() -> None:
    content = Content()
    for number in range(3_000):
        content.put(number, [f"c {number % 7}", *(f"w {number % k}" for k in range(2, 40))])
    recents = [(number, 1.0) for number in range(20)]
    assert 0 < len(found(content, *recents)) <= EACH * (ASKED + 1)
    many = concepts_of("a > b > c > d", "brand", [f"t{n}" for n in range(20)], "one two three")
    assert len(many) == CONCEPTS


def test_an_item_without_an_event_is_recommended_after_what_is_known() -> None:
    model = ItemRecommender()
    for number in range(40):
        model.describe(number, [f"c {number % 4}"])
    for user in range(60):
        for item in (1, 2):
            model.learn_one(f"u{user}", item)
    model.learn_one("ada", 1)
    ranked = [(each.item, each.strategy) for each in model.recommend("ada", 12, exclude=[1])]
    assert ranked[0][0] == 2
    alike = [item for item, strategy in ranked if strategy == "alike"]
    assert len(alike) >= 5
    assert {item % 4 for item in alike[:5]} == {1}


def test_choices_of_new_items_teach_how_far_to_trust_likeness() -> None:
    rng, model = np.random.default_rng(1), ItemRecommender()
    for number in range(4_000):
        model.describe(number, [f"c {number % 8}"])
    before = model.weights.of(1, 1_000)[-2]
    for user in range(300):
        kind = int(rng.integers(8))
        for _ in range(2):
            slate = model.slate(user)
            alike = slate.items[slate.items % np.uint64(8) == kind]
            item = int(alike[0]) if len(alike) else kind
            model.learn_from_choice(slate, item)
            model.learn_one(user, item)
    assert model.weights.of(1, 1_000)[-2] > before + 0.2
