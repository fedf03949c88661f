"""Models that are told later how it came out: each is a contest, judged before it learns.

An example with its outcome is guessed by champion and challengers, then learnt from; the
champion's loss and the features are watched for drift.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Final, TypeVar

from online_models.challenger import Contest
from online_models.guard import Guard
from operators.examples import Example
from operators.happenings import UserScore
from operators.model_stages import ModelStage

M = TypeVar("M")

ENOUGH: Final = 50
"""Outcomes from which a model is asked."""


class JudgedStage(ModelStage[M]):
    """A model of outcomes. None is asked before it has learnt from `ENOUGH`.

    Till then there is no score, and none is better than one from nowhere.
    """

    features: ClassVar[Sequence[str]]
    words: ClassVar[Sequence[str]] = ()
    loss: ClassVar[str] = "brier"

    def _guarded(self) -> Contest:
        settings = self._settings
        models = {self.name: self._make()}
        models |= {kind: self._challenger(kind) for kind in settings.challengers}
        return Contest(
            self.name,
            {name: Guard(model, self._key, words=self.words) for name, model in models.items()},
            loss=self.loss,
            every=self._every_challenge(),
            promote=settings.promote,
            alpha=settings.promote_alpha,
        )

    def _every_challenge(self) -> int:
        return self._settings.outcome_challenger_every

    def _known(self, site: str) -> dict[str, Any]:
        contest: Contest = self._sites[site]
        return {**super()._known(site), "contest": contest.report()}

    def _take(self, model: Contest, example: Example) -> Iterable[UserScore]:
        x = dict(zip(self.features, example.values, strict=True))
        if example.label is not None:
            self._learn(model, x, example, example.label)
        elif model.model.learned >= ENOUGH:
            return self._scores(model, x, example)
        return ()

    def _learn(self, model: Contest, x: dict[str, float], example: Example, label: float) -> None:
        lost = model.learn_one(x, self._outcome(label), example.time)
        self._look(example.site, x, example.time, lost)

    def _outcome(self, label: float) -> Any:
        return bool(label)

    @abstractmethod
    def _challenger(self, kind: str) -> Any:
        """Return a new challenger of a kind that the setting `challengers` names."""

    @abstractmethod
    def _scores(self, model: Contest, x: dict[str, float], example: Example) -> Iterable[UserScore]:
        """Return what the champion says of an example."""
