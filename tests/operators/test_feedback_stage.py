"""The stage of feedback: what is heard, what it comes to for people, what is published."""

from typing import Any

from contracts.codec import load_json
from contracts.settings import FlowSettings
from operators.examples import Heard, Passed
from operators.feedback_site import ENOUGH
from operators.feedback_stage import FeedbackStage
from operators.happenings import FactSlice
from operators.messages import LIVE_ROUND, Examples, Views
from tests.builders import DAY, HOUR, NOON, event
from tests.online_models.text_cases import texts

KEY = b"a key for tests, not for use"
SETTINGS = FlowSettings(case_due_hours=1.0, emerging_hours=1.0)


class Desk:
    """A stage, and what came of it."""

    def __init__(self) -> None:
        self.stage = FeedbackStage(SETTINGS, KEY, False)
        self.scores: list[Any] = []
        self.facts: list[Any] = []
        self._seq = 0

    def hear(self, type_: str, user: str = "ada", at: int = 0, **fields: Any) -> str:
        """Give it a piece of feedback; return the id."""
        extra = {n: fields.pop(n) for n in ("category", "late", "adopted", "learn") if n in fields}
        made = event(type_, user, at, **fields)
        self._seq += 1
        self._take(Heard(made.site, user, self._seq, made.time, made, **extra))
        return made.id

    def answer(self, id_: str, status: str, at: int, **more: Any) -> None:
        """Give it a change of a case."""
        self.hear("status", at=at, props={"feedback": id_, "status": status, **more})

    def wait(self, until: int) -> None:
        """Let time pass."""
        self._take(Passed(NOON + until))

    def views(self) -> dict[tuple[str, str], Any]:
        """Return what it publishes, by kind and id."""
        told = [m for m in self.stage.publish() if isinstance(m, Views)]
        return {(view.kind, view.id): view.value for m in told for view in m.items}

    def summary(self) -> dict[str, Any]:
        """Return the summary that it publishes."""
        return load_json(self.views()["feedback", "all"])

    def _take(self, item: Any) -> None:
        for _, message in self.stage.on_batch([Examples(LIVE_ROUND, "feedback", [item])]):
            if isinstance(message, FactSlice):
                self.scores += message.scores
                self.facts += message.facts

    def told(self, name: str) -> list[Any]:
        """Return the values of a fact, in order."""
        return [fact.value for fact in self.facts if fact.name == name]


