"""The feedback of each site under one key: heard, read, learnt from; cases and what is overdue."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from contracts.decisions import Score
from contracts.events import STATUS
from contracts.feedback import Case
from contracts.settings import FlowSettings
from operators import routing
from operators.erased import IsGone
from operators.examples import LAST, Heard, Passed
from operators.feedback_site import News, SiteFeedback
from operators.happenings import UserFact, UserScore
from operators.messages import Examples
from operators.site_stage import SiteStage

Message = Any


class FeedbackStage(SiteStage[SiteFeedback]):
    """A `Publisher` that also scores: each batch's news go to the people it is about."""

    name = "feedback"

    def __init__(self, settings: FlowSettings, key: bytes, every: bool) -> None:
        super().__init__(lambda: SiteFeedback(settings, key))
        self._buckets = settings.buckets
        self._every = every

    def on_batch(self, messages: Sequence[Examples]) -> list[Message]:
        """Take what was heard, in order; return what it comes to for people."""
        out: list[Message] = []
        for message in messages:
            scores: list[UserScore] = []
            facts: list[UserFact] = []
            for item in message.items:
                if isinstance(item, Heard):
                    self._hear(item, scores, facts)
                elif isinstance(item, Passed):
                    self._pass(item, scores, facts)
            out += routing.to_facts(
                message.round, self.name, scores, self._buckets, every=self._every, facts=facts
            )
        return out

    def forget(self, gone: IsGone) -> list[Message]:
        """Forget people who are gone, with their cases and texts, and words that few have used."""
        for name in self._sites:
            self._sites.open(name).forget(partial(gone, name))
        return []

    def _hear(self, heard: Heard, scores: list[UserScore], facts: list[UserFact]) -> None:
        site = self._sites.open(heard.site)
        news = site.take(heard)
        if news is None:
            return
        user = heard.user
        if heard.event.type == STATUS and (case := site.case_of(heard.event)) is not None:
            user = case.user
        _tell(news, (heard.site, user, heard.seq, heard.event.id), heard.time, scores, facts)

    def _pass(self, passed: Passed, scores: list[UserScore], facts: list[UserFact]) -> None:
        for name in self._sites:
            if not self._sites[name].cases.has_due(passed.time):
                continue
            site = self._sites.open(name)
            for case in site.pass_time(passed.time):
                _tell_overdue(case, site.cases.overdue_of(case.user), scores, facts)


def _tell(
    news: News,
    cause: tuple[str, str, int, str],
    time: int,
    scores: list[UserScore],
    facts: list[UserFact],
) -> None:
    for name, value in news.scores.items():
        scores.append(UserScore(*cause, Score(name, value, time)))
    for name, told in news.facts.items():
        facts.append(UserFact(*cause, time, name, told))


def _tell_overdue(case: Case, count: int, scores: list[UserScore], facts: list[UserFact]) -> None:
    """Say that an answer is overdue, as of when it was due: the same in every run."""
    cause = (case.site, case.user, LAST, f"{case.id}/{case.due}")
    scores.append(UserScore(*cause, Score("overdue", float(count), case.due)))
    facts.append(UserFact(*cause, case.due, "case", f"{case.id} overdue"))
