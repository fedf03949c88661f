"""What a person's scores and segments were, as the stage of facts keeps it."""

from contracts.codec import unpack_standing
from contracts.decisions import Score, Standing
from contracts.past import points_of
from contracts.settings import FlowSettings
from operators.happenings import FactSlice, UserScore
from operators.messages import LIVE_ROUND, Views
from operators.stages import FactStage
from tests.builders import MINUTE, NOON

START = NOON - NOON % MINUTE
"""Times of points are to the minute."""


def standing_after(stage: FactStage, *scores: UserScore) -> Standing:
    """Return the standing of the only person."""
    found = b""
    for score in scores:
        for message in stage.on_batch([FactSlice(LIVE_ROUND, "intent", [], [score])]):
            if isinstance(message, Views):
                found = message.items[-1].value or b""
    return unpack_standing(found)


def scored(name: str, value: float, at: int, segment: str | None = None) -> UserScore:
    score = Score(name, value, START + at)
    return UserScore("default", "ada", 0, f"e{at}", score, segment)


STEPS = (
    scored("intent", 0.25, 0),
    scored("segment", 1.0, MINUTE, "s1"),
    scored("intent", 0.5, 2 * MINUTE),
    scored("response/cart", 0.5, 3 * MINUTE),
    scored("segment", 1.0, 4 * MINUTE, "s1"),
    scored("segment", 1.0, 5 * MINUTE, "s2"),
)


def test_scores_and_segments_are_kept_where_it_is_asked_for() -> None:
    past = standing_after(FactStage(FlowSettings(score_history=8)), *STEPS).past
    assert past is not None
    assert {name: points_of(raw) for name, raw in past.scores.items()} == {
        "intent": [(START, 0.25), (START + 2 * MINUTE, 0.5)]
    }
    assert past.segments == [("s1", START + MINUTE), ("s2", START + 5 * MINUTE)]


def test_it_goes_on_after_a_restart_and_is_not_kept_unasked() -> None:
    stage = FactStage(FlowSettings(score_history=8))
    standing_after(stage, *STEPS[:3])
    again = FactStage(FlowSettings(score_history=8))
    again.load([stage.dump(full=True)])
    whole = standing_after(FactStage(FlowSettings(score_history=8)), *STEPS)
    assert standing_after(again, *STEPS[3:]) == whole
    assert standing_after(FactStage(FlowSettings()), *STEPS).past is None
