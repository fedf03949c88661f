"""River's own recommenders, as its documentation uses them, on what was touched (1) and not (0).

`rank` predicts each item on its own, which takes up to a tenth of a second: so they answer a small
seeded sample of the predictions.
"""

from typing import Any, Final

import numpy as np
from river import optim, reco

from evaluation.questions import Competitor, Question
from evaluation.stream import Step

PREDICTIONS: Final = 500
NEGATIVES: Final = 4
FACTORS: Final = 32


class RiverReco(Competitor):
    """A river recommender; each touch comes with a few items that were not touched."""

    max_predictions: int | None = PREDICTIONS

    def __init__(self, name: str, model: Any, seed: int = 1) -> None:
        self.name = name
        self._model = model
        self._random = np.random.default_rng(seed)
        self._known = 0

    def rank(self, question: Question, n: int) -> list[int]:
        """Return river's ranking of all that is not excluded; nothing before the first item."""
        items = [item for item in range(question.known) if item not in question.exclude]
        found: list[int] = self._model.rank(question.user, items)[:n] if items else []
        return found

    def learn(self, step: Step) -> None:
        """Learn 1 for the touch, or 0 for a dislike, and 0 for items that are drawn at random."""
        self._known = max(self._known, step.item + 1)
        self._model.learn_one(step.user, step.item, float(step.is_target))
        for item in self._random.integers(self._known, size=NEGATIVES).tolist():
            if item != step.item:
                self._model.learn_one(step.user, item, 0.0)


def biased_mf() -> RiverReco:
    """Matrix factorisation with biases."""
    settings: dict[str, Any] = {
        "n_factors": FACTORS,
        "l2_bias": 0.002,
        "l2_latent": 0.002,
        "seed": 1,
    }
    settings["bias_optimizer"] = optim.SGD(0.05)
    settings["latent_optimizer"] = optim.SGD(0.05)
    return RiverReco("river-biased-mf", reco.BiasedMF(**settings))


def baseline() -> RiverReco:
    """Biases of people and items alone."""
    return RiverReco("river-baseline", reco.Baseline(optimizer=optim.SGD(0.05)))
