"""Without consent to personalization nothing is profiled or learnt, until consent is given."""

from contracts.codec import unpack_profile
from contracts.settings import FlowSettings
from operators.identify import Identify
from operators.messages import Attributed
from operators.profile import Profiles
from tests.builders import NOON, SECOND, arrived

YES, NO = ["personalization"], []


def after(*items, subject="ada"):
    """Return the profile of those events, the counts, and what observers saw."""
    seen = []
    people = Profiles(FlowSettings(), [lambda applied: seen.append(applied.arrived.event.item)])
    (view,) = people.on_batch([Attributed(subject, item) for item in items], NOON)
    return unpack_profile(view.value), people.ends, seen


def test_a_refusal_is_remembered_and_nothing_else_of_its_event():
    profile, ends, seen = after(arrived("view", item="cup", consent=NO))
    assert (profile.consent, profile.events, profile.recents) == ([], 0, [])
    assert (ends.applied, ends.withheld, seen) == (0, {"no_consent": 1}, [])


def test_it_holds_for_events_that_say_nothing():
    profile, ends, seen = after(
        arrived("view", item="cup", consent=YES),
        arrived("view", item="pot", consent=NO, at=SECOND),
        arrived("view", item="pan", at=2 * SECOND),
    )
    assert (profile.consent, profile.events) == ([], 1)
    assert (ends.applied, ends.withheld, seen) == (1, {"no_consent": 2}, ["cup"])


def test_marketing_alone_is_no_consent_to_profiling():
    profile, ends, _ = after(arrived("view", item="cup", consent=["marketing"]))
    assert (profile.consent, ends.withheld) == (["marketing"], {"no_consent": 1})


def test_consent_that_is_given_again_counts_from_then_on():
    profile, ends, seen = after(
        arrived("view", item="cup", consent=NO),
        arrived("view", item="pot", consent=YES, at=SECOND),
        arrived("view", item="pan", at=2 * SECOND),
    )
    assert (profile.consent, profile.events, seen) == (YES, 2, ["pot", "pan"])
    assert (ends.applied, ends.withheld) == (2, {"no_consent": 1})


def test_a_withheld_event_changes_no_view():
    people = Profiles(FlowSettings())
    assert len(people.on_batch([Attributed("ada", arrived(consent=NO))], NOON)) == 1
    assert people.on_batch([Attributed("ada", arrived(at=0))], NOON) == []
    assert people.ends.withheld == {"no_consent": 2}


def on_device(*items):
    identify = Identify(50)
    return [
        (out.subject, out.arrived.event.id, out.adopted, out.refused)
        for item in items
        for out in identify.on_batch([item], NOON)
        if out.merged_into is None and out.merged_from is None
    ]


def anonymous(id_, **fields):
    return arrived("view", user=None, device="d1", id=id_, **fields)


def test_what_was_done_before_or_while_refusing_is_never_adopted():
    told = on_device(
        anonymous("before"),
        anonymous("no", consent=NO),
        anonymous("while"),
        arrived("identify", user="ada", device="d1", id="i"),
    )
    assert told == [
        ("device:d1", "before", False, False),
        ("device:d1", "no", False, True),
        ("device:d1", "while", False, True),
        ("ada", "i", False, True),
    ]


def test_a_device_may_consent_again():
    told = on_device(
        anonymous("no", consent=NO),
        anonymous("yes", consent=YES),
        arrived("identify", user="ada", device="d1", id="i"),
    )
    assert told[1:] == [
        ("device:d1", "yes", False, False),
        ("ada", "yes", True, False),
        ("ada", "i", False, False),
    ]


def test_a_person_on_a_refusing_device_gets_no_profile():
    people = Profiles(FlowSettings())
    assert people.on_batch([Attributed("ada", arrived(item="cup"), refused=True)], NOON) == []
    assert (len(people), people.ends.withheld) == (0, {"no_consent": 1})
