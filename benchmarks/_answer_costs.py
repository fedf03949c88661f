"""What is done with answers: variety, and judging them by what came next."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks._timing import NOW, Cost, timed
from contracts.events import Item
from contracts.settings import FlowSettings
from online_models.contenders import CONTENDERS
from online_models.diversity import likeness, marginal
from online_models.trial import Trial
from operators.examples import Answered, Reached
from operators.judging import Judge, packed_items


def answer_costs() -> Iterator[Cost]:
    """10 of 100 candidates chosen, and answers of 20 judged."""
    items = [
        Item(id=str(n), category=f"c{n % 9}", brand=f"b{n % 7}", tags=[f"t{n % 5}"])
        for n in range(100)
    ]
    alike, scores = likeness(items), [1.0 / (1 + n) for n in range(100)]
    yield Cost("diversity", "likeness of 100", timed(lambda: likeness(items)))
    yield Cost("diversity", "choose 10", timed(lambda: marginal(scores, alike, 0.3, 10)))
    judge, turns = Judge(FlowSettings()), iter(range(10_000))
    shown = packed_items(range(20))
    lists = dict.fromkeys(("shown", *CONTENDERS), shown)

    def judged() -> None:
        turn = next(turns)
        judge.answered(Answered("s", f"u{turn}", str(turn), NOW, 0, None, "blend", lists))
        judge.reached(Reached("s", f"u{turn}", 0, NOW + 1, NOW + 1, turn % 30))

    yield Cost("scoreboard", "judge an answer", timed(judged), len(judge.dump(full=True)))
    trial, arms = Trial("recommender", "blend"), iter(("blend", "trending") * 5_000)
    outcome = timed(lambda: trial.outcome(next(arms), 0.3, NOW))
    yield Cost("trial", "a person's outcome", outcome, len(trial.pack()))
