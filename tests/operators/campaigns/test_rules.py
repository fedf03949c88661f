"""How often, to whom, and when campaigns may fire."""

from operators.campaigns.deciding import share_of
from tests.builders import DAY, HOUR, MINUTE, SECOND
from tests.operators.campaigns.moments import Shop

COMPLAINT = {"condition": "event.type == 'complaint'"}


def test_a_cooldown_holds_through_a_restart():
    s = Shop(COMPLAINT, cooldown="2h")
    s.event("complaint")
    s.restart()
    s.event("complaint", at=HOUR)
    assert len(s.fired) == 1
    s.event("complaint", at=2 * HOUR + SECOND)
    assert len(s.fired) == 2


def test_timers_hold_through_a_restart_and_fire_once():
    s = Shop({"template": "cart_abandoned"})
    s.event("add_to_cart", item="cup", price=3.0)
    s.restart()
    s.tick(10 * MINUTE)
    s.tick(2 * HOUR)
    assert len(s.fired) == 1
    s.restart()
    s.tick(3 * HOUR)
    assert len(s.fired) == 1


def test_caps_count_all_campaigns_and_the_highest_priority_goes_first():
    caps = [{"count": 1, "per": "1d"}]
    s = Shop(
        {**COMPLAINT, "id": "low"},
        {**COMPLAINT, "id": "high", "priority": 5},
        caps=caps,
        cooldown="1s",
    )
    s.event("complaint")
    s.event("complaint", at=HOUR)
    assert s.fired == [("high", "ada", 0)]
    s.event("complaint", at=DAY + HOUR)
    assert s.fired[1:] == [("high", "ada", DAY + HOUR)]


def test_quiet_hours_wait_in_the_person_s_own_time_zone():
    # Noon of the tests is 22:13 UTC, and 07:13 in Tokyo.
    s = Shop(COMPLAINT, quiet_hours={"from": "21:00", "to": "08:00", "zone": "UTC"})
    s.event("identify", "far", props={"timezone": "America/New_York"})
    s.event("complaint", "far")
    s.event("complaint", "here")
    assert [user for _, user, _ in s.fired] == ["far"]
    s.tick(12 * HOUR)
    assert [user for _, user, _ in s.fired] == ["far", "here"]
    assert s.triggers[1].evidence["waited"]
    s.tick(30 * HOUR)
    assert len(s.fired) == 2


def test_quiet_hours_may_drop():
    s = Shop(COMPLAINT, quiet_hours={"from": "21:00", "to": "08:00", "then": "drop"})
    s.event("complaint")
    s.tick(2 * DAY)
    assert s.fired == []


def test_consent_is_needed_unless_the_campaign_says_so():
    s = Shop(COMPLAINT)
    s.add(id="c", **COMPLAINT, consent=["marketing"])
    s.event("complaint", at=MINUTE)
    assert s.fired == []
    s.event("complaint", at=HOUR, consent=["personalization", "marketing"])
    assert len(s.fired) == 1
    s.event("complaint", at=3 * DAY, consent=["personalization"])
    assert len(s.fired) == 1


def test_who_withdraws_consent_is_forgotten_timers_and_all():
    s = Shop({"template": "cart_abandoned"})
    s.event("add_to_cart", item="cup", price=3.0)
    s.event("view", at=MINUTE, consent=[])
    s.tick(3 * HOUR)
    assert s.fired == []


def test_holdouts_are_marked_and_always_the_same_people():
    s = Shop(COMPLAINT, holdout=0.5, cooldown="1s")
    for turn in range(2):
        for n in range(40):
            s.event("complaint", f"u{n}", at=turn * HOUR + n * SECOND)
    held = [{t.user for t in s.triggers[40 * turn :][:40] if t.holdout} for turn in range(2)]
    assert held[0] == held[1]
    assert held[0] == {
        f"u{n}" for n in range(40) if share_of("default", "c", f"u{n}", "holdout") < 0.5
    }
    assert 8 < len(held[0]) < 32


