"""What competitors are asked, what they promise, and the rules of a comparison."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, Protocol, get_args

from evaluation.errors import EvaluationError
from evaluation.stream import Step

ProtocolName = Literal["user", "session"]
PROTOCOLS: Final = get_args(ProtocolName)


class Question(NamedTuple):
    """What comes next for `user` in `session`, at `time` (epoch ms)?

    `history` are the person's last touches, `visit` those of the session, oldest first; `exclude`
    what may not be answered; `known` how many items were touched so far: numbers below it exist.
    """

    user: int
    session: int
    time: int
    history: Sequence[Step]
    visit: Sequence[Step]
    exclude: Collection[int]
    known: int


class NextItem(Protocol):
    """What takes part: it answers with items, best first, then learns what came.

    `asked_always`: it learns from its own answers, so it is asked even where nothing is counted.
    `max_predictions`: it is slow, so a seeded sample of about so many predictions is enough.
    """

    name: str
    asked_always: bool
    max_predictions: int | None

    def rank(self, question: Question, n: int) -> Sequence[int]:
        """Return at most n distinct items, best first, none of them excluded."""

    def learn(self, step: Step) -> None:
        """Learn from a touch. Called for every one, in time order, after `rank` if it is asked."""

    def retrain(self, share: float) -> None:
        """Learn anew from all that was seen: called at each tenth of the stream."""

    def rank_new(self, question: Question, n: int) -> Sequence[int]:
        """Return at most n items that nobody touched, best first: right after `rank`."""


class Competitor:
    """A base for competitors that keep the defaults."""

    name = ""
    asked_always = False
    max_predictions: int | None = None

    def retrain(self, share: float) -> None:
        """Do nothing: it learns as it goes."""

    def rank_new(self, question: Question, n: int) -> Sequence[int]:
        """Return nothing: it knows no item before somebody touched it."""
        return ()


@dataclass(frozen=True)
class Rules:
    """What is asked, and what counts: from `test_from` (a share of the touches, in order) on."""

    protocol: ProtocolName = "user"
    repeats: bool = False
    test_from: float = 0.0
    known_only: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.test_from < 1.0:
            raise EvaluationError(
                f"--test-from {self.test_from}: expected a share from 0 to below 1"
            )

    @property
    def per_visit(self) -> bool:
        """Whether visits are asked about on their own."""
        return self.protocol == "session"

    @property
    def bars(self) -> bool:
        """Whether items that a person touched are barred."""
        return self.protocol == "user" and not self.repeats
