"""Off-policy evaluation of a log: each policy meets each decision, then learns what came of it."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.errors import EvaluationError
from evaluation.ope import ESTIMATORS, Weighed, figures
from evaluation.ope_log import Decision
from evaluation.ope_policies import Fixed, Learning, Policy, Uniform
from evaluation.tasks import Scoreboard
from online_models.bandit import LinearBandit
from online_models.context import WIDTH, Vector, context_vector

LOGGED: Final = "logged"
LEARNT_FROM: Final = 0.3
"""Share of the log before what counts, where nothing else is said."""

COLUMNS: Final = (*ESTIMATORS, "effective", "largest_weight")
Row = NDArray[np.float64]
Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Question:
    """What is compared: the first `test_from` of a log only teaches; `fixed` may name an action."""

    test_from: float = LEARNT_FROM
    alpha: float = 0.05
    fixed: str | None = None
    policies: str | None = None


def field_of(question: Question) -> dict[str, Policy]:
    """Return the policies that take part, by name; raise `EvaluationError` for an unknown one."""
    makers: dict[str, Callable[[], Policy]] = {
        "uniform": Uniform,
        "fixed": lambda: Fixed(question.fixed),
        "thompson": lambda: Learning("thompson", 1),
        "linear-thompson": lambda: Learning("thompson", WIDTH),
        "linucb": lambda: Learning("linucb", WIDTH),
    }
    names = [LOGGED, *makers]
    if question.policies is not None:
        names = [name.strip() for name in question.policies.split(",")]
    unknown = [name for name in names if name != LOGGED and name not in makers]
    if unknown:
        raise EvaluationError(
            f"--policies {unknown[0]}: there is none of that name, only {LOGGED}, "
            f"{', '.join(makers)}"
        )
    return {name: makers[name]() for name in names if name != LOGGED}


def evaluate_log(
    decisions: Sequence[Decision], question: Question, tell: Tell = lambda name, share: None
) -> Scoreboard:
    """Return what each policy would have earned a decision, by all estimators.

    A policy's chances at a decision come of what was known by then: rewards that were due later
    are learnt later. Raises `EvaluationError`.
    """
    if not 0.0 <= question.test_from < 1.0:
        raise EvaluationError(
            f"--test-from {question.test_from}: expected a share from 0 to below 1"
        )
    if not 0.0 < question.alpha < 1.0:
        raise EvaluationError(f"the interval's level {1 - question.alpha:g} is none: 0.95, say")
    policies = field_of(question)
    if question.fixed is not None and all(question.fixed not in one.actions for one in decisions):
        raise EvaluationError(f"--fixed {question.fixed}: no decision of the log could take it")
    run = _Run(decisions, question, policies)
    run.play(tell)
    board = Scoreboard("ope", "prequential", len(decisions), COLUMNS)
    board.models = {name: figures(weighed, question.alpha) for name, weighed in run.weighed()}
    board.about = {
        "counted": run.counted,
        "actions": len({action for one in decisions for action in one.actions}),
        "rewards": round(float(run.rewards.sum()), 3),
        "level": round(1.0 - question.alpha, 4),
        "reward_most": run.top,
    }
    board.notes = list(_notes(run, policies, decisions))
    return board


def _notes(run: "_Run", policies: Mapping[str, Policy], decisions: Sequence[Decision]) -> Any:
    yield f"the first {run.begin:,} decisions only teach; {run.counted:,} count"
    fixed = policies.get("fixed")
    if isinstance(fixed, Fixed) and fixed.action is not None:
        yield f"fixed: always {fixed.action}"
    elif isinstance(fixed, Fixed):
        yield (
            "fixed: no reward was known before what counts, so it is any action by chance; name "
            "one with --fixed, or count later with --test-from"
        )
    if any(one.chances is None for one in decisions):
        yield (
            "the log has the chance of the action taken only: the largest weight a row could have "
            "had is taken from the smallest chance seen, so intervals hold as far as that does"
        )


class _Run:
    """The pass over a log, and what it leaves behind for each policy."""

    def __init__(
        self, decisions: Sequence[Decision], question: Question, policies: Mapping[str, Policy]
    ) -> None:
        self._decisions, self._policies = decisions, policies
        self.begin = round(question.test_from * len(decisions))
        self.counted = len(decisions) - self.begin
        rewards = np.array([one.reward for one in decisions[self.begin :]])
        if not np.isfinite(rewards).all() or (rewards < 0.0).any():
            raise EvaluationError("a reward is below 0 or no number; rewards are from 0 up")
        self.rewards = rewards
        self.top = max(1.0, float(rewards.max(initial=0.0)))
        self._least = min(one.propensity for one in decisions)
        if not 0.0 < self._least <= max(one.propensity for one in decisions) <= 1.0:
            raise EvaluationError("a logged chance is not above 0 and at most 1")
        self._model = LinearBandit(WIDTH, max_arms=2_048)
        shape = (self.counted,)
        self._guesses, self._highest = np.zeros(shape), np.zeros(shape)
        self._logged = np.zeros(shape)
        self._columns = {
            name: (np.zeros(shape), np.zeros(shape), np.zeros(shape)) for name in policies
        }

    def play(self, tell: Tell) -> None:
        """Go through the log once."""
        waiting: deque[tuple[Decision, Vector]] = deque()
        for at, one in enumerate(self._decisions):
            while waiting and waiting[0][0].due <= one.time:
                self._learn(*waiting.popleft())
            x = context_vector(one.context)
            if at >= self.begin:
                self._weigh(at - self.begin, one, x)
            waiting.append((one, x))
            if at % 500 == 0:
                tell("policies", at / len(self._decisions))

    def weighed(self) -> Any:
        """Yield each policy with what it came to; the logged one first."""
        ones = np.ones(self.counted)
        rest = (self._guesses, self._highest, self.top)
        yield LOGGED, Weighed(ones, ones, self.rewards, self._logged, *rest)
        for name, (weights, most, values) in self._columns.items():
            yield name, Weighed(weights, most, self.rewards, values, *rest)

    def _learn(self, one: Decision, x: Vector) -> None:
        self._model.learn_one(x, one.taken, one.reward)
        for policy in self._policies.values():
            policy.learn(x, one.taken, one.reward)

    def _weigh(self, at: int, one: Decision, x: Vector) -> None:
        taken = one.actions.index(one.taken)
        guesses = np.clip(self._model.score(x, one.actions)[0], 0.0, self.top)
        self._guesses[at], self._highest[at] = guesses[taken], guesses.max()
        logged = None if one.chances is None else np.array(one.chances)
        self._logged[at] = guesses[taken] if logged is None else logged @ guesses
        for name, policy in self._policies.items():
            chances = policy.chances(x, one.actions)
            weights, most, values = self._columns[name]
            weights[at] = chances[taken] / one.propensity
            ratios = chances / (self._least if logged is None else np.maximum(logged, 1e-9))
            most[at] = max(float(ratios.max()), weights[at])
            values[at] = chances @ guesses
