"""The stages of churn, spending and order values: no score before there is something to go by."""

from typing import Any

import pytest

from contracts.settings import FlowSettings
from operators.examples import Example
from operators.happenings import FactSlice, UserScore
from operators.judged_stage import ENOUGH
from operators.messages import LIVE_ROUND, Examples
from operators.outcome_stages import ChurnStage, OrderValueStage, SpendStage
from operators.outcomes import VISIT_FEATURES

KEY = b"a key for tests, not for use"
STAGES = (ChurnStage, SpendStage, OrderValueStage)


def example(seq: int, label: float | None = None) -> Example:
    loyal = float(seq % 2)
    values = tuple(loyal if name == "orders" else 1.0 for name in VISIT_FEATURES)
    return Example("shop", "ada", seq, seq * 1_000, f"e{seq}", values, label)


def tell(stage: Any, *examples: Example) -> list[UserScore]:
    """Give a stage a batch; return the scores that came of it."""
    out = stage.on_batch([Examples(LIVE_ROUND, stage.name, list(examples))])
    return [
        score for _, message in out if isinstance(message, FactSlice) for score in message.scores
    ]


def taught(make: Any, count: int) -> Any:
    stage = make(FlowSettings(), KEY, False)
    tell(stage, *(example(seq, float(seq % 2)) for seq in range(count)))
    return stage


@pytest.mark.parametrize("make", STAGES)
def test_there_is_no_score_before_enough_outcomes_are_known(make: Any) -> None:
    assert tell(taught(make, ENOUGH - 1), example(1_000)) == []
    assert len(tell(taught(make, ENOUGH), example(1_000))) == 1


def test_a_churn_score_is_a_probability_that_tells_people_apart() -> None:
    stage = taught(ChurnStage, 300)
    stays, leaves = tell(stage, example(1_000), example(1_001))
    assert 0.0 <= stays.score.value < 0.5 < leaves.score.value <= 1.0
    assert stays.score.low is None


@pytest.mark.parametrize("make", [SpendStage, OrderValueStage])
def test_amounts_come_with_bounds_around_them(make: Any) -> None:
    stage = make(FlowSettings(), KEY, False)
    tell(stage, *(example(seq, 20.0 + 100.0 * (seq % 2)) for seq in range(300)))
    small, large = (told.score for told in tell(stage, example(1_000), example(1_001)))
    assert small.value < large.value
    for score in (small, large):
        assert score.low is not None
        assert score.high is not None
        assert 0.0 <= score.low <= score.value <= score.high


@pytest.mark.parametrize("make", STAGES)
def test_a_stage_resumes_where_it_was(make: Any) -> None:
    stage = taught(make, 200)
    copy = make(FlowSettings(), KEY, False)
    copy.load([stage.dump(full=True)])
    assert tell(copy, example(1_000)) == tell(stage, example(1_000))


@pytest.mark.parametrize("make", STAGES)
def test_champion_challenger_and_drift_are_in_the_view(make: Any) -> None:
    stage = taught(make, 200)
    known = stage._known("shop")
    challenger = known["contest"]["challengers"]["tree"]
    assert known["contest"]["judged"] == 200
    assert (challenger["judged"], challenger["errors"], challenger["rollbacks"]) == (50, 0, 0)
    assert known["drift"]["series"].keys() >= {"loss", "orders", "orders/spread"}
