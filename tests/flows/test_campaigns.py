"""Campaigns through the whole graph: approaches and answers in, scores by campaign out."""

import pytest

from contracts.codec import load_json
from contracts.settings import FlowSettings
from tests.builders import HOUR, MINUTE, raw
from tests.flows.test_live import Run


def answered(people=180):
    """Return a campaign that buyers answer, and nobody else; then everybody comes back."""
    records = []
    for n in range(people):
        user, at = f"u{n}", n * MINUTE
        if n % 2:
            records.append(raw("purchase", user=user, at=at, item="kettle", price=30.0, id=f"p{n}"))
        sent = {"campaign": "spring", "variant": ("a", "b", "control")[n // 2 % 3]}
        records.append(raw("impression", user=user, at=at + 5_000, id=f"i{n}", **sent))
        if n % 2 and n // 2 % 3 < 2:
            records.append(raw("response", user=user, at=at + 10 * MINUTE, id=f"r{n}", **sent))
    records += [raw(user=f"u{n}", at=10 * HOUR + n * MINUTE, id=f"v{n}") for n in range(people)]
    return records


SETTINGS = FlowSettings(
    response_hours=6.0, outcome_every=1, lateness_seconds=3_600, families=["response"]
)


def scores(run, n):
    return {name: score.value for name, score in run.standing(f"u{n}").scores.items()}


@pytest.mark.parametrize("ordered", [True, False])
def test_answers_teach_who_will_answer(tmp_path, ordered):
    run = Run(answered(), tmp_path, ordered=ordered, settings=SETTINGS)
    model = load_json(run.state["model", "default", "response"])
    assert (model["learned"], model["refused"]) == (180, 0)
    assert model["campaigns"]["spring"]["answered"] == 60
    assert model["contest"]["challengers"]["tree"]["judged"] == 45
    assert "loss" in model["drift"]["series"]
    buyer, other = scores(run, 177), scores(run, 178)
    assert buyer["response/spring"] > other["response/spring"] + 0.2
    assert buyer["uplift/spring"] > other["uplift/spring"]


def test_workers_agree_on_answers(tmp_path):
    one = Run(answered(), tmp_path / "one", settings=SETTINGS)
    four = Run(answered(), tmp_path / "four", settings=SETTINGS, workers=4)
    kinds = ("model", "standing")
    views = [{key: run.state[key] for key in run.state if key[0] in kinds} for run in (one, four)]
    assert views[0] == views[1]


def test_an_abort_while_answers_are_waited_for_changes_nothing(tmp_path):
    whole = Run(answered(), tmp_path / "whole", settings=SETTINGS)
    broken = Run(answered(), tmp_path / "broken", settings=SETTINGS, aborts=(20,))
    key = "model", "default", "response"
    assert broken.state[key] == whole.state[key]
