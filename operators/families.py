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
from operators.durable import Durable
from operators.features import IntentExamples, SegmentExamples
from operators.lists import ListExamples
from operators.messages import AnyExample
from operators.model_stages import IntentStage, SegmentStage
from operators.profile import Applied
from operators.ranker_stage import RankerStage


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
    in a replay (`every`) one for each bucket of users in each round.
    """

    name: str
    make_examples: Callable[[FlowSettings], ExampleMaker]
    make_stage: Callable[[FlowSettings, bytes, bool], Any]
    scores: bool = True


FAMILIES: Final[Sequence[Family]] = (
    Family(IntentStage.name, IntentExamples, IntentStage),
    Family(SegmentStage.name, SegmentExamples, SegmentStage),
    Family(BasketStage.name, BasketExamples, BasketStage, scores=False),
    Family(RankerStage.name, ListExamples, RankerStage, scores=False),
)