def test_a_complaint_is_a_case_that_is_answered_and_timed() -> None:
    desk = Desk()
    id_ = desk.hear("complaint", text="the parcel is late", props={"topic": "delivery"})
    assert desk.told("complaint_topic") == ["delivery"]
    desk.answer(id_, "answered", HOUR // 2)
    desk.answer(id_, "resolved", HOUR)
    told = desk.summary()
    assert told["cases"]["resolved"] == 1
    assert told["first_response"] == {"count": 1, "median_hours": 0.5, "p90_hours": 0.5}
    assert told["resolution"]["median_hours"] == 1.0
    assert desk.told("case") == [f"{id_} answered", f"{id_} resolved"]


def test_an_answer_that_is_overdue_is_told_of_the_person_until_it_comes() -> None:
    desk = Desk()
    id_ = desk.hear("complaint")
    desk.wait(HOUR - 1)
    assert desk.told("case") == []
    desk.wait(HOUR)
    desk.wait(2 * HOUR)
    assert desk.told("case") == [f"{id_} overdue"]
    assert [(s.user, s.score.value, s.score.time) for s in desk.scores] == [("ada", 1, NOON + HOUR)]
    desk.answer(id_, "answered", 3 * HOUR)
    assert desk.scores[-1].score.value == 0.0


def test_topics_are_told_of_texts_without_a_label_once_enough_had_one() -> None:
    desk = Desk()
    for at, (text, topic) in enumerate(texts(1, 3 * ENOUGH)):
        desk.hear("complaint", f"u{at}", at, text=text, props={"topic": topic})
    desk.hear("complaint", "bob", DAY, text="the courier lost my parcel, no tracking")
    assert desk.told("complaint_topic")[-1] == "delivery"


def test_a_topic_that_somebody_corrects_is_learnt() -> None:
    desk = Desk()
    ids = [
        desk.hear("complaint", f"u{at}", at, text=text) for at, (text, _) in enumerate(texts(2, 90))
    ]
    assert desk.told("complaint_topic") == []
    for at, (id_, (_, topic)) in enumerate(zip(ids, texts(2, 90), strict=True)):
        desk.answer(id_, "answered", HOUR + at, topic=topic)
    desk.hear("complaint", "bob", DAY, text="the courier lost my parcel, no tracking")
    assert desk.told("complaint_topic") == ["delivery"]


def test_how_a_text_sounds_is_learnt_from_ratings_with_a_text() -> None:
    desk = Desk()
    for at in range(40):
        desk.hear("rating", f"u{at}", 2 * at, value=5.0, text=f"lovely kettle works great {at}")
        desk.hear("rating", f"u{at}", 2 * at + 1, value=1.0, text=f"awful broken junk {at}")
    desk.hear("suggestion", "bob", DAY, text="awful broken shop page")
    desk.hear("suggestion", "eve", DAY, text="lovely shop works great, add colours")
    sounds = {s.user: s.score.value for s in desk.scores if s.score.name == "sentiment"}
    assert sounds["bob"] < -0.5 < 0.5 < sounds["eve"]


def test_a_burst_of_one_topic_emerges_and_is_told_once() -> None:
    desk = Desk()
    for hour in range(100):
        desk.hear("complaint", f"u{hour}", hour * HOUR, text="late", props={"topic": "delivery"})
    assert desk.told("topic_emerging") == []
    for minute in range(20):
        at = 100 * HOUR + minute * 60_000
        desk.hear("complaint", f"v{minute}", at, text="lid cracked", props={"topic": "lids"})
    assert desk.told("topic_emerging") == ["lids"]
    (told,) = desk.summary()["emerging"]
    assert (told["topic"], told["kind"], told["count"]) == ("lids", "topic", 20)
    last = [s.score for s in desk.scores if s.score.name == "emerging"][-1]
    assert last.value > 10


def test_contentment_is_kept_of_items_categories_channels_and_the_whole() -> None:
    desk = Desk()
    for at in range(10):
        desk.hear("purchase", f"u{at}", at, item="cup", category="kitchen")
        desk.hear("csat", f"u{at}", at, value=5.0 if at < 8 else 2.0)
        desk.hear("nps", f"u{at}", at, value=9.0 if at < 7 else 3.0, props={"channel": "Mail"})
    desk.hear("complaint", "u1", 11, item="cup", category="kitchen", text="cracked")
    views = desk.views()
    cup = load_json(views["contentment", "item/cup"])
    assert (cup["bought"], cup["complaints"], cup["complaint_rate"]) == (10.0, 1.0, 0.1)
    whole = load_json(views["contentment", "all/"])
    assert (whole["csat"], whole["nps"]) == (0.8, 40.0)
    assert whole["nps_low"] < 40.0 < whole["nps_high"]
    assert load_json(views["contentment", "channel/mail"])["nps_weight"] == 10.0
    assert load_json(views["contentment", "category/kitchen"])["complaint_rate"] == 0.1


def test_a_change_of_contentment_is_found_with_its_time() -> None:
    desk = Desk()
    for at in range(400):
        desk.hear("csat", f"u{at}", at * HOUR, value=5.0 if at < 200 else 1.0)
    (change, *_) = load_json(desk.views()["contentment", "all/"])["changes"]
    assert NOON + 200 * HOUR < change["time"] < NOON + 260 * HOUR
    assert change["before"] > 0.5 > change["after"]


def test_a_device_that_signs_in_takes_its_feedback_along() -> None:
    desk = Desk()
    made: dict[str, Any] = {"device": "d1", "text": "late", "id": "c1"}
    desk.hear("complaint", "device:d1", 0, **made)
    desk.views()
    desk.hear("complaint", "ada", 0, adopted=True, **made)
    views = desk.views()
    assert views["voices", "device:d1"] is None
    assert views["voices", "ada"]
    desk.wait(HOUR)
    assert [score.user for score in desk.scores if score.score.name == "overdue"] == ["ada"]


def test_a_program_opens_a_case_and_teaches_nothing() -> None:
    desk = Desk()
    desk.hear("complaint", text="spam", props={"topic": "spam"}, learn=False)
    told = desk.summary()
    assert (told["cases"]["open"], told["topics"], told["all"]["answers"]) == (1, [], 0)


def test_a_late_complaint_is_a_case_but_no_news() -> None:
    desk = Desk()
    desk.hear("complaint", at=-DAY, text="late", props={"topic": "delivery"}, late=True)
    assert desk.facts == []
    assert desk.summary()["cases"]["open"] == 1


def test_a_stage_resumes_where_it_was() -> None:
    desk, parts = Desk(), []
    for at, (text, topic) in enumerate(texts(3, 80)):
        label = {"topic": topic} if at % 3 else {}
        desk.hear("complaint", f"u{at % 9}", at * 60_000, text=text, props=label, id=f"c{at}")
        desk.hear("csat", f"u{at % 9}", at * 60_000, value=float(1 + at % 5), id=f"s{at}")
        if at % 4 == 0:
            desk.answer(f"c{at // 2}", "answered", at * 60_000 + 1, topic=topic)
        if at % 20 == 0:
            parts.append(desk.stage.dump(full=at == 0))
    parts.append(desk.stage.dump(full=False))
    copy = FeedbackStage(SETTINGS, KEY, False)
    copy.load(parts)
    assert copy.finish()[0].items == desk.stage.finish()[0].items
