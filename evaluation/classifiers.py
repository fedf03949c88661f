"""Competitors that say how likely something is, and how they play: predicted, then learnt from."""

import random
from collections.abc import Callable, Mapping, Sequence
from time import process_time
from typing import Any, Final, Protocol

from river import compose, forest, preprocessing, tree

from evaluation.errors import EvaluationError
from evaluation.judged import probabilities
from online_models.classifier import OnlineClassifier

SAMPLE: Final = 0.25
"""Share of the examples that River's forest learns from: it costs milliseconds an example."""


class Classifier(Protocol):
    """Says the probability of yes, and learns."""

    def predict_proba_one(self, x: Any) -> Mapping[Any, float]:
        """Return the probabilities."""
        ...

    def learn_one(self, x: Any, y: bool) -> Any:
        """Learn an outcome."""
        ...


class BaseRate:
    """Says the share of yes so far."""

    def __init__(self) -> None:
        self._seen = self._yes = 1.0

    def predict_proba_one(self, x: Any) -> Mapping[Any, float]:
        """Return the share."""
        return {True: self._yes / (self._seen + 1.0)}

    def learn_one(self, x: Any, y: bool) -> None:
        """Count."""
        self._seen += 1.0
        self._yes += y


class Sampled:
    """A model that learns from a share of the examples, drawn with a seed; words as levels."""

    def __init__(self, model: Any, share: float, seed: int = 1) -> None:
        words = compose.SelectType(str) | preprocessing.OneHotEncoder()
        self._model = (compose.SelectType((int, float)) + words) | model
        self._share = share
        self._rng = random.Random(seed)

    def predict_proba_one(self, x: Any) -> Mapping[Any, float]:
        """Return the model's probabilities, or even odds at first."""
        return self._model.predict_proba_one(x) or {True: 0.5}

    def learn_one(self, x: Any, y: bool) -> None:
        """Learn, or let it pass."""
        if self._rng.random() < self._share:
            self._model.learn_one(x, y)


def field_of(
    names: str | None, makers: Mapping[str, Callable[[], Classifier]]
) -> dict[str, Callable[[], Classifier]]:
    """Return who takes part: those named, else all; ours and River's beside them."""
    every: dict[str, Callable[[], Classifier]] = {
        **makers,
        "base-rate": BaseRate,
        "river-tree": lambda: Sampled(tree.HoeffdingAdaptiveTreeClassifier(seed=1), 1.0),
        "river-forest": lambda: Sampled(forest.AMFClassifier(n_estimators=5, seed=1), SAMPLE),
    }
    wanted = list(every) if names is None else [name.strip() for name in names.split(",")]
    unknown = [name for name in wanted if name not in every]
    if unknown:
        raise EvaluationError(f"--models {', '.join(unknown)}: expected of {', '.join(every)}")
    return {name: every[name] for name in wanted}


def play(
    model: Classifier,
    rows: Sequence[Mapping[str, Any]],
    outcomes: Sequence[bool],
    begin: int,
    tell: Callable[[int], None],
) -> dict[str, Any]:
    """Return the figures of a model over rows in order, counted from row `begin`."""
    said: list[float] = []
    parts: dict[str, list[float]] = {}
    scoring = learning = 0.0
    for at, (x, y) in enumerate(zip(rows, outcomes, strict=True)):
        if isinstance(model, OnlineClassifier) and at >= begin:
            for name, p in model.parts_one(x).items():
                parts.setdefault(name, []).append(p)
        started = process_time()
        said.append(float(model.predict_proba_one(x).get(True, 0.0)))
        middle = process_time()
        model.learn_one(x, y)
        scoring, learning = scoring + middle - started, learning + process_time() - middle
        if at % 500 == 0:
            tell(at)
    counted = list(outcomes[begin:])
    figures = probabilities(said[begin:], counted)
    figures["score_us"] = round(1e6 * scoring / len(rows), 1)
    figures["learn_us"] = round(1e6 * learning / len(rows), 1)
    figures["parts"] = {name: probabilities(p, counted) for name, p in parts.items()}
    for part in figures["parts"].values():
        part.pop("calibration")
    return figures
