"""The families of models that hang on the graph: what each is taught, and what it is.

A family has one key in the graph. Its examples are made where the profiles are, by an observer
that sees each applied event, and go to its stage in order. To add a model to the graph, add it
here.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from contracts.settings import FlowSettings
from operators.basket_stage import BasketStage
from operators.baskets import BasketExamples
from operators.blend_stage import BlendStage
from operators.choices import Choices
from operators.decide_stage import DecideStage
from operators.decided import DecideExamples
from operators.durable import Durable
from operators.examples import AnyExample
from operators.features import IntentExamples, SegmentExamples
from operators.feedback_stage import FeedbackStage
from operators.heard import FeedbackExamples
from operators.intent_stage import IntentStage
from operators.lists import ListExamples
from operators.outcome_stages import ChurnStage, OrderValueStage, SpendStage
from operators.outcomes import ChurnExamples, OrderExamples, SpendExamples
from operators.profile import Applied
from operators.ranker_stage import RankerStage
from operators.rate_stage import RateCounts, RateStage
from operators.response_stage import ResponseStage
from operators.responses import ResponseExamples
from operators.scoreboard_stage import ReachedExamples, ScoreboardStage
from operators.segment_stage import SegmentStage
from operators.visit_stage import VisitExamples, VisitStage


class ExampleMaker(Durable, Protocol):
    """Makes examples from one bucket of people's applied events."""

    def __call__(self, applied: Applied) -> None:
        """Look at one applied event."""
        ...

    def take(self, clock: int) -> Sequence[AnyExample]:
        """Return what came of the batch; `clock` is its arrival time (ms)."""
        ...


class Family(NamedTuple):
    """One family: `make_stage(settings, snapshot_key, every)` returns a `flows.stateful.Publisher`.

    `scores` says that the stage answers each batch with a `FactSlice` for the people it speaks of,
    in a replay (`every`) one for each bucket of users in each round. What a stage changed adds up
    for `publish_ms` of wall time before it is published. `sees_bots`: its examples are made of the
    events of programs as well. `is_timed`: it is told by clock records, too, how far time has come.
    """

    name: str
    make_examples: Callable[[FlowSettings], ExampleMaker]
    make_stage: Callable[[FlowSettings, bytes, bool], Any]
    scores: bool = True
    publish_ms: int = 1_000
    sees_bots: bool = False
    is_timed: bool = False


FAMILIES: Final[Sequence[Family]] = (
    Family(IntentStage.name, IntentExamples, IntentStage),
    Family(SegmentStage.name, SegmentExamples, SegmentStage),
    Family(BasketStage.name, BasketExamples, BasketStage, scores=False, publish_ms=250),
    Family(BlendStage.name, Choices, BlendStage, scores=False),
    Family(RankerStage.name, ListExamples, RankerStage, scores=False),
    Family(ChurnStage.name, ChurnExamples, ChurnStage),
    Family(SpendStage.name, SpendExamples, SpendStage),
    Family(OrderValueStage.name, OrderExamples, OrderValueStage),
    Family(ResponseStage.name, ResponseExamples, ResponseStage),
    Family(DecideStage.name, DecideExamples, DecideStage, scores=False),
    Family(VisitStage.name, VisitExamples, VisitStage, sees_bots=True),
    Family(RateStage.name, RateCounts, RateStage, scores=False, sees_bots=True),
    Family(ScoreboardStage.name, ReachedExamples, ScoreboardStage, scores=False),
    Family(FeedbackStage.name, FeedbackExamples, FeedbackStage, True, 300, True, is_timed=True),
)


def families_of(settings: FlowSettings) -> list[Family]:
    """Return the families that run: those that `flow.families` names, or all if it names none."""
    return [f for f in FAMILIES if not settings.families or f.name in settings.families]