def test_an_audience_has_to_hold_and_late_events_fire_nothing():
    s = Shop(COMPLAINT, audience="profile.orders >= 1")
    s.event("complaint")
    s.event("purchase", item="a", price=1.0, at=HOUR)
    s.event("complaint", at=DAY, late=True)
    assert s.fired == []
    s.event("complaint", at=2 * DAY)
    assert s.fired == [("c", "ada", 2 * DAY)]


def test_a_level_fires_when_it_is_reached_not_while_it_stays():
    s = Shop({"condition": "profile.orders >= 2"}, cooldown="1s")
    for n in range(4):
        s.event("purchase", item=f"i{n}", price=1.0, order=f"o{n}", at=n * DAY)
    assert s.fired == [("c", "ada", DAY)]


def test_a_new_campaign_does_not_fire_for_what_was_so_before():
    s = Shop({"id": "other", "condition": "event.type == 'share'"})
    for n in range(3):
        s.event("purchase", item=f"i{n}", price=50.0, order=f"o{n}", at=n * HOUR)
    s.now += MINUTE
    s.add(id="vip", template="vip", **{"with": {"value": 100}}, consent=[])
    s.add(id="back", template="win_back", **{"with": {"after": "1h"}}, consent=[])
    s.event("view", at=3 * HOUR)
    s.event("purchase", item="x", price=50.0, order="o9", at=3 * HOUR + MINUTE)
    assert s.fired == []
    s.tick(5 * HOUR)
    assert [name for name, _, _ in s.fired] == ["back"]


def test_a_sequence_within_a_time():
    s = Shop({"condition": "sequence(['search', 'view', 'add_to_cart'], '30m')"}, cooldown="1s")
    s.event("search")
    s.event("view", at=MINUTE)
    s.event("add_to_cart", item="a", at=2 * MINUTE)
    assert len(s.fired) == 1
    s.event("view", at=HOUR)
    s.event("search", at=HOUR + MINUTE)
    s.event("add_to_cart", item="b", at=HOUR + 2 * MINUTE)
    s.event("search", at=2 * HOUR)
    s.event("view", at=2 * HOUR + MINUTE)
    s.event("add_to_cart", item="c", at=3 * HOUR)
    assert len(s.fired) == 1


def test_a_count_is_reached_within_its_window():
    s = Shop({"condition": "count_item('view', '30m') >= 3"}, cooldown="1s")
    for n in range(3):
        s.event("view", item=f"i{n}", at=n * MINUTE)
    for n in range(3):
        s.event("view", item="tea", at=n * 20 * MINUTE + HOUR)
    assert s.fired == []
    for n in range(4):
        s.event("view", item="cup", at=n * MINUTE + 5 * HOUR)
    assert s.fired == [("c", "ada", 5 * HOUR + 2 * MINUTE)]


def test_segments_are_entered_and_left():
    s = Shop(
        {"id": "in", "condition": "entered('s1')"},
        {"id": "out", "condition": "left('s1')"},
        cooldown="1s",
    )
    s.event()
    for at, name in enumerate(["s2", "s1", "s1", "s3"]):
        s.segment(name, at=at * HOUR)
    assert s.fired == [("in", "ada", HOUR), ("out", "ada", 3 * HOUR)]


def test_a_clock_that_jumps_fires_nothing_twice():
    s = Shop(
        {"id": "cart", "template": "cart_abandoned", "cooldown": "1s"},
        {"id": "back", "template": "win_back", "with": {"after": "6h", "orders": 0}},
        consent=[],
    )
    s.event("add_to_cart", item="cup", price=3.0)
    s.tick(3 * HOUR)  # far ahead
    s.tick(10 * MINUTE)  # and set right
    for minutes in range(20, 400, 20):
        s.tick(minutes * MINUTE)
    s.restart()
    s.tick(5 * MINUTE)
    s.tick(7 * HOUR)
    assert s.fired == [("cart", "ada", HOUR), ("back", "ada", 6 * HOUR)]


def test_an_event_from_the_future_lets_timers_go_once():
    s = Shop({"template": "cart_abandoned"}, cooldown="1s")
    s.event("add_to_cart", item="cup", price=3.0)
    s.event("view", at=3 * HOUR)
    s.event("view", at=MINUTE)
    s.tick(4 * HOUR)
    assert s.fired == [("c", "ada", HOUR)]
