"""Faults injected into models, through the real engine: the stream goes on, and says so."""

import math

import pytest

from contracts.codec import load_json
from contracts.keys import MODELS
from contracts.settings import FlowSettings
from online_models.intent import IntentModel
from online_models.segments import SegmentModel
from operators.families import FAMILIES
from tests.builders import HOUR, MINUTE, SECOND, raw
from tests.flows.test_live import SETTINGS, Run


def shopping(count=120):
    records = []
    for n in range(count):
        user, at = f"u{n % 12}", n * 5 * MINUTE
        records += [
            raw("view", user=user, item=f"i{n % 7}", at=at),
            raw("view", user=user, item=f"i{n % 5}", at=at + 20 * SECOND),
        ]
        if n % 3 == 0:
            records.append(raw("purchase", user=user, item=f"i{n % 5}", at=at + 30 * SECOND))
    return records


def known(run, model):
    return load_json(run.state["model", "default", model])


@pytest.mark.parametrize("error", [ValueError, KeyError, IndexError, ZeroDivisionError])
@pytest.mark.parametrize(
    ("model", "type_", "method"),
    [
        ("intent", IntentModel, "learn_one"),
        ("intent", IntentModel, "predict_proba_one"),
        ("segments", SegmentModel, "learn_one"),
        ("segments", SegmentModel, "predict_proba_one"),
    ],
)
def test_a_model_that_raises_stops_nothing(tmp_path, monkeypatch, model, type_, method, error):
    right, calls = getattr(type_, method), []

    def wrong(self, *args, **kwargs):
        calls.append(1)
        if len(calls) % 7 == 0:
            raise error("injected")
        return right(self, *args, **kwargs)

    monkeypatch.setattr(type_, method, wrong)
    records = shopping()
    run = Run(records, tmp_path, ordered=False)
    told = known(run, model)
    assert told["errors"] == len(calls) // 7 > 0
    assert told["rollbacks"] >= told["errors"]
    assert told["cause"] == error.__name__
    assert sum(ends.get("applied", 0) for ends in run.ends()) == len(records)
    if "intent" in (scores := run.standing("u1").scores):  # who starts over learns too little
        assert 0.0 <= scores["intent"].value <= 1.0


def test_a_model_that_turns_to_nan_tells_nobody(tmp_path, monkeypatch):
    learn, answer, calls = IntentModel.learn_one, IntentModel.predict_proba_one, []

    def poison(self, *args, **kwargs):
        learn(self, *args, **kwargs)
        calls.append(1)
        self.spoilt = len(calls) % 5 == 0

    def spoilt(self, x, **kwargs):
        told = answer(self, x, **kwargs)
        return dict.fromkeys(told, math.nan) if getattr(self, "spoilt", False) else told

    monkeypatch.setattr(IntentModel, "learn_one", poison)
    monkeypatch.setattr(IntentModel, "predict_proba_one", spoilt)
    run = Run(shopping(), tmp_path, ordered=False)
    assert known(run, "intent")["rollbacks"] > 0
    assert known(run, "intent")["cause"] == "not finite"
    told = [run.standing(f"u{n}").scores.get("intent") for n in range(12)]
    assert all(0.0 <= one.value <= 1.0 for one in told if one is not None)  # a NaN is neither


def test_a_spoilt_challenger_harms_no_champion(tmp_path, monkeypatch):
    from online_models.arms import RiverArm

    def fail(self, *args, **kwargs):
        raise IndexError("injected")

    settings = SETTINGS.model_copy(update={"challenger_every": 1})
    sound = known(Run(shopping(), tmp_path / "a", settings=settings), "intent")
    monkeypatch.setattr(RiverArm, "learn_one", fail)
    spoilt = known(Run(shopping(), tmp_path / "b", settings=settings), "intent")
    assert spoilt["learned"] == sound["learned"] > 0
    assert spoilt["contest"]["challengers"]["tree"]["errors"] > 0
    assert sound["contest"]["challengers"]["tree"]["learned"] > 0


def test_every_family_is_among_the_models_that_are_told_of():
    assert {family.name for family in FAMILIES} <= set(MODELS)


def test_programs_are_marked_and_teach_nothing(tmp_path):
    robot = [raw("view", user="robot", item=f"i{n}", at=n * SECOND) for n in range(60)]
    person = [
        raw("view", user="ada", item=f"p{n}", at=HOUR + n * n % 97 * SECOND + n * MINUTE)
        for n in range(30)
    ]
    spoken = [
        raw(
            "view",
            user="spider",
            item=f"s{n}",
            at=3 * HOUR + n * 40 * SECOND,
            props={"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"},
        )
        for n in range(4)
    ]
    run = Run(robot + person + spoken, tmp_path)
    marks = {user: run.profile(user).bot for user in ("robot", "ada", "spider")}
    assert marks["ada"] is None
    assert marks["robot"].reason == "regular gaps"
    assert marks["spider"].reason == "user agent"
    assert run.profile("robot").events == 60
    unlearnt = sum(ends.get("unlearnt", {}).get("bot", 0) for ends in run.ends())
    assert unlearnt == (60 - 19) + 4
    assert sum(ends.get("applied", 0) for ends in run.ends()) == 94
    facts = {
        (fact.user, fact.value)
        for _, message in run.facts
        for fact in message.items
        if fact.name == "bot"
    }
    assert facts == {("robot", "regular gaps"), ("spider", "user agent")}
    assert "anomaly" in run.standing("robot").scores
    kept = FlowSettings(**{**SETTINGS.model_dump(), "keep_bots_out": False})
    assert Run(robot, tmp_path / "off", settings=kept).profile("robot").bot is None


def test_a_drift_of_the_rate_is_in_the_view(tmp_path):
    records, at = [], 0
    for minute in range(700):
        count = 1 if minute < 450 else 8
        records += [raw("view", user=f"u{n}", item="cup", at=at + n * SECOND) for n in range(count)]
        at += MINUTE
    known_rates = [
        load_json(
            Run(records, tmp_path / str(w), workers=w, size=200).state["model", "default", "rates"]
        )
        for w in (1, 3)
    ]
    assert known_rates[0] == known_rates[1]
    drift = known_rates[0]["drift"]["recent"][0]
    assert drift["series"] == "rate"
    assert drift["before"] < drift["after"]


def test_watches_and_contests_survive_a_crash(tmp_path):
    records = shopping()
    whole = Run(records, tmp_path / "a")
    crashed = Run(records, tmp_path / "b", aborts=(9,))
    for model in MODELS:
        if ("model", "default", model) in whole.state:
            assert known(crashed, model) == known(whole, model)
