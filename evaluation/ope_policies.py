"""The policies that `headrace ope` compares: each says its chances, then learns."""

from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from online_models.bandit import FLOOR, How, LinearBandit
from online_models.context import Vector

Chances = NDArray[np.float64]

DRAWN: Final = 7
"""Seed of Thompson's draws."""


class Policy(Protocol):
    """Chances for actions; learns from each reward of the log, whoever chose."""

    def chances(self, x: Vector, actions: Sequence[str]) -> Chances:
        """Return the chance (k,) of each action."""
        ...

    def learn(self, x: Vector, action: str, reward: float) -> None:
        """Learn what came of an action."""
        ...


class Uniform:
    """Any action, by chance.

    >>> Uniform().chances(np.ones(1), ("a", "b")).tolist()
    [0.5, 0.5]
    """

    def chances(self, x: Vector, actions: Sequence[str]) -> Chances:
        """Return the same chance for all."""
        return np.full(len(actions), 1.0 / len(actions))

    def learn(self, x: Vector, action: str, reward: float) -> None:
        """Learn nothing."""


class Fixed:
    """Always the same action: a given one, or the best by the rewards before the part that counts.

    Where that action cannot be taken, any other is, by chance.

    >>> fixed = Fixed("b")
    >>> fixed.chances(np.ones(1), ("a", "b")).tolist()
    [0.0, 1.0]
    """

    def __init__(self, action: str | None = None) -> None:
        self.action = action
        self._model = LinearBandit(1)
        self._frozen = action is not None

    def freeze(self) -> None:
        """Choose the action that did best so far, once and for all."""
        if not self._frozen:
            arms = self._model.arms()
            means, _ = self._model.score(np.ones(1), arms)
            self.action = arms[int(means.argmax())] if arms else None
            self._frozen = True

    def chances(self, x: Vector, actions: Sequence[str]) -> Chances:
        """Return 1 for the action."""
        self.freeze()
        if self.action not in actions:
            return Uniform().chances(x, actions)
        return np.array([float(action == self.action) for action in actions])

    def learn(self, x: Vector, action: str, reward: float) -> None:
        """Learn until frozen."""
        if not self._frozen:
            self._model.learn_one(np.ones(1), action, reward)


class Learning:
    """A bandit that learns all along, with the context or without."""

    def __init__(self, how: How, width: int, floor: float = FLOOR) -> None:
        self._how: How = how
        self._width, self._floor = width, floor
        self._model = LinearBandit(width, max_arms=2_048, seed=DRAWN)
        self._rng = np.random.default_rng(DRAWN)

    def chances(self, x: Vector, actions: Sequence[str]) -> Chances:
        """Return the bandit's chances."""
        return self._model.chances(
            x[: self._width], actions, self._how, floor=self._floor, rng=self._rng
        )

    def learn(self, x: Vector, action: str, reward: float) -> None:
        """Learn what came of an action."""
        self._model.learn_one(x[: self._width], action, reward)
