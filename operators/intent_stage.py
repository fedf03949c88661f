"""Will this session buy?"""

from collections.abc import Iterable
from typing import Any

from contracts.decisions import Score
from online_models.arms import RiverArm
from online_models.challenger import Contest
from online_models.features import SESSION_FEATURES
from online_models.intent import IntentModel
from operators.examples import Example
from operators.happenings import UserScore
from operators.judged_stage import JudgedStage


class IntentStage(JudgedStage[IntentModel]):
    """Will this session buy? Learns when a session's outcome is known."""

    name = "intent"
    features = SESSION_FEATURES

    def _make(self) -> IntentModel:
        return IntentModel(seed=self._settings.seed)

    def _challenger(self, kind: str) -> Any:
        return RiverArm(kind, seed=self._settings.seed)

    def _every_challenge(self) -> int:
        return self._settings.challenger_every

    def _scores(self, model: Contest, x: dict[str, float], example: Example) -> Iterable[UserScore]:
        probability = model.predict_proba_one(x).get(True, 0.0)
        return (self._told(example, Score(self.name, round(probability, 4), example.time)),)
