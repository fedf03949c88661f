"""The loop: who is asked what, what may be answered, and what the figures come to."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from contracts.events import Event
from evaluation.errors import EvaluationError
from evaluation.next_item import play
from evaluation.questions import Competitor, Question, Rules
from evaluation.stream import Step, stream_of
from tests.builders import HOUR, event


class Scripted(Competitor):
    """Answers the same items always, as far as they exist; remembers what it was asked."""

    name = "scripted"

    def __init__(self, answer: Sequence[int] = ()) -> None:
        self.answer = answer
        self.asked: list[Question] = []
        self.log: list[str] = []

    def rank(self, question: Question, n: int) -> Sequence[int]:
        self.asked.append(question._replace(exclude=set(question.exclude)))  # it is a live view
        self.log.append("rank")
        return [item for item in self.answer if item not in question.exclude]

    def learn(self, step: Step) -> None:
        self.log.append(f"learn {step.item}")

    def retrain(self, share: float) -> None:
        self.log.append(f"retrain {share}")


def views(user: str, items: str, at: int = 0) -> list[Event]:
    return [event(user=user, item=item, at=at + n) for n, item in enumerate(items)]


def test_it_guesses_before_it_learns() -> None:
    model = Scripted()
    play(stream_of(views("ada", "ab")), model, Rules())
    assert [line for line in model.log if "retrain" not in line] == [
        "rank",
        "learn 0",
        "rank",
        "learn 1",
    ]


def test_protocol_user_asks_for_new_items_and_bars_the_others() -> None:
    model = Scripted()
    tally = play(stream_of(views("ada", "abab") + views("bob", "ba", at=10)), model, Rules())
    assert [sorted(question.exclude) for question in model.asked] == [[], [0], [], [1]]
    assert len(tally) == 4


def test_with_repeats_all_is_asked_and_nothing_barred() -> None:
    model = Scripted()
    tally = play(stream_of(views("ada", "aab")), model, Rules(repeats=True))
    assert [sorted(question.exclude) for question in model.asked] == [[], [], []]
    assert len(tally) == 3


def test_protocol_session_asks_from_the_second_touch_of_a_visit_on() -> None:
    model = Scripted()
    events = views("ada", "aab") + views("ada", "cd", at=HOUR)
    tally = play(stream_of(events), model, Rules("session"))
    assert [[step.item for step in q.visit] for q in model.asked] == [[0], [0, 0], [2]]
    assert [[step.item for step in q.history] for q in model.asked][-1] == [0, 0, 1, 2]
    assert len(tally) == 3


def test_dislikes_are_not_asked_for() -> None:
    model = Scripted()
    events = [event(item="a"), event("dislike", item="b", at=1), event(item="b", at=2)]
    tally = play(stream_of(events), model, Rules())
    assert len(tally) == 1  # b is no news any more
    assert model.log[-1] == "learn 1"


def test_figures_of_known_ranks() -> None:
    # Three people touch item 0, item 1, item 2; the model says 0, 1, 2 always.
    events = [event(user=u, item=u, at=at) for at, u in enumerate("abc")]
    events += [event(user="d", item=item, at=10 + n) for n, item in enumerate("abc")]
    model = Scripted([0, 1, 2])
    figures = play(stream_of(events), model, Rules(test_from=0.5)).figures()
    # With what was touched barred, the right one is the first each time.
    assert (figures["hr@10"], figures["mrr@10"], figures["ndcg@10"]) == (1.0, 1.0, 1.0)
    figures = play(stream_of(events), model, Rules(test_from=0.5, repeats=True)).figures()
    assert figures["mrr@20"] == round((1 + 1 / 2 + 1 / 3) / 3, 4)
    assert figures["coverage"] == 1.0
    assert figures["novelty"] == round((3 + 2 + 1) / 9, 4)


def test_an_item_that_nobody_touched_is_missed_unless_only_known_ones_count() -> None:
    stream = stream_of(views("ada", "abc"))
    tally = play(stream, Scripted([0, 1]), Rules())
    assert (len(tally), tally.unknown) == (3, 3)
    assert len(play(stream, Scripted([0, 1]), Rules(known_only=True))) == 0


def test_only_the_last_part_counts_and_all_of_it_is_learnt() -> None:
    model = Scripted()
    stream = stream_of(views("ada", "abcdefghij"))
    tally = play(stream, model, Rules(test_from=0.9))
    assert len(tally) == len(model.asked) == 1
    assert sum(line.startswith("learn") for line in model.log) == 10


def test_a_model_that_learns_from_its_answers_is_always_asked() -> None:
    model = Scripted()
    model.asked_always = True
    tally = play(stream_of(views("ada", "abcdefghij")), model, Rules(test_from=0.9))
    assert (len(tally), len(model.asked)) == (1, 10)


def test_retraining_happens_at_each_tenth() -> None:
    model = Scripted()
    play(stream_of(views("ada", "abcdefghij" * 10)), model, Rules())
    shares = [float(line.split()[1]) for line in model.log if line.startswith("retrain")]
    assert shares == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    learnt = [line for line in model.log if line != "rank"]
    assert learnt.index("retrain 0.1") == 10


def test_the_curve_has_ten_parts_of_what_counts() -> None:
    events = [event(user=f"u{at}", item="a", at=at) for at in range(100)]
    tally = play(stream_of(events), Scripted([0]), Rules(test_from=0.5))
    assert tally.curve()["hr@10"] == [1.0] * 10
    empty = play(stream_of(views("ada", "aaaaaaaaaa")), Scripted(), Rules()).curve()
    assert empty["hr@10"] == [0.0] + [None] * 9


@pytest.mark.parametrize("answer", [[0, 0], list(range(21))])
def test_answers_against_the_rules_are_refused(answer: list[int]) -> None:
    with pytest.raises(EvaluationError, match="scripted answered"):
        play(stream_of(views("ada", "ab")), Scripted(answer), Rules())


def test_barred_answers_are_refused() -> None:
    class Careless(Scripted):
        def rank(self, question: Question, n: int) -> Sequence[int]:
            return [0]

    with pytest.raises(EvaluationError, match="barred"):
        play(stream_of(views("ada", "ab")), Careless(), Rules())


def test_rules_are_checked() -> None:
    with pytest.raises(EvaluationError, match="test-from"):
        replace(Rules(), test_from=1.0)


def test_short_answers_are_filled_up_in_figures_of_their_own() -> None:
    events = [event(user=f"u{at}", item="a", at=at) for at in range(20)]
    figures = play(stream_of(events), Scripted(), Rules(test_from=0.5)).figures()
    assert (figures["hr@10"], figures["filled_hr@10"]) == (0.0, 1.0)


def test_a_slow_model_answers_a_sample_that_is_the_same_each_time() -> None:
    stream = stream_of([event(user=f"u{at}", item="a", at=at) for at in range(2_000)])
    asked = []
    for _ in range(2):
        model = Scripted([0])
        model.max_predictions = 200
        tally = play(stream, model, Rules())
        assert len(tally) == len(model.asked)
        assert (tally.predictions, tally.unknown) == (2_000, 1)
        asked.append([question.user for question in model.asked])
    assert asked[0] == asked[1]
    assert 150 < len(asked[0]) < 250
    assert tally.figures()["sampled"] == 0.1
