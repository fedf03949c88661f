"""Baselines against plain counting."""

import random
from collections import Counter

import pytest

from evaluation.baselines import DAY_MS, Popular, RandomItems, Repeat, Transition, Trending
from evaluation.questions import Question
from evaluation.ranked_counts import RankedCounts
from evaluation.stream import Step


def step(item: int, user: int = 0, session: int = 0, time: int = 0, type_: str = "view") -> Step:
    return Step(user, session, item, type_, time)


def asked(*history: Step, exclude: set[int] | None = None, known: int = 100) -> Question:
    return Question(0, 0, 0, history, history, exclude or set(), known)


def test_ranked_counts_are_those_of_a_counter() -> None:
    rng = random.Random(3)
    counts, plain = RankedCounts(), Counter[int]()
    for _ in range(5_000):
        item = int(rng.paretovariate(0.6)) % 200
        counts.add(item)
        plain[item] += 1
        if rng.random() < 0.05:
            top = counts.top(10)
            assert [plain[i] for i in top] == [count for _, count in plain.most_common(10)]
    assert len(counts) == len(plain)
    everything = counts.top(1_000)
    assert sorted(everything) == sorted(plain)
    assert [plain[item] for item in everything] == sorted(plain.values(), reverse=True)


def test_popular_leaves_out_what_is_barred_and_disliked() -> None:
    model = Popular()
    for item in (1, 1, 1, 2, 2, 3):
        model.learn(step(item))
    model.learn(step(4, type_="dislike"))
    assert model.rank(asked(exclude={1}), 10) == [2, 3]


def test_trending_forgets() -> None:
    model = Trending([DAY_MS])
    for _ in range(50):
        model.learn(step(1, time=0))
    for _ in range(51):
        model.learn(step(2, time=3 * DAY_MS))
    assert model.rank(asked(), 2) == [2, 1]


def test_trending_counts_as_decay_says() -> None:
    model = Trending([DAY_MS])
    for at in range(101):
        # Item 1 has 60 old touches, worth 15 two half-lives later; item 2 has 41 new ones.
        model.learn(step(1, time=0) if at < 60 else step(2, time=2 * DAY_MS))
    weights = model._weights[:3, 0]
    assert weights[1] / weights[2] == pytest.approx(15 / 41)


def test_trending_goes_by_the_half_life_that_does_best() -> None:
    hour = DAY_MS // 24
    news, classics = Trending([hour, 30 * DAY_MS]), Trending([hour, 30 * DAY_MS])
    for at in range(6_000):
        day = at // 300
        news.learn(step(30 * day + at % 12, time=day * DAY_MS))
        classics.learn(step(at % 40 if at % 3 else at % 7, time=day * DAY_MS))
    assert news.leader == 0
    assert set(news.rank(asked(), 5)) <= set(range(30 * 19, 30 * 19 + 12))
    assert set(classics.rank(asked(), 5)) <= set(range(7))


def test_random_draws_distinct_items_that_are_not_barred_the_same_for_a_seed() -> None:
    question = asked(exclude={0, 1, 2}, known=10)
    drawn = RandomItems(seed=5).rank(question, 20)
    assert sorted(drawn) == list(range(3, 10))
    assert drawn == RandomItems(seed=5).rank(question, 20)
    assert RandomItems().rank(asked(known=0), 20) == []


def test_repeat_is_the_history_backwards() -> None:
    assert Repeat().rank(asked(step(1), step(2), step(1)), 5) == [1, 2]


@pytest.mark.parametrize("per_visit", [True, False])
def test_transition_counts_what_follows(per_visit: bool) -> None:
    model = Transition(per_visit)
    for item in (1, 2, 1, 3, 1, 3):
        model.learn(step(item))
    model.learn(step(9, session=1))  # the same person's next visit
    assert model.rank(asked(step(1)), 2) == [3, 2]
    assert model.rank(asked(step(3)), 5) == ([1] if per_visit else [1, 9])
    assert model.rank(asked(), 5) == []
