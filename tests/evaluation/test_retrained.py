"""Batch models: what they know after a training, what they fold in, and what they must find."""

import random

import numpy as np
import pytest

from evaluation.competitors import EXTRAS, field_of
from evaluation.errors import EvaluationError
from evaluation.next_item import play
from evaluation.questions import Question, Rules
from evaluation.stream import Step, Stream, stream_of
from tests.builders import SECOND, event

pytest.importorskip("scipy", reason="the extra `baselines` is not installed")

from evaluation.ease import Ease

BATCH = ("ease", "als", "bpr", "bm25-knn", "cosine-knn")


def step(item: int, user: int) -> Step:
    return Step(user, user, item, "view", 0)


def asked(user: int, exclude: set[int] | None = None) -> Question:
    return Question(user, user, 0, (), (), exclude or set(), 100)


def two_crowds(people: int = 250) -> Stream:
    """Each person touches six of the ten items of one crowd or of the other, popularity alike."""
    rng = random.Random(1)
    made = []
    for user in range(people):
        crowd = rng.randrange(4) * 10
        for n, item in enumerate(rng.sample(range(crowd, crowd + 10), 6)):
            made.append(event(user=f"u{user}", item=f"i{item}", at=(user * 6 + n) * SECOND))
    return stream_of(made)


def test_ease_is_its_closed_form() -> None:
    model = Ease(ridge=2.0)
    touches = np.array([[1, 1, 0], [1, 1, 1], [0, 1, 1], [1, 0, 0]], float)
    for user, row in enumerate(touches):
        for item in np.flatnonzero(row).tolist():
            model.learn(step(item, user))
    model.retrain(0.1)
    inverse = np.linalg.inv(touches.T @ touches + 2.0 * np.eye(3))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    assert model.scores(0, {0: 1, 1: 1}) == pytest.approx(weights[0] + weights[1], rel=1e-5)
    # Least squares without a diagonal: each column solves its own ridge regression.
    others = touches[:, 1:]
    column = np.linalg.solve(others.T @ others + 2.0 * np.eye(2), others.T @ touches[:, 0])
    assert weights[1:, 0] == pytest.approx(column)


def test_a_large_catalogue_is_cut_to_the_most_touched() -> None:
    model = Ease(max_items=2)
    for user in range(6):
        model.learn(step(0, user))
        model.learn(step(1 + user, user))
        model.learn(step(7, user))
    model.retrain(0.1)
    assert np.isfinite(model.scores(0, {0: 1})).nonzero()[0].tolist() == [0, 7]


@pytest.mark.parametrize("name", BATCH)
def test_it_answers_after_its_first_training_and_folds_in(name: str) -> None:
    if EXTRAS[name].missing():
        pytest.skip("the extra `baselines` is not installed")
    stream, rules = two_crowds(), Rules()
    model = EXTRAS[name].make(stream, rules)
    assert model.rank(asked(0), 10) == []
    for each in stream.steps():
        model.learn(each)
    assert model.rank(asked(0), 10) == []
    model.retrain(0.5)
    # A new person touches items of one crowd, and one that came after the training.
    crowd = [at for at, item in enumerate(stream.names) if int(item[1:]) < 10]
    for item in [*crowd[:3], 40]:
        model.learn(step(item, user=9_999))
    got = model.rank(asked(9_999, exclude=set(crowd[:3])), 5)
    assert len(set(got) & set(crowd)) >= 4, got
    assert not set(got) & set(crowd[:3])


@pytest.mark.parametrize("name", BATCH)
def test_it_beats_popularity_where_tastes_differ(name: str) -> None:
    if EXTRAS[name].missing():
        pytest.skip("the extra `baselines` is not installed")
    stream, rules = two_crowds(), Rules(test_from=0.5)
    field = field_of(f"popular,{name}").makers
    got = {each: play(stream, make(stream, rules), rules).figures() for each, make in field.items()}
    assert got[name]["hr@10"] > 1.25 * got["popular"]["hr@10"]


@pytest.mark.parametrize("name", ["river-biased-mf", "river-baseline"])
def test_rivers_recommenders_take_part_on_a_sample(name: str) -> None:
    stream, rules = two_crowds(100), Rules()
    model = EXTRAS[name].make(stream, rules)
    model.max_predictions = 100
    tally = play(stream, model, rules)
    assert 50 < len(tally) < 150
    assert tally.figures()["hr@20"] > 0.3  # 20 of 40 items


def test_those_without_their_packages_are_skipped_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("evaluation.competitors.find_spec", lambda name: None)
    field = field_of()
    assert set(field.skipped) == {*BATCH}
    assert "pip install" in field.skipped["als"]
    assert [*field.makers][-1] == "blend"


def test_groups_of_names() -> None:
    assert next(iter(field_of("baselines").makers)) == "random"
    assert "blend" not in field_of("baselines").makers
    with pytest.raises(EvaluationError, match="none of baselines, extras, random"):
        field_of("magic")
