"""Who signs in is the same person: what campaigns sent to the device was sent to the user."""

from contracts.campaign_parts import campaign_part
from operators.campaigns.deciding import share_of
from operators.campaigns.joining import Joining
from operators.happenings import FactSlice, Handover, Joined
from operators.identify import Identify
from operators.messages import LIVE_ROUND, UserSlice
from operators.routing import to_owners
from operators.stages import _for_campaigns
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, arrived
from tests.operators.campaigns.moments import Shop

COMPLAINT = {"condition": "event.type == 'complaint'", "cooldown": "1d"}
SIGN_IN = 10 * MINUTE


class Visits(Shop):
    """People on devices, who may sign in."""

    def __init__(self, *campaigns, **fields):
        super().__init__(*campaigns, **fields)
        self.identify = Identify(adopt_events=50)

    def visit(self, type_="view", user=None, device="d1", at=0, **fields):
        """Let an event of a device come in."""
        made = arrived(type_, user, at, device=device, **fields)
        self.now = max(self.now, made.received)
        items = self.identify.on_batch([made], made.received)
        slice_ = UserSlice("u000", LIVE_ROUND, made.received, items)
        self.tell(*(m for m in self.profiles.on_batch([slice_]) if isinstance(m, FactSlice)))

    def restart(self):
        """Go on with a stage that has what the old one saved, as at an epoch's end."""
        assert not self.handed
        super().restart()


def test_a_cooldown_goes_over():
    s = Visits(COMPLAINT)
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    s.restart()
    s.visit("complaint", "ada", at=HOUR)
    s.event("complaint", at=2 * HOUR)
    assert s.fired == [("c", "device:d1", 0)]
    s.event("complaint", at=DAY + MINUTE)
    assert s.fired[1:] == [("c", "ada", DAY + MINUTE)]


def test_places_under_a_cap_go_over_with_those_of_the_user():
    s = Visits({**COMPLAINT, "cooldown": "1s"}, caps=[{"count": 3, "per": "7d"}])
    s.event("complaint")
    s.visit("complaint", at=MINUTE)
    s.visit("identify", "ada", at=SIGN_IN)
    for n in range(5):
        s.event("complaint", at=n * HOUR + DAY)
    assert [user for _, user, _ in s.fired] == ["ada", "device:d1", "ada"]


def test_who_was_nobody_stays_in_the_group_of_the_device():
    s = Visits({**COMPLAINT, "cooldown": "1s"}, holdout=0.5, variants={"a": 1, "b": 1})
    for n in range(30):
        s.visit("complaint", device=f"d{n}", at=n * SECOND)
        s.visit("identify", f"u{n}", f"d{n}", at=n * SECOND + SIGN_IN)
        s.visit("complaint", f"u{n}", f"d{n}", at=n * SECOND + HOUR)
    of_device, of_user = ([t for t in s.triggers if t.user[0] == kind] for kind in "du")
    assert len(of_device) == len(of_user) == 30
    groups = [[(t.holdout, t.variant) for t in some] for some in (of_device, of_user)]
    assert groups[0] == groups[1]
    assert len(set(groups[0])) == 4


def test_who_was_in_a_group_stays_in_it():
    user = next(f"u{n}" for n in range(99) if share_of("default", "c", f"u{n}", "holdout") < 0.5)
    device = next(
        f"d{n}" for n in range(99) if share_of("default", "c", f"device:d{n}", "holdout") > 0.5
    )
    s = Visits({**COMPLAINT, "cooldown": "1s"}, holdout=0.5)
    s.event("complaint", user)
    s.visit("complaint", device=device, at=MINUTE)
    s.visit("identify", user, device, at=SIGN_IN)
    s.event("complaint", user, at=HOUR)
    assert [t.holdout for t in s.triggers] == [True, False, True]


