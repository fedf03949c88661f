"""The rows of varied answers: they learn as the blend does; only order and variety differ."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.events import Item
from evaluation.competitors import field_of
from evaluation.errors import EvaluationError
from evaluation.kinds import with_kinds
from evaluation.next_item import play
from evaluation.next_item_task import run
from evaluation.questions import Question, Rules
from evaluation.stream import Stream, stream_of
from evaluation.tasks import Request
from evaluation.varied import VariedBlend
from tests.builders import SECOND, event


def stream(people: int = 120) -> Stream:
    """Everybody keeps to one of four categories, of twelve items each."""
    rng = random.Random(3)
    made = []
    for user in range(people):
        for step in range(6):
            item = f"{user % 4}-{rng.randrange(12)}"
            made.append(event(user=f"u{user}", item=item, at=(user * 6 + step) * SECOND))
    items = [Item(id=f"{c}-{n}", category=f"c{c}") for c in range(4) for n in range(12)]
    return with_kinds(stream_of(made), items)


class Watched(VariedBlend):
    """Keeps its answers."""

    def __init__(self, name: str, stream: Stream, rules: Rules) -> None:
        super().__init__(name, stream, rules)
        self.answers: list[list[int]] = []

    def rank(self, question: Question, n: int) -> list[int]:
        self.answers.append(super().rank(question, n))
        return self.answers[-1]


def most_of_one(ranked: Sequence[int], stream: Stream) -> int:
    return max(Counter(stream.kinds[item].category for item in ranked).values(), default=0)


def test_a_cap_holds_in_the_first_ten_where_there_is_enough_else() -> None:
    made, rules = stream(), Rules()
    model = Watched("blend-cap3", made, rules)
    play(made, model, rules)
    late = model.answers[-100:]
    assert all(most_of_one(ranked[:10], made) == 3 for ranked in late)
    assert all(len(set(ranked)) == len(ranked) for ranked in model.answers)


def test_variety_costs_hits_and_gains_difference() -> None:
    made, rules = stream(), Rules(test_from=0.3)
    makers = field_of("blend,blend-cap2,blend-mmr0.5").makers
    assert list(makers) == ["blend", "blend-cap2", "blend-mmr0.5"]
    got = {n: play(made, make(made, rules), rules).figures() for n, make in makers.items()}
    for name in ("blend-cap2", "blend-mmr0.5"):
        assert got[name]["diversity"] > got["blend"]["diversity"] + 0.1
        assert got[name]["hr@10"] < got["blend"]["hr@10"]
        assert got[name]["predictions"] == got["blend"]["predictions"]


def test_without_categories_it_says_so() -> None:
    bare = stream_of([event(item="cup")])
    with pytest.raises(EvaluationError, match="does not say of which category"):
        field_of("blend-cap2").makers["blend-cap2"](bare, Rules())
    with pytest.raises(EvaluationError, match="blend-cap0"):
        field_of("blend-cap0")


def test_the_table_has_a_column_for_it_only_where_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "behaviors.tsv").write_text(
        "".join(f"{n}\tU{n}\t11/12/2019 2:14:{n:02} PM\t\tN{n % 9}-1\n" for n in range(40))
    )
    (tmp_path / "news.tsv").write_text(
        "".join(f"N{n}\tc{n % 2}\tpart{n}\ttitle\t\t\n" for n in range(8))
    )
    asked = Request(tmp_path, "mind", models="popular,blend-mmr0.3")
    board = run(asked)
    assert board.columns[-1] == "diversity"
    assert 0.0 < board.models["popular"]["diversity"] < 1.0
    assert "8 of 9 items are described" in board.notes
    assert "diversity" not in run(Request(tmp_path, "mind", models="popular")).columns
