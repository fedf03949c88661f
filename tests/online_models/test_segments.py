import pickle
import random

import numpy as np
import pytest
from river import cluster

from online_models.archetypes import ARCHETYPES, telling_of, titles_for
from online_models.features import USER_FEATURES
from online_models.segments import MEND_EVERY, NEWCOMERS, SegmentModel

KINDS = {
    "buyer": {"orders": 2.0, "orders_per_session": 1.5, "views": 1.0, "carts": 1.0},
    "looker": {"views": 4.0, "breadth": 3.0},
    "passer": {"views": 0.3, "sessions": 0.3},
}


def person(kind: str, rng: random.Random) -> dict[str, float]:
    centre = {"sessions": 1.0, "carts": 0.2, "orders": 0.1, **KINDS[kind]}
    return {name: max(0.0, centre.get(name, 0.0) + rng.gauss(0, 0.15)) for name in USER_FEATURES}


def people(seed: int, count: int) -> list[tuple[str, dict[str, float]]]:
    rng = random.Random(seed)
    return [(kind, person(kind, rng)) for kind in rng.choices(sorted(KINDS), k=count)]


def trained(count: int = 900, seed: int = 1) -> SegmentModel:
    model = SegmentModel(n_segments=3, seed=seed)
    for _, x in people(1, count):
        model.learn_one(x)
    return model


def test_before_enough_is_known_everybody_is_a_newcomer() -> None:
    model = SegmentModel(n_segments=3, warmup=50)
    assert model.predict_one({}) == NEWCOMERS
    assert [(s.id, s.size, s.share) for s in model.describe()] == [(NEWCOMERS, 0, 1.0)]
    for _, x in people(1, 49):
        model.learn_one(x)
    assert model.predict_one(person("buyer", random.Random(1))) == NEWCOMERS
    assert model.describe()[0].size == 49


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kinds_of_people_become_segments(seed: int) -> None:
    model = trained(seed=seed)
    found = {(kind, model.predict_one(x)) for kind, x in people(2, 150)}
    assert len(found) == 3
    assert len({segment for _, segment in found}) == 3


def test_centres_move_as_rivers_do() -> None:
    """Between two mendings it is River's incremental k-means, step by step."""
    model = trained(count=MEND_EVERY)
    assert model._centres is not None
    river = cluster.KMeans(3, halflife=model.halflife)
    for number, centre in enumerate(model._centres.tolist()):
        river.centers[number].update(enumerate(centre))
    for _, x in people(4, MEND_EVERY - 1):
        model.learn_one(x)
        # The scaler has seen x by now, as it had when the centre moved.
        river.learn_one(dict(enumerate(model._scaled(model._vector(x)).tolist())))
    centres = [[river.centers[n][at] for at in range(len(USER_FEATURES))] for n in range(3)]
    np.testing.assert_allclose(model._centres, centres, rtol=1e-9)


def test_ids_last_through_snapshots_and_further_learning() -> None:
    model = trained()
    homes = {kind: model.predict_one(x) for kind, x in people(2, 30)}
    copy = pickle.loads(pickle.dumps(model))
    for _, x in people(3, 2_500):
        copy.learn_one(x)
    assert {kind: copy.predict_one(x) for kind, x in people(2, 30)} == homes


def test_an_abandoned_centre_is_sent_where_people_are() -> None:
    model = SegmentModel(n_segments=3, seed=1)
    rng = random.Random(1)
    for _ in range(600):
        model.learn_one(person("looker", rng))
    for _ in range(3_000):
        model.learn_one(person(rng.choice(("buyer", "passer")), rng))
    assert min(segment.share for segment in model.describe()) > 0.01


def test_descriptions_can_be_read_and_add_up() -> None:
    segments = trained().describe()
    assert [segment.id for segment in segments] == ["s1", "s2", "s3"]
    assert sum(segment.share for segment in segments) == pytest.approx(1.0, abs=1e-3)
    names = [segment.name for segment in segments]
    assert len(set(names)) == 3
    buyers = next(s for s in segments if s.centre["orders"] > 1.0)
    assert buyers.lift["orders"] > 2.0
    assert "x orders" in buyers.telling
    assert "explorers" in names