def test_a_timer_fires_once_for_the_device_or_for_the_user():
    s = Visits({"template": "cart_abandoned"}, cooldown="1s")
    s.visit("add_to_cart", device="old", item="cup", price=3.0)
    s.visit("add_to_cart", device="new", item="pot", price=3.0, at=50 * MINUTE)
    s.tick(HOUR + MINUTE)
    assert s.fired == [("c", "device:old", HOUR)]
    s.visit("identify", "ada", "old", at=HOUR + 2 * MINUTE)
    s.visit("identify", "bob", "new", at=HOUR + 3 * MINUTE)
    s.tick(5 * HOUR)
    assert s.fired[1:] == [("c", "bob", HOUR + 50 * MINUTE)]


def test_what_waits_for_the_morning_goes_over():
    s = Visits(COMPLAINT, quiet_hours={"from": "22:00", "to": "00:13"})
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    s.tick(3 * HOUR)
    assert [user for _, user, _ in s.fired] == ["ada"]


def test_what_a_user_buys_counts_for_what_the_device_was_sent():
    s = Visits(COMPLAINT)
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    s.event("purchase", item="cup", price=5.0, at=HOUR)
    cell = s.results()[1]["sent"][""]
    assert (cell.triggers, cell.converted.people, cell.revenue) == (1, 1, 5.0)


def test_a_second_user_of_a_device_has_nothing_of_the_first():
    s = Visits(COMPLAINT)
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    s.visit("identify", "bob", at=HOUR)
    s.event("complaint", "bob", at=2 * HOUR)
    assert [user for _, user, _ in s.fired] == ["device:d1", "bob"]


def test_what_happens_to_a_user_waits_for_what_the_device_hands_over():
    s = Visits(COMPLAINT)
    s.holds_up = True
    s.visit("complaint")
    s.visit("complaint", "ada", at=SIGN_IN)
    s.visit("complaint", "ada", at=DAY + SIGN_IN)
    s.event("complaint", "bob", at=HOUR)
    assert [user for _, user, _ in s.fired] == ["device:d1", "bob"]
    s.hand_over()
    assert s.fired[2:] == [("c", "ada", DAY + SIGN_IN)]


def test_two_devices_of_one_user_are_waited_for_one_after_the_other():
    s = Visits(COMPLAINT)
    s.holds_up = True
    for device in ("d1", "d2"):
        s.visit("complaint", device=device)
        s.visit("identify", "ada", device, at=SIGN_IN)
    s.event("complaint", at=HOUR)
    s.handed.reverse()
    s.hand_over()
    assert [user for _, user, _ in s.fired] == ["device:d1", "device:d2"]
    assert s.fired == s.fired[:2]


def test_what_was_handed_over_early_waits_for_its_user():
    handover = Handover("shop", "ada", 0, "device:d1", "e1", None, None)
    other = Handover("shop", "ada", 0, "device:d2", "e2", None, None)
    joined = Joined("shop", "ada", 0, 0, "device:d1", "e1")
    joining = Joining()
    assert [list(joining.ready(one)) for one in (other, handover)] == [[], []]
    assert list(joining.ready(joined)) == [handover]
    assert not joining.waits("shop", "ada")
    assert list(joining.ready(joined)) == []
    joining.forget(lambda _, user: user == "ada")
    assert not joining.waits("shop", "ada")
    assert list(joining.ready(Joined("shop", "ada", 0, 0, "device:d2", "e2"))) == []


def test_without_campaigns_whoever_joins_is_passed_on_and_nothing_kept():
    s = Visits()
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    assert not s.triggers
    assert not s.stage._joining.waits("default", "ada")
    assert len(s.stage._crowd) == len(s.devices._crowd) == 0


def test_in_a_round_each_bucket_gets_what_is_handed_over_to_its_users():
    s = Visits(COMPLAINT)
    s.holds_up = True
    s.visit("complaint")
    s.visit("identify", "ada", at=SIGN_IN)
    (handed,) = s.handed
    handed.round = 3
    found = to_owners([handed], 4, every=True)
    assert [(key, slice_.round) for key, slice_ in found] == [(f"u00{n}", 3) for n in range(4)]
    own = campaign_part("default", "ada", 4)
    assert [len(slice_.happened) for key, slice_ in found] == [int(key == own) for key, _ in found]
    told = _for_campaigns([FactSlice(3, "profile", [], [], clock=NOON)], [])
    assert [(slice_.devices, slice_.round) for slice_ in told] == [(False, 3), (True, 3)]
