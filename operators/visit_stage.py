"""How visits go, scored by how unlike the others they are: evidence beside the rules on bots."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from zlib import crc32

from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.anomaly import LIMITS, AnomalyModel, features
from online_models.bots import CHECK_EVERY, LEAST_TOUCHES, rhythm
from online_models.guard import Guard
from operators.examples import Example
from operators.happenings import UserScore
from operators.model_stages import ModelStage
from operators.profile import Applied

SAMPLE: Final = 4
"""One visit in so many is scored and learnt from; all of those that are marked are scored."""

FEATURES: Final = tuple(LIMITS)


class VisitExamples:
    """Long visits, at every tenth event of one: an observer without state."""

    def __init__(self, settings: FlowSettings) -> None:
        self._out: list[Example] = []

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        profile, event = applied.profile, applied.arrived.event
        session = profile.session
        if not applied.in_session or applied.adopted or session is None:
            return
        if session.events < LEAST_TOUCHES or session.events % CHECK_EVERY:
            return
        if profile.bot is None and crc32(f"{profile.id}/{session.id}".encode()) % SAMPLE:
            return
        seen = rhythm(profile)
        if seen is None:
            return
        found = features(seen)
        values = tuple(found[name] for name in FEATURES)
        seq, label = applied.arrived.seq, 1.0 if profile.bot is not None else None
        self._out.append(
            Example(profile.site, profile.id, seq, event.time, event.id, values, label)
        )

    def take(self, clock: int) -> list[Example]:
        """Return what came of the batch."""
        out, self._out = self._out, []
        return out

    def dump(self, *, full: bool) -> bytes:
        """Return nothing: there is no state."""
        return b""

    def load(self, parts: Sequence[bytes]) -> None:
        """There is no state."""


class VisitStage(ModelStage[AnomalyModel]):
    """How unlike the others is this visit? Learns from those that are not marked as a program's."""

    name = "visits"

    def _make(self) -> AnomalyModel:
        return AnomalyModel(seed=self._settings.seed)

    def _take(self, model: Guard[AnomalyModel], example: Example) -> Iterable[UserScore]:
        x: dict[str, Any] = dict(zip(FEATURES, example.values, strict=True))
        value = float(model.predict_one(x))
        if not example.label:
            model.learn_one(x)
            self._look(example.site, x, example.time)
        score = Score("anomaly", round(value, 4), example.time)
        return (self._told(example, score),)
