"""What would another policy have earned? Estimates from a log of what one policy did.

With p the logged chance of the action taken, pi that of the policy in question, r the reward and
w = pi / p:

* IPS, the mean of w r (Horvitz and Thompson, 1952);
* self-normalised IPS, sum(w r) / sum(w) (Swaminathan and Joachims, NeurIPS 2015);
* doubly robust, the mean of v + w (r - q), where q is a model's guess of the reward and v what
  the policy would get of it (Dudík, Langford and Li, ICML 2011). The guess for a row is made
  before the row is learnt from, so that no row judges itself.

Each has an interval that holds whatever the rewards are like (`evaluation.betting`).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from evaluation.betting import Interval, mean_interval, ratio_interval
from evaluation.errors import EvaluationError

Row = NDArray[np.float64]

ESTIMATORS: Final = ("ips", "snips", "dr")


@dataclass(frozen=True)
class Weighed:
    """A policy against a log of n decisions: all (n,).

    `weights` is pi / p of the action taken, `most` the largest that it could have been. `values`
    is what the policy would get by the reward model, `guesses` the model's guess for the action
    taken, `highest` its highest for any. Rewards lie in [0, `top`], and so do guesses.
    """

    weights: Row
    most: Row
    rewards: Row
    values: Row
    guesses: Row
    highest: Row
    top: float = 1.0


def ips(policy: Weighed, alpha: float = 0.05) -> tuple[float, Interval]:
    """Return the estimate and its interval.

    >>> ips(weighed([0.0, 2.0, 2.0, 0.0], [0.0, 1.0, 0.0, 1.0]))[0]
    0.5
    """
    terms = policy.weights * policy.rewards
    return float(terms.mean()), mean_interval(terms, 0.0, policy.most * policy.top, alpha)


def snips(policy: Weighed, alpha: float = 0.05) -> tuple[float, Interval]:
    """Return the self-normalised estimate and its interval.

    >>> snips(weighed([0.0, 2.0, 1.0], [0.0, 1.0, 0.0]))[0]
    0.6666666666666666
    """
    total = float(policy.weights.sum())
    estimate = float(policy.weights @ policy.rewards) / total if total > 0.0 else 0.0
    found = ratio_interval(policy.weights, policy.rewards, policy.most, policy.top, alpha)
    return estimate, found


def doubly_robust(policy: Weighed, alpha: float = 0.05) -> tuple[float, Interval]:
    """Return the doubly robust estimate and its interval, cut to what rewards can be.

    >>> doubly_robust(weighed([0.0, 2.0], [0.0, 1.0]))[0]
    1.0
    """
    terms = policy.values + policy.weights * (policy.rewards - policy.guesses)
    low = policy.values - policy.most * policy.highest
    high = policy.values + policy.most * policy.top
    found = mean_interval(terms, low, high, alpha)
    bounded = Interval(max(found.low, 0.0), min(found.high, policy.top))
    return float(terms.mean()), bounded


def effective(weights: Row) -> float:
    """Return how many rows of equal weight would say as much: (sum w)^2 / sum w^2.

    >>> effective(np.array([1.0, 1.0, 0.0, 0.0]))
    2.0
    """
    squares = float(weights @ weights)
    return float(weights.sum()) ** 2 / squares if squares > 0.0 else 0.0


def normal_interval(terms: Row, z: float = 1.96) -> Interval:
    """Return the usual interval, which rare rewards make far too narrow: for comparison.

    >>> normal_interval(np.array([0.0, 1.0])).holds(0.5)
    True
    """
    off = z * float(terms.std()) / max(len(terms), 1) ** 0.5
    return Interval(float(terms.mean()) - off, float(terms.mean()) + off)


def figures(policy: Weighed, alpha: float = 0.05) -> dict[str, Any]:
    """Return all estimates of a policy with their intervals, and how much of the log speaks."""
    if not len(policy.rewards):
        raise EvaluationError("no decision counts: the log is too short, or --test-from too high")
    found: dict[str, Any] = {}
    for name, estimator in zip(ESTIMATORS, (ips, snips, doubly_robust), strict=True):
        estimate, interval = estimator(policy, alpha)
        found[name] = round(estimate, 6)
        found[f"{name}_low"], found[f"{name}_high"] = (round(bound, 6) for bound in interval)
    found["effective"] = round(effective(policy.weights), 1)
    found["mean_weight"] = round(float(policy.weights.mean()), 4)
    found["largest_weight"] = round(float(policy.weights.max()), 2)
    return found


def weighed(weights: list[float], rewards: list[float]) -> Weighed:
    """Return a policy without a reward model, whose weights are at most their largest."""
    count = len(weights)
    zero = np.zeros(count)
    largest = np.full(count, max(weights))
    return Weighed(np.array(weights), largest, np.array(rewards), zero, zero, zero)
