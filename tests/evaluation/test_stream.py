"""A recording in columns: whose touches, of which visit, in which order."""

from typing import Any

import pytest

from contracts.events import Event
from evaluation.errors import EvaluationError
from evaluation.stream import SESSION_GAP_MS, Step, stream_of
from tests.builders import MINUTE, event


def steps(*events: Event, **settings: Any) -> list[Step]:
    return list(stream_of(events, **settings).steps())


def test_people_visits_and_items_are_numbered_as_they_appear() -> None:
    made = steps(
        event(user="ada", item="cup", at=0),
        event(user="bob", item="saucer", at=1),
        event("purchase", user="ada", item="saucer", at=2),
    )
    assert [(s.user, s.session, s.item, s.type) for s in made] == [
        (0, 0, 0, "view"),
        (1, 1, 1, "view"),
        (0, 0, 1, "purchase"),
    ]


def test_a_visit_ends_after_a_pause_that_is_longer_than_the_gap() -> None:
    times = (0, SESSION_GAP_MS, 2 * SESSION_GAP_MS + 1)
    made = steps(*(event(item="cup", at=at) for at in times))
    assert [step.session for step in made] == [0, 0, 1]
    made = steps(*(event(item="cup", at=at) for at in times), session_gap_ms=MINUTE)
    assert [step.session for step in made] == [0, 1, 2]


def test_a_visit_that_has_a_name_ends_where_the_name_changes() -> None:
    made = steps(
        event(item="cup", session="a"),
        event(item="cup", session="a", at=10 * SESSION_GAP_MS),
        event(item="cup", session="b", at=10 * SESSION_GAP_MS + 1),
    )
    assert [step.session for step in made] == [0, 0, 1]


def test_a_device_is_its_users_once_they_were_seen_together() -> None:
    made = steps(
        event(user=None, device="d", item="cup"),
        event("identify", user="ada", device="d", at=1),
        event(user=None, device="d", item="cup", at=2),
        event(user="ada", item="cup", at=3),
    )
    assert [step.user for step in made] == [0, 1, 1]


def test_what_is_no_touch_is_left_out_and_counted() -> None:
    twice = event(item="cup")
    stream = stream_of(
        [
            twice,
            twice,
            event("search", query="cups"),
            event(item=None),
            event(item="cup", site="other"),
        ]
    )
    assert len(stream) == 1
    assert stream.left_out == {
        "repeated id": 1,
        "type search": 1,
        "without item": 1,
        "of another site": 1,
    }


def test_a_property_may_be_the_item() -> None:
    stream = stream_of(
        [event(item="a", props={"category": 7}), event(item="b", props={"category": 7}, at=1)],
        by="category",
    )
    assert stream.names == ["7"]
    assert stream.items.tolist() == [0, 0]


def test_events_out_of_order_are_refused() -> None:
    with pytest.raises(EvaluationError, match="earlier than the one before"):
        stream_of([event(item="a", at=5), event(item="a", at=4)])


def test_the_first_part_knows_nothing_of_the_rest() -> None:
    stream = stream_of([event(item=name, at=at) for at, name in enumerate("aabc")])
    first = stream.until(0.5)
    assert (len(first), first.names) == (2, ["a"])


def test_signs_of_dislike_are_learnt_from_and_not_guessed() -> None:
    made = steps(event("dislike", item="a"), event("return", item="a", at=1), event(item="a", at=2))
    assert [step.is_target for step in made] == [False, False, True]
