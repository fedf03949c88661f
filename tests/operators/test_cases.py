"""Cases: status by status, response times, what is overdue, what is bounded."""

import pytest

from contracts.feedback import Case
from operators import cases as cases_module
from operators.cases import Cases
from tests.builders import HOUR, NOON


def case(id_: str = "c1", at: int = 0, user: str = "ada", topic: str | None = None) -> Case:
    return Case(1, "shop", id_, "complaint", user, NOON + at, topic=topic)


def test_a_case_goes_from_open_to_resolved_and_back() -> None:
    cases = Cases(due_ms=HOUR)
    cases.open(case())
    assert cases.change("c1", "answered", NOON + 10, note="hello").was == "open"
    assert cases.change("c1", "resolved", NOON + 30, topic="delivery").case.topic == "delivery"
    back = cases.change("c1", "reopened", NOON + 50).case
    assert (back.reopened, back.due, back.answered, back.resolved) == (
        1,
        NOON + 50 + HOUR,
        NOON + 10,
        NOON + 30,
    )
    cases.change("c1", "resolved", NOON + 80)
    assert cases.answer_ms == [10]
    assert cases.resolve_ms == [30, 80]
    assert [status for _, status, _ in cases.get("c1").history] == [
        "answered",
        "resolved",
        "reopened",
        "resolved",
    ]


@pytest.mark.parametrize("status", ["reopened", "open", "gone", ""])
def test_a_status_that_does_not_follow_is_refused_and_counted(status: str) -> None:
    cases = Cases(due_ms=HOUR)
    cases.open(case())
    assert cases.change("c1", status, NOON + 10) is None
    assert cases.counts()["refused"] == 1
    assert cases.get("c1").status == "open"


def test_what_is_not_answered_in_time_is_overdue_once() -> None:
    cases = Cases(due_ms=HOUR)
    cases.open(case("c1"))
    cases.open(case("c2", at=10))
    cases.open(case("c3", at=20, user="bob"))
    cases.change("c2", "answered", NOON + 30)
    assert cases.pass_time(NOON + HOUR - 1) == []
    assert [one.id for one in cases.pass_time(NOON + 2 * HOUR)] == ["c1", "c3"]
    assert cases.pass_time(NOON + 3 * HOUR) == []
    assert (cases.overdue_of("ada"), cases.overdue_of("bob")) == (1, 1)
    cases.change("c1", "answered", NOON + 4 * HOUR)
    assert cases.overdue_of("ada") == 0
    cases.change("c1", "reopened", NOON + 5 * HOUR)
    assert [one.id for one in cases.pass_time(NOON + 7 * HOUR)] == ["c1"]


def test_a_change_that_comes_before_its_case_is_made_up_for() -> None:
    cases = Cases(due_ms=HOUR)
    assert cases.change("c1", "answered", NOON + 10) is None
    assert cases.counts()["refused"] == 0
    copy = Cases(due_ms=HOUR)
    copy.load([cases.dump(full=True)])
    copy.open(case())
    assert copy.get("c1").status == "answered"


def test_a_case_opens_once() -> None:
    cases = Cases(due_ms=HOUR)
    assert cases.open(case()) == (True, [])
    cases.change("c1", "answered", NOON + 10)
    assert cases.open(case()) == (False, [])
    assert cases.get("c1").status == "answered"


def test_cases_are_bounded_and_resolved_ones_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases_module, "MAX_CASES", 3)
    cases = Cases(due_ms=HOUR)
    for number in range(3):
        cases.open(case(f"c{number}", at=number))
    cases.change("c1", "resolved", NOON + 10)
    assert cases.open(case("c3", at=20)) == (True, ["c1"])
    assert cases.open(case("c4", at=30)) == (True, ["c0"])
    assert list(cases.ids()) == ["c2", "c3", "c4"]
    assert cases.counts()["dropped"] == 2


def test_what_changed_is_saved_and_comes_back() -> None:
    cases = Cases(due_ms=HOUR)
    parts = []
    for number in range(6):
        cases.open(case(f"c{number}", at=number, topic=f"t{number % 2}"))
        cases.change(f"c{number // 2}", "answered", NOON + 100 + number)
        parts.append(cases.dump(full=number == 0))
    copy = Cases(due_ms=HOUR)
    copy.load(parts)
    assert copy.counts() == cases.counts()
    assert copy.topics() == cases.topics() == {"t1": 2, "t0": 1}
    assert copy.lines("open") == cases.lines("open")
    late = [one.id for one in copy.pass_time(NOON + 9 * HOUR)]
    assert late == [one.id for one in cases.pass_time(NOON + 9 * HOUR)] == ["c3", "c4", "c5"]
    assert copy.dump(full=True) == cases.dump(full=True)
