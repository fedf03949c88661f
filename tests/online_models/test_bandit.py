"""The bandit finds what is best for whom, says its chances truly, and keeps its place."""

import random

import numpy as np
import pytest

from online_models.bandit import FLOOR, MEMORY, LinearBandit, draw
from online_models.context import context_vector

ARMS = ("rebate", "points", "message")


def play(
    how: str, rounds: int, seed: int = 1, contextual: bool = True
) -> tuple[float, LinearBandit]:
    """Return the mean reward of the last half, where each kind of person likes one arm."""
    rng, bandit = random.Random(seed), LinearBandit(seed=seed)
    earned = []
    for _ in range(rounds):
        kind = rng.randrange(3)
        x = context_vector({"kind": "abc"[kind]} if contextual else {})
        at = draw(bandit.chances(x, ARMS, how), rng)  # type: ignore[arg-type]
        reward = float(rng.random() < (0.6 if at == kind else 0.1))
        bandit.learn_one(x, ARMS[at], reward)
        earned.append(reward)
    return float(np.mean(earned[rounds // 2 :])), bandit


@pytest.mark.parametrize("how", ["thompson", "linucb", "greedy"])
def test_it_finds_what_each_kind_likes(how: str) -> None:
    earned, _ = play(how, 3_000)
    # 0.6 at best, less the share left to chance; whoever cannot tell people apart gets 0.27.
    assert earned > 0.5


def test_without_the_context_it_cannot() -> None:
    assert play("thompson", 3_000, contextual=False)[0] < 0.35


def test_chances_add_up_and_keep_their_floor() -> None:
    _, bandit = play("thompson", 500)
    for how in ("thompson", "linucb", "greedy"):
        chances = bandit.chances(context_vector({"kind": "a"}), ARMS, how)  # type: ignore[arg-type]
        assert chances.sum() == pytest.approx(1.0)
        assert chances.min() >= FLOOR / 3 - 1e-12


def test_arms_are_drawn_with_the_chances_that_are_said() -> None:
    chances, rng = np.array([0.7, 0.05, 0.25]), random.Random(2)
    drawn = np.bincount([draw(chances, rng) for _ in range(20_000)], minlength=3) / 20_000
    assert drawn == pytest.approx(chances, abs=0.015)


def test_the_same_question_has_the_same_answer() -> None:
    _, bandit = play("thompson", 200)
    x = context_vector({"kind": "b"})
    assert bandit.chances(x, ARMS).tolist() == bandit.chances(x, ARMS).tolist()


def test_an_arm_that_costs_more_than_it_brings_is_left() -> None:
    bandit = LinearBandit(1)
    for n in range(2_000):
        bandit.learn_one(np.ones(1), ARMS[n % 2], float(n // 2 % 10 < (6 if n % 2 else 5)))
    plain = bandit.chances(np.ones(1), ARMS[:2], "greedy")
    costly = bandit.chances(np.ones(1), ARMS[:2], "greedy", costs=np.array([0.0, 0.3]))
    assert plain.argmax() != costly.argmax()


def test_the_update_is_that_of_ridge_regression() -> None:
    """Sherman and Morrison against the solution of the normal equations."""
    rng, bandit = np.random.default_rng(3), LinearBandit(4, ridge=2.0)
    xs, off = rng.standard_normal((50, 4)), []
    rewards = rng.random(50)
    for x, reward in zip(xs, rewards, strict=True):
        before = bandit.learned
        mean = bandit.mean
        bandit.learn_one(x, "a", float(reward))
        pace = 1.0 / (before + 2.0)
        off.append(reward - (mean + pace * (reward - mean)) + pace * (reward - mean))
    solved = np.linalg.solve(xs.T @ xs + 2.0 * np.eye(4), xs.T @ np.array(off))
    question = rng.standard_normal(4)
    found = bandit.score(question, ("a",))[0][0] - bandit.mean
    assert found == pytest.approx(float(question @ solved), abs=1e-9)


def test_a_full_bandit_gives_the_least_tried_arm_away() -> None:
    bandit = LinearBandit(2, max_arms=2)
    x = np.array([1.0, 0.0])
    for arm, times in (("old", 9), ("rare", 2), ("new", 1)):
        for _ in range(times):
            bandit.learn_one(x, arm, 1.0)
    assert bandit.arms() == ["new", "old"]
    assert (bandit.count("old"), bandit.count("new"), bandit.count("rare")) == (9, 1, 0)
    assert LinearBandit.unpack(bandit.pack()).pack() == bandit.pack()


def test_what_was_long_ago_fades() -> None:
    bandit = LinearBandit(1)
    x = np.ones(1)
    bandit.learn_one(x, "a", 1.0)
    bandit._counts[0] = MEMORY
    sure = bandit._inverse[0, 0, 0]
    for _ in range(2_000):
        bandit.learn_one(x, "a", 0.0)
    assert bandit.count("a") <= MEMORY
    assert sure > bandit._inverse[0, 0, 0] > 0.0


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_nonsense_teaches_nothing(reward: float) -> None:
    bandit = LinearBandit(2)
    bandit.learn_one(np.array([1.0, 0.0]), "a", reward)
    bandit.learn_one(np.array([1.0, np.nan]), "a", 1.0)
    bandit.learn_one(np.ones(3), "a", 1.0)
    assert (bandit.learned, bandit.arms()) == (0, [])


def test_other_bytes_are_refused() -> None:
    with pytest.raises(ValueError, match="saved bandit"):
        LinearBandit.unpack(b"\x00")
