"""Which kind of visitor is this? And would another clusterer group people better?"""

from collections.abc import Iterable
from typing import Any

from contracts.codec import dump_json
from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.cluster_contest import ClusterContest
from online_models.clusterers import RiverClusters
from online_models.digest import digest
from online_models.features import USER_FEATURES
from online_models.guard import Guard
from online_models.segments import SegmentModel, near
from operators.examples import Example
from operators.happenings import UserScore
from operators.messages import View
from operators.model_stages import ModelStage


class SegmentStage(ModelStage[SegmentModel]):
    """Which kind of visitor is this? Learns from each person it looks at."""

    name = "segments"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        super().__init__(settings, key, every)
        self._contests: dict[str, ClusterContest] = {}

    def _more(self) -> dict[str, bytes]:
        return {site: contest.snapshot() for site, contest in self._contests.items()}

    def _load_more(self, site: str, raw: bytes) -> None:
        self._contest(site).restore(raw)

    def _make(self) -> SegmentModel:
        return SegmentModel(n_segments=self._settings.segments, seed=self._settings.seed)

    def _contest(self, site: str) -> ClusterContest:
        if site not in self._contests:
            settings = self._settings
            rivals: dict[str, Guard[Any]] = {
                kind: Guard(RiverClusters(kind, settings.segments, seed=settings.seed), self._key)
                for kind in settings.segment_challengers
            }
            contest = ClusterContest(self.name, rivals, settings.challenger_every)
            self._contests[site] = contest
        return self._contests[site]

    def _take(self, model: Guard[SegmentModel], example: Example) -> Iterable[UserScore]:
        x = dict(zip(USER_FEATURES, example.values, strict=True))
        memberships = model.predict_proba_one(x)
        model.learn_one(x, example.time)
        self._look(example.site, x, example.time)
        self._contest(example.site).learn_one(x, model.predict_one)
        segment, others = near(memberships)
        if not model.model.knows(segment):
            return ()  # the guard's neutral answer, when the model cannot say
        score = Score(self.name, round(memberships[segment], 4), example.time)
        told = self._told(example, score)
        told.segment, told.near = segment, others
        return (told,)

    def _known(self, site: str) -> dict[str, Any]:
        changes = list(self._sites[site].model.changes)
        contest = self._contest(site).report()
        return {**super()._known(site), "changes": changes, "contest": contest}

    def _digest(self, site: str) -> str:
        return digest((super()._digest(site), self._contest(site).digest()))

    def _views(self, site: str) -> list[View]:
        segments = self._sites[site].model.describe()
        return [*super()._views(site), View("segments", site, "all", dump_json(segments))]
