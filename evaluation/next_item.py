"""The prequential loop: each touch is guessed before it is learnt from, in one pass.

Protocol `user`: a touch is guessed where the person did not touch the item before, and what a
person touched is barred from the guesses; with `repeats` every touch is guessed, and nothing is
barred. Protocol `session` (Ludewig and Jannach, "Evaluation of session-based recommendation
algorithms", UMUAI 2018): each touch of a visit from its second one on is guessed, repeats allowed.

Either way all items known so far compete, none is sampled; people without a history are asked for
as well, and an item that nobody touched before can only be missed.
"""

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from time import process_time
from typing import Final
from zlib import crc32

from contracts.events import Item
from evaluation.baselines import Trending, first
from evaluation.errors import EvaluationError
from evaluation.questions import NextItem, Question, Rules
from evaluation.stream import Step, Stream
from evaluation.tally import SHORT, TOP, Tally

REMEMBERED: Final = 50
"""Touches of a person, and of a visit, that a question comes with."""

RETRAININGS: Final = 10


def play(
    stream: Stream,
    model: NextItem,
    rules: Rules,
    progress: Callable[[int], None] = lambda at: None,
) -> Tally:
    """Let a model guess each touch before it learns from it; return how it did.

    Times are the process's CPU time, so a busy machine costs nothing. Raises `EvaluationError`
    for answers against the rules.
    """
    game = _Game(model, rules, len(stream), stream.kinds)
    trainings = {round(len(stream) * part / RETRAININGS) for part in range(1, RETRAININGS)}
    for at, step in enumerate(stream.steps()):
        if at in trainings:
            game.retrain(at / len(stream))
        game.ask(at, step)
        game.teach(at, step)
        if not at & 1023:
            progress(at)
    return game.tally


class _Game:
    """One model and how it does: asked, checked, taught, with a clock beside it."""

    def __init__(
        self, model: NextItem, rules: Rules, length: int, kinds: Mapping[int, Item]
    ) -> None:
        self.tally = Tally(length, rules.test_from, kinds)
        touches = length - self.tally.begin
        self.tally.sampled = sampled_share(touches, model.max_predictions)
        self._model = model
        self._rules = rules
        self._past = _Past(rules)
        self._filler = Trending()

    def retrain(self, share: float) -> None:
        """Let the model train anew."""
        started = process_time()
        self._model.retrain(share)
        self.tally.learnt(process_time() - started, events=0)

    def ask(self, at: int, step: Step) -> None:
        """Ask what comes next, if that is to be guessed; count the answer if it counts."""
        past = self._past
        question = past.question(step)
        if question is None:
            return
        counts = self._counts(at, step.item)
        if not counts and not self._model.asked_always:
            return
        started = process_time()
        ranked = self._model.rank(question, TOP)
        seconds = process_time() - started
        if counts:
            _check(self._model.name, ranked, question.exclude)
            filled = _filled(ranked, self._filler, question)
            seen = past.seen_by(step.user)
            self.tally.answered(at, step.item, ranked, seen, past.known, seconds, filled)
            if step.item >= past.known:
                self.tally.cold(step.item, ranked, self._model.rank_new(question, SHORT))

    def teach(self, at: int, step: Step) -> None:
        """Let the model learn from a touch."""
        started = process_time()
        self._model.learn(step)
        self.tally.learnt(process_time() - started)
        self.tally.touched(at, step.item)
        self._filler.learn(step)
        self._past.add(step)

    def _counts(self, at: int, item: int) -> bool:
        known = item < self._past.known
        if at < self.tally.begin or (self._rules.known_only and not known):
            return False
        self.tally.asked(known=known)
        return is_sampled(at, self.tally.sampled)


def sampled_share(touches: int, most: int | None) -> float:
    """Return which share of the predictions is asked for, of at most one a touch.

    >>> sampled_share(1_000, None), sampled_share(1_000, 250), sampled_share(10, 250)
    (1.0, 0.25, 1.0)
    """
    return 1.0 if most is None else min(1.0, most / max(touches, 1))


def is_sampled(at: int, share: float) -> bool:
    """Whether the prediction at a touch is in the sample: always the same, in every process.

    >>> sum(is_sampled(at, 0.25) for at in range(10_000))
    2500
    """
    return share >= 1.0 or crc32(at.to_bytes(8, "little")) < share * 2.0**32


class _Past:
    """What happened so far, as far as the questions need it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._seen: dict[int, set[int]] = {}
        self._histories: dict[int, list[Step]] = {}
        self._visits: dict[int, list[Step]] = {}
        self.known = 0

    def question(self, step: Step) -> Question | None:
        """Return what is asked before a touch; nothing if it is not to be guessed."""
        if not step.is_target:
            return None
        visit = self._visit(step)
        if self._rules.protocol == "session" and not visit:
            return None
        exclude: Set[int] = self.seen_by(step.user) if self._rules.bars else _NOTHING
        if step.item in exclude:
            return None
        history = self._histories.get(step.user, [])
        return Question(step.user, step.session, step.time, history, visit, exclude, self.known)

    def seen_by(self, user: int) -> Set[int]:
        """Return all items that a person touched."""
        return self._seen.get(user, _NOTHING)

    def add(self, step: Step) -> None:
        """Take in a touch."""
        self._seen.setdefault(step.user, set()).add(step.item)
        history = self._histories.get(step.user, [])
        self._histories[step.user] = [*history[1 - REMEMBERED :], step]
        self._visits[step.user] = [*self._visit(step)[1 - REMEMBERED :], step]
        self.known = max(self.known, step.item + 1)

    def _visit(self, step: Step) -> list[Step]:
        visit = self._visits.get(step.user, [])
        return visit if visit and visit[-1].session == step.session else []


_NOTHING: Final[frozenset[int]] = frozenset()


def _check(name: str, ranked: Sequence[int], exclude: Collection[int]) -> None:
    if len(ranked) > TOP or len(set(ranked)) < len(ranked):
        raise EvaluationError(f"{name} answered with more than {TOP} items, or one of them twice")
    barred = [item for item in ranked if item in exclude]
    if barred:
        raise EvaluationError(f"{name} answered with items that are barred: {barred[:3]}")


def _filled(ranked: Sequence[int], filler: Trending, question: Question) -> Sequence[int]:
    """Return an answer that is filled up with what is trending, where it is short."""
    if len(ranked) == TOP:
        return ranked
    return first([*ranked, *filler.rank(question, TOP)], TOP)
