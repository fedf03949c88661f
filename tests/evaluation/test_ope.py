"""Off-policy estimates: right on average, and intervals that hold as often as they say."""

import numpy as np
import pytest

from evaluation.betting import Interval, mean_interval, ratio_interval
from evaluation.errors import EvaluationError
from evaluation.ope import Weighed, doubly_robust, figures, ips, normal_interval, snips
from evaluation.ope_log import Decision
from evaluation.ope_task import Question, evaluate_log

RUNS = 150


class World:
    """Actions with known rates by kind of person, and a policy that logs.

    Action 0 is for people of kind 0, the others for nobody; `rate` is what the rest earn.
    """

    def __init__(self, seed: int, actions: int = 4, rate: float = 0.1, floor: float = 0.2) -> None:
        self.rng = np.random.default_rng(seed)
        self.actions, self.rate, self.floor = actions, rate, floor

    def earns(self, kind: np.ndarray, action: np.ndarray) -> np.ndarray:
        return np.where(action == 0, np.where(kind == 0, 4.0, 1.0), 1.0) * self.rate

    def policy(self, size: int, guess: float) -> tuple[Weighed, float]:
        """Return the policy `always 0` against a log of uneven chances, and its true value.

        The reward model is `guess` times right, so that a wrong one is tried too.
        """
        kind = self.rng.integers(0, 2, size)
        chances = np.full((size, self.actions), self.floor / self.actions)
        chances[np.arange(size), self.rng.integers(0, self.actions, size)] += 1.0 - self.floor
        draws = (chances.cumsum(axis=1) < self.rng.random(size)[:, None]).sum(axis=1)
        rewards = (self.rng.random(size) < self.earns(kind, draws)).astype(float)
        taken = chances[np.arange(size), draws]
        weights = (draws == 0) / taken
        guesses = guess * self.earns(kind, draws)
        values = guess * self.earns(kind, np.zeros(size))
        most = 1.0 / chances[:, 0]
        highest = np.full(size, guess * 4.0 * self.rate)
        return Weighed(weights, most, rewards, values, guesses, highest), 2.5 * self.rate


@pytest.mark.parametrize("estimator", [ips, snips, doubly_robust])
@pytest.mark.parametrize(("rate", "guess"), [(0.1, 1.0), (0.1, 0.3), (0.004, 1.0)])
def test_intervals_hold_as_often_as_they_say(estimator, rate: float, guess: float) -> None:  # type: ignore[no-untyped-def]
    world, held, estimates = World(11, rate=rate), 0, []
    for _ in range(RUNS):
        policy, true = world.policy(600, guess)
        estimate, interval = estimator(policy)
        estimates.append(estimate)
        held += interval.holds(true)
    assert held >= 0.95 * RUNS
    error = np.std(estimates) / RUNS**0.5
    assert abs(np.mean(estimates) - true) < 4.0 * error + 0.02 * true  # snips is a little biased


def test_the_usual_interval_would_not_hold_where_rewards_are_rare() -> None:
    """This is why betting is worth its width."""
    world = World(12, actions=80, rate=0.004, floor=1.0)
    normal = betting = 0
    for _ in range(RUNS):
        policy, true = world.policy(3_000, 1.0)
        normal += normal_interval(policy.weights * policy.rewards).holds(true)
        betting += ips(policy)[1].holds(true)
    assert normal < 0.8 * RUNS < 0.95 * RUNS <= betting


def test_intervals_hold_for_a_log_whose_policy_learns() -> None:
    """The logging policy follows what it earned, so rows depend on those before them."""
    rng, held = np.random.default_rng(13), 0
    for _ in range(60):
        wins, tries = np.ones(2), np.full(2, 2.0)
        weights, rewards = [], []
        for _ in range(400):
            chances = np.full(2, 0.1)
            chances[int(wins[1] / tries[1] > wins[0] / tries[0])] += 0.8
            action = int(rng.random() > chances[0])
            reward = float(rng.random() < (0.3, 0.2)[action])
            wins[action] += reward
            tries[action] += 1.0
            weights.append(float(action == 1) / chances[1])
            rewards.append(reward)
        interval = mean_interval(np.array(weights) * np.array(rewards), 0.0, 10.0)
        ratio = ratio_interval(np.array(weights), np.array(rewards), 10.0, 1.0)
        held += interval.holds(0.2) and ratio.holds(0.2)
    assert held >= 56


