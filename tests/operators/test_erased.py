"""What an erased person leaves in the state of each stage, and that a replay goes by the table."""

import pytest

from contracts.erasures import Erased, Erasure, who_is
from contracts.settings import FlowSettings
from operators.identify import Identify
from operators.messages import Attributed
from operators.profile import Profiles
from tests.builders import NOON, SECOND, arrived


def erased(*ids: str, until: int | None = None) -> Erased:
    return Erased(
        Erasure(site="default", who=who_is("default", i), time=NOON, until=until) for i in ids
    )


def shown(items: list[Attributed]) -> list[tuple[str, bool]]:
    return [(item.subject, item.erased) for item in items]


def test_what_arrived_before_an_erasure_was_said_is_withheld_all_the_same():
    identify = Identify(50, erased("ada"))
    items = [arrived(user="ada", at=-SECOND), arrived(user="bob"), arrived(user="ada", at=SECOND)]
    assert shown(identify.on_batch(items, NOON)) == [("ada", True), ("bob", False), ("ada", True)]


def test_a_lifted_erasure_holds_for_what_arrived_before():
    identify = Identify(50, erased("ada", until=NOON + SECOND))
    items = [arrived(user="ada", at=at) for at in (0, SECOND)]
    assert [item.erased for item in identify.on_batch(items, NOON)] == [True, False]


def test_a_device_is_withheld_without_its_user_and_serves_another():
    identify = Identify(50, erased("ada", "device:d1"))
    items = [
        arrived(device="d1", user=None),
        arrived(device="d1", user="ada"),
        arrived(device="d1", user="bob"),
    ]
    found = identify.on_batch(items, NOON)
    assert shown(found) == [("device:d1", True), ("ada", True), ("bob", False)]
    assert b"ada" not in identify.dump(full=True)


def test_withheld_events_come_to_their_end_and_leave_nothing():
    people = Profiles(FlowSettings())
    views = people.on_batch([Attributed("ada", arrived(user="ada"), erased=True)], NOON)
    assert (views, len(people), people.ends.withheld) == ([], 0, {"erased": 1})


@pytest.mark.parametrize("gone", [("ada",), ("ada", "device:d1")])
def test_state_forgets_a_person_and_her_devices(gone):
    identify, people = Identify(50), Profiles(FlowSettings())
    items = [arrived(device="d1", user="ada"), arrived(device="d2", user="bob")]
    people.on_batch(identify.on_batch(items, NOON), NOON)
    table = erased(*gone)
    identify.forget(table.holds)
    assert [(view.id, view.value) for view in people.forget(table.holds)] == [("ada", None)]
    for state in (identify.dump(full=True), people.dump(full=True)):
        assert b"ada" not in state
        assert b"d1" not in state
        assert b"bob" in state
    assert people.forget(table.holds) == []
