"""Who answers which campaign, and because of it? Scores of the campaigns that run."""

from collections.abc import Iterable
from typing import Any, Final

from contracts.decisions import Score
from contracts.settings import FlowSettings
from online_models.arms import RiverArm
from online_models.campaigns import CampaignTally, is_control
from online_models.challenger import Contest
from online_models.response import CAMPAIGN, NOBODY, ResponseModel
from operators.examples import Approach, Example
from operators.happenings import UserScore
from operators.judged_stage import ENOUGH, JudgedStage
from operators.outcome_stages import LOOK_EVERY
from operators.responses import HOUR_MS, RESPONSE_FEATURES

ASKED: Final = 4
"""Campaigns that a person is scored for: those that approached somebody last."""


class ResponseStage(JudgedStage[ResponseModel]):
    """Will this person answer that campaign? Counts what becomes of each campaign as well.

    Somebody who is approached is scored for that campaign; at the start of a visit, for those that
    approached anybody within the last two horizons. `response/NAME` is the probability, and
    `uplift/NAME` how much of it is due to the campaign, once its control group has `ENOUGH` people.
    """

    name = "response"
    features = RESPONSE_FEATURES
    words = (CAMPAIGN,)
    look_every = LOOK_EVERY

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        super().__init__(settings, key, every)
        self._runs_ms = int(2 * settings.response_hours * HOUR_MS)
        self._tallies: dict[str, CampaignTally] = {}

    def _more(self) -> dict[str, bytes]:
        return {site: tally.dump() for site, tally in self._tallies.items()}

    def _load_more(self, site: str, raw: bytes) -> None:
        self._tally(site).load(raw)

    def _make(self) -> ResponseModel:
        return ResponseModel(seed=self._settings.seed)

    def _challenger(self, kind: str) -> Any:
        return RiverArm(kind, seed=self._settings.seed)

    def _known(self, site: str) -> dict[str, Any]:
        return {**super()._known(site), "campaigns": self._tally(site).report()}

    def _take(self, model: Contest, example: Example) -> Iterable[UserScore]:
        if not isinstance(example, Approach):
            return ()
        if example.campaign and example.label is None:
            self._tally(example.site).approach(example.campaign, example.variant, example.time)
        return super()._take(model, example)

    def _learn(self, model: Contest, x: dict[str, float], example: Example, label: float) -> None:
        assert isinstance(example, Approach)
        tally = self._tally(example.site)
        tally.settle(example.campaign, example.variant, answered=bool(label))
        campaign = NOBODY if is_control(example.variant) else example.campaign
        named: dict[str, Any] = {**x, CAMPAIGN: campaign}
        lost = model.learn_one(named, bool(label), example.time)
        self._look(example.site, x, example.time, lost)

    def _scores(self, model: Contest, x: dict[str, float], example: Example) -> Iterable[UserScore]:
        assert isinstance(example, Approach)
        tally = self._tally(example.site)
        running = [example.campaign] if example.campaign else []
        for campaign in running or tally.running(example.time - self._runs_ms)[:ASKED]:
            p = self._likely(model, x, campaign)
            yield self._told(example, Score(f"{self.name}/{campaign}", round(p, 4), example.time))
            if tally.controls(campaign) >= ENOUGH:
                gain = round(p - self._likely(model, x, NOBODY), 4)
                yield self._told(example, Score(f"uplift/{campaign}", gain, example.time))

    @staticmethod
    def _likely(model: Contest, x: dict[str, float], campaign: str) -> float:
        named: dict[str, Any] = {**x, CAMPAIGN: campaign}
        return model.predict_proba_one(named).get(True, 0.0)

    def _tally(self, site: str) -> CampaignTally:
        return self._tallies.setdefault(site, CampaignTally())
