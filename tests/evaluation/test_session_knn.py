"""V-SKNN against its definition written out, and its bounds."""

import random
from collections import defaultdict
from math import sqrt

import pytest

from evaluation.questions import Question
from evaluation.session_knn import LENGTH, SessionKnn
from evaluation.stream import Step


def step(item: int, session: int, user: int = 0) -> Step:
    return Step(user, session, item, "view", 0)


def asked(items: list[int], session: int = 10_000, exclude: set[int] | None = None) -> Question:
    visit = [step(item, session) for item in items]
    return Question(0, session, 0, visit, visit, exclude or set(), 100)


def by_definition(sessions: dict[int, list[int]], query: list[int]) -> dict[int, float]:
    """Score items by all sessions that share one with the query."""
    last = list(dict.fromkeys(reversed(query)))
    weight = {item: 1.0 - lag / len(last) for lag, item in enumerate(last)}
    voice = {item: 1.0 / (1.0 + lag) for lag, item in enumerate(last)}
    scores: dict[int, float] = defaultdict(float)
    for items in sessions.values():
        shared = set(items) & weight.keys()
        if shared:
            likeness = sum(weight[item] for item in shared) / sqrt(len(set(items)))
            for item in set(items):
                scores[item] += likeness * max(voice[item] for item in shared)
    return scores


def test_it_ranks_as_its_definition_says() -> None:
    rng = random.Random(7)
    model = SessionKnn(per_visit=True, k=1_000)
    sessions: dict[int, list[int]] = defaultdict(list)
    for _ in range(400):
        session, item = rng.randrange(60), rng.randrange(25)
        sessions[session].append(item)
        model.learn(step(item, session))
    for _ in range(50):
        query = [rng.randrange(25) for _ in range(rng.randrange(1, 6))]
        scores = by_definition(sessions, query)
        ranked = model.rank(asked(query), 20)
        # Equals may stand either way, so scores are compared.
        got = [scores[item] for item in ranked]
        assert got == pytest.approx(sorted(scores.values(), reverse=True)[:20])


def test_only_the_nearest_vote_and_of_equals_the_newest() -> None:
    model = SessionKnn(per_visit=True, k=2)
    for session, items in enumerate([(1, 5), (1, 6), (1, 7), (2, 8)]):
        for item in items:
            model.learn(step(item, session))
    assert set(model.rank(asked([1]), 10)) == {1, 6, 7}


def test_the_session_itself_is_no_neighbour_and_barred_items_are_left_out() -> None:
    model = SessionKnn(per_visit=True)
    for item in (1, 2, 3):
        model.learn(step(item, session=1))
    model.learn(step(1, session=2))
    assert set(model.rank(asked([1], session=2), 10)) == {1, 2, 3}
    assert set(model.rank(asked([1], session=1), 10)) == {1}
    assert set(model.rank(asked([1], session=2, exclude={1, 3}), 10)) == {2}


def test_people_are_neighbours_where_visits_are_not_asked_about() -> None:
    model = SessionKnn(per_visit=False)
    model.learn(step(1, session=1, user=1))
    model.learn(step(2, session=2, user=1))
    assert set(model.rank(asked([1]), 10)) == {1, 2}
    assert SessionKnn().rank(asked([1]), 10) == []


def test_memory_is_bounded_and_the_oldest_go() -> None:
    model = SessionKnn(per_visit=True, max_sessions=20)
    for session in range(200):
        for item in range(LENGTH + 10):
            model.learn(step(item + session, session))
    assert len(model._rows) == 20
    assert len(model._held) <= 40
    assert model._held.shape[1] == LENGTH
    assert all(len(rows) <= 500 for rows in model._with_item.values())
    assert model.rank(asked([199 + LENGTH + 9]), 3)
    assert model.rank(asked([20]), 3) == []
