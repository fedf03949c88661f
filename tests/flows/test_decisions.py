"""Decisions and what came of them, through the whole graph: what is learnt of offers."""

import numpy as np
import pytest

from contracts.codec import encode_json, load_json
from online_models.placement import PlacementModel
from tests.builders import MINUTE, raw
from tests.flows.test_live import Run
from tests.operators.test_decide_stage import traffic


def records(people=90):
    """Return decisions and rewards of people of two kinds, among others who buy."""
    made = [encode_json(event) for event in traffic(people)]
    made += [raw("purchase", f"b{n}", n * 10 * MINUTE, id=f"p{n}", price=3.0) for n in range(8)]
    return sorted(made, key=lambda record: load_json(record)["time"])


def ours(run):
    """Return the views of what was learnt of offers."""
    return {key: run.state[key] for key in run.state if key[0] == "bandit" or key[2] == "decide"}


@pytest.mark.parametrize("ordered", [True, False])
def test_decisions_teach_what_to_offer_whom(tmp_path, ordered):
    run = Run(records(300), tmp_path, ordered=ordered)
    known = load_json(run.state["model", "default", "decide"])
    assert known["placements"]["home"]["learned"] == 240, "those of the last hour wait"
    assert known["waiting"] == 60
    model = PlacementModel.unpack(run.state["bandit", "default", "home"])
    offers, rng = ["rebate", "points"], np.random.default_rng(1)
    for kind, best in (("a", 0), ("b", 1)):
        chances = model.chances("linucb", {"kind": kind}, offers, np.zeros(2), rng, 0.1)
        assert chances.argmax() == best


def test_a_decision_is_nobodys_visit(tmp_path):
    run = Run(records(), tmp_path)
    buyers = {key[2] for key in run.state if key[0] == "profile"}
    assert {name for name in buyers if name.startswith("b")} == {f"b{n}" for n in range(8)}
    assert len(buyers) < 60, "whoever was only decided for has no profile"


@pytest.mark.parametrize("ordered", [True, False])
def test_aborted_and_resumed_decisions_end_in_the_same_state(tmp_path, ordered):
    straight = Run(records(), tmp_path / "straight", ordered=ordered)
    broken = Run(records(), tmp_path / "broken", ordered=ordered, aborts=(2, 9, 20))
    assert ours(broken) == ours(straight)


def test_a_replay_of_decisions_is_the_same_with_any_number_of_workers(tmp_path):
    one = Run(records(), tmp_path / "one")
    many = Run(records(), tmp_path / "many", workers=3)
    assert many.state == one.state
