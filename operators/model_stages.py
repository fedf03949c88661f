"""Models with one key each: examples in, in order; scores and segments out, to the users' buckets.

An example without a label is scored, one with a label is learnt from: predict, then learn. What a
model knows of itself is published from time to time.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec

from contracts.codec import dump_json, pack
from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.features import SESSION_FEATURES, USER_FEATURES
from online_models.guard import Guard
from online_models.intent import IntentModel
from online_models.segments import SegmentModel
from operators import routing
from operators.messages import Example, Examples, UserScore, View, Views

Message = Any
M = TypeVar("M")


class ModelStage(ABC, Generic[M]):
    """One model a site, under one key; a `Publisher`."""

    name: str

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        self._settings = settings
        self._key = key
        self._every = every
        self._sites: dict[str, Guard[M]] = {}
        self._pending: set[str] = set()

    @property
    def waiting(self) -> bool:
        """Whether a model changed since it was published."""
        return bool(self._pending)

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Predict and learn in order; return the scores, addressed to the users' buckets."""
        out: list[Message] = []
        for message in messages:
            scores = []
            for example in message.items:
                if not isinstance(example, Example):
                    continue
                model = self._model(example.site)
                self._pending.add(example.site)
                score = self._take(model, example)
                if score is not None:
                    scores.append(score)
            out += routing.to_facts(
                message.round, self.name, scores, self._settings.buckets, every=self._every
            )
        return out

    def publish(self) -> list[Message]:
        """Return what the changed models know of themselves."""
        sites, self._pending = sorted(self._pending), set()
        return [Views([view for site in sites for view in self._views(site)])] if sites else []

    def finish(self) -> list[Message]:
        """Publish all models, now with the digest of their parameters, which takes a while."""
        views = [view for site in sorted(self._sites) for view in self._final_views(site)]
        self._pending = set()
        return [Views(views)] if views else []

    def dump(self, *, full: bool) -> bytes:  # models are small: always whole
        """Return the models, each in an envelope that is signed."""
        models = {site: guard.snapshot() for site, guard in self._sites.items()}
        return pack((models, sorted(self._pending)))

    def load(self, parts: Sequence[bytes]) -> None:
        """Replace the models."""
        if not parts:
            return
        models, pending = _model_parts.decode(parts[-1])
        self._sites = {site: self._restored(raw) for site, raw in models.items()}
        self._pending = set(pending)

    def _model(self, site: str) -> Guard[M]:
        if site not in self._sites:
            self._sites[site] = Guard(self._make(), self._key)
        return self._sites[site]

    def _restored(self, raw: bytes) -> Guard[M]:
        guard = Guard(self._make(), self._key)
        guard.restore(raw)
        return guard

    def _views(self, site: str) -> list[View]:
        return [View("model", site, self.name, dump_json(self._sites[site].counts()))]

    def _final_views(self, site: str) -> list[View]:
        guard = self._sites[site]
        known = {"digest": guard.digest(), **guard.counts()}
        digested = View("model", site, self.name, dump_json(known))
        return [digested, *self._views(site)[1:]]

    @abstractmethod
    def _make(self) -> M:
        """Return a new model."""

    @abstractmethod
    def _take(self, model: Guard[M], example: Example) -> UserScore | None:
        """Score an example or learn from it."""


_model_parts = msgspec.msgpack.Decoder(tuple[dict[str, bytes], list[str]])


class IntentStage(ModelStage[IntentModel]):
    """Will this session buy? Learns when a session's outcome is known."""

    name = "intent"

    def _make(self) -> IntentModel:
        return IntentModel(seed=self._settings.seed)

    def _take(self, model: Guard[IntentModel], example: Example) -> UserScore | None:
        x = dict(zip(SESSION_FEATURES, example.values, strict=True))
        if example.label is not None:
            model.learn_one(x, bool(example.label))
            return None
        probability = model.predict_proba_one(x).get(True, 0.0)
        score = Score(self.name, round(probability, 4), example.time)
        return UserScore(example.site, example.user, example.seq, example.event, score)


class SegmentStage(ModelStage[SegmentModel]):
    """Which kind of visitor is this? Learns from each person it looks at."""

    name = "segments"

    def _make(self) -> SegmentModel:
        return SegmentModel(n_segments=self._settings.segments, seed=self._settings.seed)

    def _take(self, model: Guard[SegmentModel], example: Example) -> UserScore | None:
        x = dict(zip(USER_FEATURES, example.values, strict=True))
        segment = model.predict_one(x)
        model.learn_one(x)
        score = Score(self.name, 1.0, example.time)
        return UserScore(example.site, example.user, example.seq, example.event, score, segment)

    def _views(self, site: str) -> list[View]:
        segments = self._sites[site].model.describe()
        return [*super()._views(site), View("segments", site, "all", dump_json(segments))]
