"""Segments and their rivals, live: judged on a sample, told in the view, and resumed."""

import random

from contracts.codec import load_json
from contracts.settings import FlowSettings
from online_models.cluster_contest import JUDGE_EVERY, WINDOW
from online_models.features import USER_FEATURES
from operators.examples import Example
from operators.messages import LIVE_ROUND, Examples, Views
from operators.segment_stage import SegmentStage

KEY = b"a key for tests, not for use"
SETTINGS = FlowSettings(segments=3, challenger_every=2)


def looks(seed: int, count: int) -> list[Example]:
    rng = random.Random(seed)
    made = []
    for seq in range(count):
        kind = rng.randrange(3)
        values = tuple(2.0 * kind + rng.gauss(0.0, 0.4) for _ in USER_FEATURES)
        made.append(Example("shop", f"u{seq}", seq, seq * 1_000, f"e{seq}", values))
    return made


def taught(count: int) -> SegmentStage:
    stage = SegmentStage(SETTINGS, KEY, False)
    stage.on_batch([Examples(LIVE_ROUND, stage.name, list(looks(1, count)))])
    return stage


def test_rivals_are_judged_on_a_sample_and_told_in_the_view() -> None:
    stage = taught(2 * (WINDOW + JUDGE_EVERY))
    (views,) = stage.publish()
    assert isinstance(views, Views)
    told = load_json(views.items[0].value or b"")
    contest = told["contest"]
    rival = contest["challengers"]["streamkmeans"]
    assert (contest["champion"], contest["judged"], rival["judged"]) == ("segments", 2, 2)
    assert rival["learned"] == WINDOW + JUDGE_EVERY
    assert contest["silhouette"] > 0.5
    assert contest["kept"] > 0.9
    assert {"views", "views/spread"} <= told["drift"]["series"].keys()
    assert told["changes"] == []


def test_a_stage_resumes_with_its_rivals() -> None:
    stage, copy = taught(500), SegmentStage(SETTINGS, KEY, False)
    copy.load([stage.dump(full=True)])
    more = [Examples(LIVE_ROUND, stage.name, list(looks(2, 300)))]
    assert copy.on_batch(more) == stage.on_batch(more)
    assert copy._known("shop") == stage._known("shop")
    assert copy._digest("shop") == stage._digest("shop")