def test_a_name_stays_while_its_segment_does_and_a_change_of_it_is_recorded() -> None:
    model, rng = SegmentModel(n_segments=3, seed=3), random.Random(9)
    for _, x in people(1, 600):
        model.learn_one(x)
    names = {segment.id: segment.name for segment in model.describe()}
    tellings = {segment.telling for segment in model.describe()}
    for number, (_, x) in enumerate(people(5, 2_000)):
        model.learn_one(x)
        if number % 100 == 0:
            assert {segment.id: segment.name for segment in model.describe()} == names
    assert {segment.telling for segment in model.describe()} != tellings
    seen = len(model.changes)
    assert seen == 0
    assert pickle.loads(pickle.dumps(model)).describe() == model.describe()
    for number in range(3_000):  # those who bought look around now, the others stay as they were
        kind = rng.choice(sorted(KINDS))
        x = person(kind, rng)
        if kind == "buyer":
            x |= {"orders": 0.1, "orders_per_session": 0.0, "carts": 0.1, "searches": 3.0}
        model.learn_one(x)
        if number % 100:
            continue
        new, seen = list(model.changes)[seen:], len(model.changes)
        for segment in model.describe():
            was = names.get(segment.id, segment.name)
            told = [(one.was, one.now) for one in new if one.gone == segment.id]
            assert told == ([(was, segment.name)] if was != segment.name else [])
        names = {segment.id: segment.name for segment in model.describe()}
    assert "renamed" in {one.why for one in model.changes}


def test_a_title_stays_until_its_segment_goes_another_way() -> None:
    for title, still, gone in (
        ("bargain hunters", {"carts": 0.15, "spend": 0.0}, {"carts": 0.5, "spend": 0.2}),
        ("high carts and low categories", {"carts": 0.06, "breadth": -0.9}, {"carts": -0.2}),
        ("high carts (2)", {"carts": 0.06}, {"carts": -0.2}),
        ("average visitors", {"carts": 0.15}, {"carts": 0.3}),
    ):
        assert titles_for([still], [title]) == [title]
        assert titles_for([gone], [title]) != [title]


def test_sizes_follow_who_comes_now() -> None:
    model = trained()
    rng = random.Random(5)
    home = model.predict_one(person("passer", rng))
    before = {s.id: s.share for s in model.describe()}[home]
    for _ in range(2_000):
        model.learn_one(person("passer", rng))
    assert {s.id: s.share for s in model.describe()}[home] > before + 0.2


def test_a_feature_that_never_varies_or_is_new_does_no_harm() -> None:
    model = SegmentModel(n_segments=2, warmup=20, seed=1)
    for n in range(100):
        model.learn_one({"constant": 3.0, "views": float(n % 2)})
    model.learn_one({"views": 1.0, "new": 99.0})
    assert model.predict_one({"views": 0.0}) != model.predict_one({"views": 1.0})
    assert all("new" not in segment.centre for segment in model.describe())


def test_archetypes_are_given_once_and_names_never_twice() -> None:
    centre = {"carts": 1.0, "spend": -1.0}
    names = titles_for([centre, centre, centre])
    assert names[0] == "bargain hunters"
    assert len(set(names)) == 3


def test_an_archetype_needs_what_defines_it() -> None:
    # Many carts, and nothing known of money: no bargain hunters.
    centre = {"carts": 2.0, "spend": 0.0}
    assert titles_for([centre]) == ["high carts"]
    assert telling_of("high carts", centre, {"carts": 3.0, "spend": 1.0}) == "3.0x carts"
    assert titles_for([{"carts": 0.0}]) == ["average visitors"]


def test_archetypes_speak_of_features_that_exist() -> None:
    for pattern in ARCHETYPES.values():
        assert set(pattern) <= set(USER_FEATURES)
        assert any(abs(weight) == 1.0 for weight in pattern.values())
