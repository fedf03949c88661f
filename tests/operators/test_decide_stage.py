"""Decisions and rewards of the stream, from events to what the API chooses by."""

import random

import numpy as np
import pytest

from contracts.codec import decode_json
from contracts.events import Event
from contracts.profile import PROFILE_VERSION, Profile
from contracts.settings import FlowSettings
from online_models.placement import PlacementModel
from operators.decide_stage import PLACEMENTS, DecideStage
from operators.decided import DecideExamples, decided_of
from operators.messages import LIVE_ROUND, Arrived, Examples, Views
from operators.profile import Profiles, apply
from tests.builders import HOUR, MINUTE, NOON, event

SETTINGS = FlowSettings()
SAID = {
    "placement": "home",
    "offers": ["rebate", "points"],
    "chances": [0.5, 0.5],
    "context": {"kind": "a"},
    "horizon_ms": HOUR,
}


def decision(request: str, offer: str, at: int, user: str = "ada", **said: object) -> Event:
    props = {"decision": {**SAID, **said}}
    return event(
        "decision", user, at, request=request, campaign=offer, variant="uniform", props=props
    )


def stage_after(events: list[Event], stage: DecideStage | None = None) -> DecideStage:
    stage = stage if stage is not None else DecideStage(SETTINGS, b"", False)
    maker = DecideExamples(SETTINGS)
    for each in events:
        profile = Profile(PROFILE_VERSION, each.site, str(each.user))
        maker(apply(profile, Arrived(each, each.time, 0), SETTINGS))
    stage.on_batch([Examples(LIVE_ROUND, "decide", list(maker.take(NOON)))])
    return stage


def report(stage: DecideStage, placement: str = "home") -> dict[str, object]:
    (views,) = stage.finish()
    assert isinstance(views, Views)
    (model,) = [view for view in views.items if view.kind == "model"]
    found: dict[str, object] = decode_json(model.value or b"", dict)["placements"][placement]
    return found


LATER = event("purchase", "zoe", 3 * HOUR, price=1.0)
"""Moves the clock past every horizon."""


@pytest.mark.parametrize(
    ("said", "sign", "reward"),
    [
        ({}, event("click", at=MINUTE, request="r1"), 1.0),
        ({}, event("response", at=MINUTE, campaign="rebate"), 1.0),
        ({}, event("response", at=MINUTE, campaign="rebate", value=0.0), 0.0),
        ({}, event("click", at=MINUTE, request="another"), 0.0),
        ({}, event("click", at=MINUTE), 0.0),
        ({}, event("click", at=2 * HOUR, request="r1"), 0.0),
        ({}, event("purchase", at=MINUTE, price=9.0), 0.0),
        ({}, event("click", user="bob", at=MINUTE, request="r1"), 1.0),
        ({"reward": "purchase"}, event("purchase", at=MINUTE, price=9.0), 1.0),
        ({"reward": "purchase"}, event("click", at=MINUTE, request="r1"), 0.0),
        (
            {"reward": "revenue", "most": 100.0},
            event("purchase", at=9, price=10.0, quantity=2.0),
            0.2,
        ),
        ({"reward": "revenue", "most": 10.0}, event("purchase", at=9, price=90.0), 1.0),
        ({"reward": "purchase"}, event("purchase", "bob", MINUTE, price=9.0), 0.0),
        ({"reward": "purchase"}, event("rating", at=MINUTE, value=5.0), 0.0),
        ({}, event("rating", at=MINUTE, value=5.0, request="r1"), 0.0),
        ({"reward": "satisfaction"}, event("csat", at=MINUTE, value=5.0), 1.0),
        ({"reward": "satisfaction"}, event("complaint", at=MINUTE, text="again"), 0.0),
        ({"reward": "satisfaction"}, event("rating", "bob", MINUTE, value=1.0), 0.5),
        ({"reward": "satisfaction"}, event("purchase", at=MINUTE, price=9.0), 0.5),
        ({"reward": "satisfaction"}, event("nps", at=2 * HOUR, value=1.0), 0.5),
    ],
)
def test_what_is_a_reward(said: dict[str, object], sign: Event, reward: float) -> None:
    stage = stage_after([decision("r1", "rebate", 0, **said), sign, LATER])
    offers = report(stage)["offers"]
    assert offers["rebate"]["reward"] == pytest.approx(reward)  # type: ignore[index]


def test_nothing_is_learnt_before_the_horizon_is_over() -> None:
    stage = stage_after([decision("r1", "rebate", 0), event("click", at=1, request="r1")])
    assert report(stage)["learned"] == 0
    assert report(stage_after([LATER], stage))["learned"] == 1


def test_a_decision_says_nothing_of_the_person() -> None:
    profiles = Profiles(SETTINGS)
    from operators.messages import Attributed

    made = decision("r1", "rebate", 0)
    assert profiles.on_batch([Attributed("ada", Arrived(made, made.time, 0))], NOON) == []
    assert profiles.ends.applied == 1


@pytest.mark.parametrize(
    "broken",
    [
        {"placement": None},
        {"offers": ["rebate"]},
        {"chances": [0.5, 1.5]},
        {"offers": ["a", "b"]},
        {"horizon_ms": 0},
        {"most": 0.0},
        {"reward": "luck"},
    ],
)
def test_nonsense_is_no_decision(broken: dict[str, object]) -> None:
    assert decided_of(decision("r1", "rebate", 0)) is not None
    assert decided_of(decision("r1", "rebate", 0, **broken)) is None


def traffic(people: int) -> list[Event]:
    """People of two kinds, who like one offer each."""
    rng, made = random.Random(1), []
    for at in range(people):
        kind, offer = rng.choice("ab"), rng.choice(["rebate", "points"])
        likes = (kind == "a") == (offer == "rebate")
        user, when = f"u{at}", at * MINUTE
        made.append(decision(f"r{at}", offer, when, user, context={"kind": kind}))
        if rng.random() < (0.7 if likes else 0.1):
            made.append(event("click", user, when + 5, request=f"r{at}"))
    return made


def test_it_learns_who_likes_what_and_survives_a_restart() -> None:
    events = traffic(600)
    whole = stage_after(events)
    half = stage_after(events[:400])
    copy = DecideStage(SETTINGS, b"", False)
    copy.load([half.dump(full=True)])
    resumed = stage_after(events[400:], copy)
    (views,) = whole.finish()
    (again,) = resumed.finish()
    assert views == again
    (learnt,) = [v.value for v in views.items if v.kind == "bandit"]
    model = PlacementModel.unpack(learnt or b"")
    rng, offers = np.random.default_rng(1), ["rebate", "points"]
    for kind, best in (("a", 0), ("b", 1)):
        chances = model.chances("linear-thompson", {"kind": kind}, offers, np.zeros(2), rng, 0.1)
        assert chances[best] > 0.8
    assert whole.publish() == []


def test_sites_without_offers_keep_nothing() -> None:
    stage = stage_after([LATER, event("click", at=1, request="r")])
    assert stage.finish() == []
    assert not stage.waiting


def test_placements_are_bounded() -> None:
    stage = stage_after([decision(f"r{n}", "rebate", n, placement=f"p{n}") for n in range(100)])
    (views,) = stage.finish()
    assert sum(view.kind == "bandit" for view in views.items) == PLACEMENTS


def test_damaged_state_is_refused() -> None:
    with pytest.raises(ValueError, match="saved placement"):
        PlacementModel.unpack(b"\x01")
