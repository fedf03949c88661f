"""One suite that every model passes, whatever it predicts.

A `Subject` is what the suite needs of a model: to learn an example, to answer, to be saved. Each
model has a `Case` in `test_conformance.py` that makes its subject and its examples.

`HEADRACE_FUZZ_ROWS` sets how many hostile rows a model must survive: 500 without it, 100,000 for
the long form, which stops after `FUZZ_SECONDS` wherever it is then.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from online_models.digest import digest

FUZZ_ROWS = int(os.environ.get("HEADRACE_FUZZ_ROWS", "500"))
FUZZ_SECONDS = 60.0


class Subject(Protocol):
    """A model, seen from the suite."""

    model: Any

    def learn(self, example: Any) -> None:
        """Learn from one example, which may be hostile."""

    def answer(self, example: Any) -> Any:
        """Return the model's answer to one example, made of plain values."""

    def save(self) -> bytes:
        """Return the whole state."""

    def restore(self, saved: bytes) -> None:
        """Replace the state."""


@dataclass(frozen=True)
class Case:
    """A model, its examples, and what it promises.

    `examples(seed, count)` returns ordinary examples, `hostile(seed, count)` such as a broken
    client sends. `limit` is the most that a saved model may ever weigh, in bytes.
    """

    name: str
    make: Callable[[], Subject]
    examples: Callable[[int, int], Sequence[Any]]
    hostile: Callable[[int, int], Iterable[Any]]
    limit: int
    count: int = 600


def check_answers_before_first_event(case: Case) -> None:
    subject = case.make()
    for example in case.examples(1, 5):
        assert_finite(subject.answer(example))


def check_answers_stay_finite(case: Case) -> None:
    subject = case.make()
    examples = case.examples(2, case.count)
    learn_all(subject, examples)
    deadline = time.monotonic() + FUZZ_SECONDS
    survived = 0
    for at, hostile in enumerate(case.hostile(3, FUZZ_ROWS)):
        assert_finite(subject.answer(hostile))
        subject.learn(hostile)
        if at % 10 == 0:
            assert_finite(subject.answer(examples[at % len(examples)]))
        survived += 1
        if time.monotonic() > deadline:
            break
    assert survived > min(1_000, FUZZ_ROWS // 2)


def check_learns_on_after_hostile_rows(case: Case) -> None:
    """What hostile rows leave behind is no different from never having met them, or harmless."""
    subject = case.make()
    for hostile in case.hostile(4, 200):
        subject.learn(hostile)
    before = digest(subject.model)
    learn_all(subject, case.examples(5, case.count))
    assert digest(subject.model) != before


def check_memory_is_bounded(case: Case) -> None:
    subject = case.make()
    examples = case.examples(6, 10 * case.count)
    learn_all(subject, examples[: case.count])
    few = len(subject.save())
    learn_all(subject, examples[case.count :])
    many = len(subject.save())
    assert max(few, many) <= case.limit, f"{few:,} and {many:,} bytes; promised {case.limit:,}"


def check_snapshot_restores(case: Case) -> None:
    """A restored model answers alike, and goes on learning alike."""
    subject = case.make()
    examples = case.examples(7, case.count)
    half = case.count // 2
    learn_all(subject, examples[:half])
    copy = case.make()
    copy.restore(subject.save())
    for example in examples[half:]:
        assert copy.answer(example) == subject.answer(example)
        copy.learn(example)
        subject.learn(example)
    assert copy.save() == subject.save() or digest(copy.model) == digest(subject.model)


def check_same_input_same_answers(case: Case) -> None:
    first, second = case.make(), case.make()
    examples = case.examples(8, case.count)
    learn_all(first, examples)
    learn_all(second, examples)
    assert [first.answer(e) for e in examples[:50]] == [second.answer(e) for e in examples[:50]]
    assert digest(first.model) == digest(second.model)


def check_learning_changes_it(case: Case) -> None:
    """Without this, a model that never learns would pass everything else."""
    subject, fresh = case.make(), case.make()
    examples = case.examples(9, case.count)
    learn_all(subject, examples)
    assert digest(subject.model) != digest(fresh.model)
    assert [subject.answer(e) for e in examples] != [fresh.answer(e) for e in examples]


def check_answering_changes_nothing(case: Case) -> None:
    subject = case.make()
    examples = case.examples(10, case.count)
    learn_all(subject, examples)
    before = digest(subject.model)
    for example in case.examples(11, 50):
        subject.answer(example)
    assert digest(subject.model) == before


CHECKS: tuple[Callable[[Case], None], ...] = (
    check_answers_before_first_event,
    check_answers_stay_finite,
    check_learns_on_after_hostile_rows,
    check_memory_is_bounded,
    check_snapshot_restores,
    check_same_input_same_answers,
    check_learning_changes_it,
    check_answering_changes_nothing,
)


def fingerprint(case: Case) -> str:
    """Return what a model knows after its examples, for comparison between processes."""
    subject = case.make()
    examples = case.examples(12, case.count)
    learn_all(subject, examples)
    return digest((digest(subject.model), [subject.answer(example) for example in examples[:50]]))


def learn_all(subject: Subject, examples: Iterable[Any]) -> None:
    for example in examples:
        subject.learn(example)


def assert_finite(answer: Any) -> None:
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple)):
        for each in answer:
            assert_finite(each)
    elif isinstance(answer, float):
        assert math.isfinite(answer), answer