def test_more_rows_rule_out_more() -> None:
    rng = np.random.default_rng(14)
    few, many = ((rng.random(size) < 0.1).astype(float) for size in (200, 20_000))
    narrow, wide = mean_interval(many, 0.0, 1.0), mean_interval(few, 0.0, 1.0)
    assert narrow.high - narrow.low < 0.25 * (wide.high - wide.low)
    assert not narrow.holds(0.12)
    assert not narrow.holds(0.08)


def test_nothing_earned_has_a_bound_and_no_error() -> None:
    found = mean_interval(np.zeros(1_000), 0.0, 1.0)
    assert found.low == 0.0 < found.high < 0.02
    assert ratio_interval(np.zeros(5), np.zeros(5), 2.0, 1.0) == Interval(0.0, 1.0)


def log_of(size: int, seed: int = 1) -> list[Decision]:
    """People of two kinds, who like one offer each; offers are drawn by chance."""
    rng = np.random.default_rng(seed)
    made = []
    for at in range(size):
        kind, taken = int(rng.integers(2)), int(rng.integers(3))
        reward = float(rng.random() < (0.8 if kind == taken else 0.1))
        context = {"kind": "ab"[kind]}
        chances = (1 / 3,) * 3
        actions = ("tea", "cup", "pot")
        made.append(Decision(at, context, actions, actions[taken], 1 / 3, chances, reward, at + 5))
    return made


def test_policies_that_know_people_earn_more() -> None:
    models = evaluate_log(log_of(3_000), Question()).models
    logged = models["logged"]
    assert logged["ips_low"] < 0.33 < logged["ips_high"]
    for estimator in ("ips", "snips", "dr"):
        for name in ("linear-thompson", "linucb"):
            assert models[name][estimator] > 0.7
            assert models[name][f"{estimator}_low"] > models["fixed"][f"{estimator}_high"]
        assert models["uniform"][estimator] == pytest.approx(logged[estimator], abs=0.03)
    # The model of rewards takes most of the chance out of it.
    spans = [
        models["linucb"][f"{name}_high"] - models["linucb"][f"{name}_low"] for name in ("dr", "ips")
    ]
    assert spans[0] < spans[1]


def test_the_fixed_policy_is_the_best_before_or_the_one_that_is_named() -> None:
    log = log_of(900)
    assert "fixed: always pot" in evaluate_log(log, Question(fixed="pot", policies="fixed")).notes
    named = evaluate_log(log, Question(policies="fixed")).notes
    assert any(note in ("fixed: always tea", "fixed: always cup") for note in named)


def test_rewards_that_are_due_later_are_not_known_before() -> None:
    log = [one._replace(due=10**9) for one in log_of(600)]
    board = evaluate_log(log, Question(policies="linucb,fixed"))
    assert any("no reward was known" in note for note in board.notes)
    models = board.models
    assert models["linucb"]["effective"] == pytest.approx(420, abs=30), "it chose by chance alone"


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(policies="best"), "--policies best"),
        (Question(fixed="gift"), "--fixed gift"),
        (Question(test_from=1.0), "--test-from 1.0"),
        (Question(alpha=1.5), "level"),
    ],
)
def test_wrong_questions_say_what_is_wrong(question: Question, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        evaluate_log(log_of(20), question)


@pytest.mark.parametrize("broken", [{"propensity": 0.0}, {"reward": -1.0}, {"propensity": 1.5}])
def test_a_log_that_cannot_be_is_refused(broken: dict[str, float]) -> None:
    log = [*log_of(20)[:-1], log_of(20)[-1]._replace(**broken)]
    with pytest.raises(EvaluationError):
        evaluate_log(log, Question())


def test_figures_need_a_decision() -> None:
    empty = np.zeros(0)
    with pytest.raises(EvaluationError, match="no decision counts"):
        figures(Weighed(empty, empty, empty, empty, empty, empty))
