"""Feedback through the whole graph: cases, topics, what is overdue, what a return does."""

import msgspec
import pytest

from contracts.codec import load_json, unpack_standing
from contracts.feedback import Case, Voice
from contracts.settings import FlowSettings
from tests.builders import HOUR, MINUTE, SECOND, raw
from tests.flows.test_live import SETTINGS, Run
from tests.online_models.text_cases import texts


def case_of(run: Run, id_: str) -> Case:
    return msgspec.msgpack.decode(run.state["case", "default", id_], type=Case)


def feedback_of(run: Run) -> dict[tuple[str, str, str], bytes]:
    kinds = ("case", "cases", "voices", "contentment", "feedback")
    return {key: value for key, value in run.state.items() if key[0] in kinds}


def facts_of(run: Run, user: str, name: str) -> list[object]:
    facts = [fact for _, message in run.facts for fact in message.items]
    return [fact.value for fact in facts if (fact.user, fact.name) == (user, name)]


@pytest.mark.parametrize("ordered", [True, False])
def test_a_complaint_is_opened_answered_and_told_of_the_person(tmp_path, ordered):
    answer = {"feedback": "c1", "status": "answered", "note": "sorry"}
    records = [
        raw("purchase", item="cup", price=4.0, order="o1"),
        raw("complaint", id="c1", item="cup", text="it is cracked", at=SECOND),
        raw("status", id="s1", at=MINUTE, props=answer),
    ]
    run = Run(records, tmp_path, ordered=ordered, size=1)
    case = case_of(run, "c1")
    assert (case.user, case.status, case.item, case.text) == (
        "ada",
        "answered",
        "cup",
        "it is cracked",
    )
    assert run.profile("ada").events == 2  # what the shop did is nothing of the person
    assert facts_of(run, "ada", "case") == ["c1 answered"]
    voices = msgspec.msgpack.decode(run.state["voices", "default", "ada"], type=list[Voice])
    assert [(voice.id, voice.case) for voice in voices] == [("c1", True)]
    summary = load_json(run.state["feedback", "default", "all"])
    assert summary["all"]["complaint_rate"] == 1.0


def test_time_that_passes_makes_an_answer_overdue(tmp_path):
    settings = FlowSettings(**{**SETTINGS.model_dump(), "case_due_hours": 1.0})
    records = [
        raw("complaint", id="c1", text="it is cracked"),
        raw("view", user="bob", item="cup", at=59 * MINUTE),
        raw("view", user="bob", item="cup", at=2 * HOUR),
    ]
    run = Run(records, tmp_path, settings=settings, size=1)
    assert case_of(run, "c1").overdue
    assert facts_of(run, "ada", "case") == ["c1 overdue"]
    assert unpack_standing(run.state["standing", "default", "ada"]).scores["overdue"].value == 1.0
    assert facts_of(run, "ada", "case_overdue") == [1.0]


@pytest.mark.parametrize("type_", ["dislike", "return"])
def test_what_was_disliked_or_sent_back_is_no_more_shown_nor_gone_by(tmp_path, type_):
    records = [
        raw("view", item="cup"),
        raw("purchase", item="cup", price=4.0, order="o1", at=SECOND),
        raw(type_, item="cup", order="o1", at=MINUTE),
    ]
    assert set(Run(records, tmp_path).profile("ada").disliked) == {"cup"}


def conversation(count=240):
    """Return a day of complaints, answers, ratings and orders by 12 people."""
    records = []
    for n, (text, topic) in enumerate(texts(1, count)):
        at, user = n * 4 * MINUTE, f"u{n % 12}"
        device = f"d{n % 12}" if n % 5 == 0 else None
        who = {"user": None if device and n % 2 else user, "device": device}
        props = {"topic": topic, "category": f"c{n % 3}"} if n % 3 else {"category": f"c{n % 3}"}
        records += [
            raw("complaint", id=f"c{n}", item=f"i{n % 7}", text=text, at=at, props=props, **who),
            raw("csat", user=user, id=f"v{n}", value=float(1 + n % 5), at=at + SECOND),
            raw("purchase", user=user, id=f"p{n}", item=f"i{n % 7}", price=3.0, at=at + SECOND),
        ]
        if n % 4 == 0:
            answer = {"feedback": f"c{n // 2}", "status": "answered", "topic": topic}
            records.append(raw("status", user=user, id=f"s{n}", at=at + 2 * SECOND, props=answer))
    return records


def test_a_replay_of_feedback_ends_the_same_with_any_number_of_workers(tmp_path):
    records = conversation()
    one, many = Run(records, tmp_path / "one"), Run(records, tmp_path / "many", workers=4)
    assert many.state == one.state
    assert [key for key in one.state if key[0] == "case"]


@pytest.mark.parametrize("ordered", [True, False])
def test_feedback_survives_aborts(tmp_path, ordered):
    records = conversation(120)
    straight = Run(records, tmp_path / "straight", ordered=ordered)
    broken = Run(records, tmp_path / "broken", ordered=ordered, aborts=(3, 9, 21))
    assert feedback_of(broken) == feedback_of(straight)
    assert len(feedback_of(straight)) > 100
