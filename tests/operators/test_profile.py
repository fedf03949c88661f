import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.codec import pack, unpack_profile
from contracts.conditions.levels import cart_value
from contracts.keys import ALIAS_MARK
from contracts.profile import PROFILE_VERSION, Profile, interest_at
from contracts.settings import FlowSettings
from operators.commerce import LOYAL_ORDERS, lifecycle
from operators.interests import MAX_HALF_LIVES, add
from operators.messages import Attributed
from operators.profile import Profiles, apply
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, arrived

SETTINGS = FlowSettings()


def profile_of(*events):
    profile = Profile(PROFILE_VERSION, "default", "ada")
    for item in events:
        apply(profile, item, SETTINGS)
    return profile


def test_a_first_event_starts_everything():
    profile = profile_of(arrived("view", item="kettle", category="kitchen"))
    assert (profile.first_seen, profile.last_seen, profile.as_of) == (NOON, NOON, NOON)
    assert (profile.events, profile.sessions, profile.stage) == (1, 1, "new")
    assert [recent.item for recent in profile.recents] == ["kettle"]
    assert profile.categories["kitchen"] == 1.0


class TestSessions:
    def test_silence_longer_than_the_gap_ends_a_session(self):
        profile = profile_of(arrived(), arrived(at=30 * MINUTE), arrived(at=60 * MINUTE + 1))
        assert profile.sessions == 2
        assert profile.session is not None
        assert profile.session.events == 1

    def test_an_event_out_of_order_extends_the_open_session(self):
        profile = profile_of(arrived(at=10 * MINUTE), arrived(at=5 * MINUTE))
        assert profile.sessions == 1
        assert profile.session is not None
        assert (profile.session.start, profile.session.last) == (
            NOON + 5 * MINUTE,
            NOON + 10 * MINUTE,
        )
        assert profile.last_seen == NOON + 10 * MINUTE

    def test_an_event_from_before_the_session_moves_nothing(self):
        profile = profile_of(arrived(at=5 * HOUR), arrived(at=0))
        assert profile.session is not None
        assert (profile.sessions, profile.session.events, profile.events) == (1, 1, 2)

    def test_a_late_event_counts_but_moves_no_window(self):
        profile = profile_of(
            arrived(at=HOUR, item="cup"), arrived("purchase", item="pot", price=5.0, late=True)
        )
        assert (profile.events, profile.late, profile.sessions) == (2, 1, 1)
        assert profile.as_of == NOON + HOUR
        assert [recent.item for recent in profile.recents] == ["cup"]
        assert (profile.orders, profile.monetary, list(profile.owned)) == (1, 5.0, ["pot"])


class TestCommerce:
    def test_the_cart_fills_and_empties(self):
        profile = profile_of(
            arrived("add_to_cart", item="cup", price=4.0, quantity=3),
            arrived("add_to_cart", item="pot", price=20.0),
            arrived("remove_from_cart", item="cup", quantity=1),
        )
        assert cart_value(profile) == 28.0
        apply(profile, arrived("remove_from_cart", item="cup"), SETTINGS)
        assert list(profile.cart) == ["pot"]

    def test_lines_of_one_order_are_one_order(self):
        profile = profile_of(
            arrived("add_to_cart", item="cup", price=4.0),
            arrived("purchase", item="cup", price=4.0, quantity=2, order="o1", currency="EUR"),
            arrived("purchase", item="pot", price=20.0, order="o1"),
            arrived("purchase", item="tea", price=3.0, order="o2"),
        )
        assert (profile.orders, profile.monetary, profile.currency) == (2, 31.0, "EUR")
        assert profile.cart == {}
        assert set(profile.owned) == {"cup", "pot", "tea"}

    def test_what_was_returned_is_not_owned_and_not_earned(self):
        profile = profile_of(
            arrived("purchase", item="cup", price=4.0), arrived("return", item="cup", price=4.0)
        )
        assert (profile.monetary, profile.owned) == (0.0, {})

    @pytest.mark.parametrize(
        ("orders", "quiet_days", "stage"),
        [
            (0, 0, "active"),
            (1, 0, "customer"),
            (LOYAL_ORDERS, 0, "loyal"),
            (1, 31, "at_risk"),
            (0, 31, "active"),
            (5, 91, "lapsed"),
        ],
    )
    def test_the_stage_follows_orders_and_silence(self, orders, quiet_days, stage):
        profile = Profile(1, "default", "ada", last_seen=NOON, sessions=2, orders=orders)
        assert lifecycle(profile, NOON + quiet_days * DAY) == stage


class TestFeedback:
    def test_satisfaction_is_a_mean_that_fades(self):
        profile = profile_of(arrived("csat", value=5), arrived("nps", value=3, at=90 * DAY))
        assert profile.satisfaction is not None
        assert profile.satisfaction.score == pytest.approx((0.5 - 1) / 1.5)
        assert (profile.satisfaction.csat, profile.satisfaction.nps) == (5, 3)

    @pytest.mark.parametrize(
        ("value", "scale", "opinion"),
        [(1, 7, -1.0), (4, 7, 0.0), (7, 7, 1.0), (75, 100, 0.5), (0, 100, -1.0)],
    )
    def test_satisfaction_minds_the_scale_of_the_question(self, value, scale, opinion):
        profile = profile_of(arrived("csat", value=value, props={"scale": scale}))
        assert profile.satisfaction.score == pytest.approx(opinion)

    def test_a_dislike_is_marked_until_the_person_changes_their_mind(self):
        profile = profile_of(arrived("dislike", item="cup"))
        assert list(profile.disliked) == ["cup"]
        apply(profile, arrived("like", item="cup"), SETTINGS)
        assert profile.disliked == {}


class TestMarks:
    def test_consent_and_traits_are_kept(self):
        profile = profile_of(
            arrived(
                "identify",
                device="d1",
                consent=["personalization"],
                props={"name": "Ada", "age": 36, "nested": {"x": 1}},
            )
        )
        assert profile.consent == ["personalization"]
        assert profile.traits == {"name": "Ada", "age": 36}
        assert profile.devices == ["d1"]

    def test_impressions_are_counted_until_the_item_is_touched(self):
        profile = profile_of(arrived("impression", item="cup"), arrived("impression", item="cup"))
        assert profile.impressions == {"cup": 2}
        apply(profile, arrived("view", item="cup"), SETTINGS)
        assert profile.impressions == {}


@given(st.permutations(range(6)))
def test_interests_do_not_depend_on_the_order_of_events(order):
    ada = Profile(1, "default", "ada")
    for number in order:
        add(ada, ada.tags, "tea", 1.0 + number, NOON + number * HOUR, 10 * HOUR, 20)
    now = NOON + 6 * HOUR
    expected = sum((1.0 + n) * 2 ** (-(6 - n) / 10) for n in range(6))
    found = interest_at(ada.tags["tea"], ada.interests_since, now, 10 * HOUR)
    assert found == pytest.approx(expected)


def test_interests_outlast_any_number_of_half_lives():
    ada = Profile(1, "default", "ada")
    for step in range(5):
        add(ada, ada.tags, "tea", 1.0, NOON + step * (MAX_HALF_LIVES + 1) * 1000, 1000, 20)
    assert ada.tags["tea"] == pytest.approx(1.0)


def test_a_typical_profile_packs_into_two_kilobytes():
    events = [
        arrived(
            ("view", "view", "add_to_cart", "purchase")[n % 4],
            at=n * 7 * MINUTE,
            item=f"item-{n % 31:05d}",
            category=f"category-{n % 7}",
            brand=f"brand-{n % 5}",
            price=9.99,
            order=f"order-{n // 20}",
        )
        for n in range(40)
    ]
    assert len(pack(profile_of(*events))) < 2048


@given(
    st.lists(
        st.sampled_from(
            ["view", "search", "add_to_cart", "purchase", "impression", "dislike", "rating"]
        ),
        max_size=300,
    )
)
def test_a_profile_is_bounded_whatever_happens(types):
    events = [
        arrived(type_, at=n * SECOND, item=f"i{n}", category=f"c{n}", brand=f"b{n}", value=3)
        for n, type_ in enumerate(types)
    ]
    profile = profile_of(*events)
    assert len(profile.recents) <= 50
    assert len(profile.categories) <= 20
    assert len(pack(profile)) < 12_000


class TestBuckets:
    def items(self, *events):
        return [Attributed(item.event.user or "", item) for item in events]

    def test_whoever_only_ever_came_late_is_remembered_from_batch_to_batch(self):
        profiles = Profiles(SETTINGS)
        for number in (1, 2, 3):
            late = arrived(item=f"i{number}", at=number, late=True)
            (view,) = profiles.on_batch(self.items(late), NOON + DAY)
        assert view.value is not None
        profile = unpack_profile(view.value)
        assert (profile.events, profile.late, profile.sessions) == (3, 3, 0)
        profiles.dump(full=True)
        assert len(profiles) == 1

    def test_each_changed_profile_is_written_once_a_batch(self):
        profiles = Profiles(SETTINGS)
        views = profiles.on_batch(
            self.items(arrived(user="ada"), arrived(user="bob"), arrived(user="ada")), NOON
        )
        assert [(view.kind, view.id) for view in views] == [("profile", "ada"), ("profile", "bob")]
        assert views[0].value is not None
        assert unpack_profile(views[0].value).events == 2
        assert (profiles.ends.applied, profiles.ends.late) == (3, 0)

    def test_an_identified_devices_profile_becomes_an_alias(self):
        profiles = Profiles(SETTINGS)
        event = arrived(user=None, device="d1")
        profiles.on_batch([Attributed("device:d1", event)], NOON)
        joined = arrived("identify", user="ada", device="d1")
        (view,) = profiles.on_batch([Attributed("device:d1", joined, merged_into="ada")], NOON)
        assert (view.id, view.value) == ("device:d1", ALIAS_MARK + b"ada")
        assert (len(profiles), profiles.ends.applied) == (0, 1)

    def test_adopted_events_are_applied_but_not_counted_again(self):
        profiles = Profiles(SETTINGS)
        adopted = Attributed("ada", arrived(user=None, device="d1", item="cup"), adopted=True)
        (view,) = profiles.on_batch([adopted], NOON)
        assert view.value is not None
        assert unpack_profile(view.value).events == 1
        assert profiles.ends.applied == 0

    def test_a_resumed_bucket_goes_on_where_it_was(self):
        straight, saved = Profiles(SETTINGS), Profiles(SETTINGS)
        parts = []
        for n in range(5):
            batch = self.items(arrived(user=f"u{n % 2}", at=n * MINUTE, id=f"b{n}"))
            expected = straight.on_batch(batch, NOON)
            assert saved.on_batch(batch, NOON) == expected
            parts.append(saved.dump(full=n == 0))
            saved = Profiles(SETTINGS)
            saved.load(parts)
        assert saved.ends == straight.ends

    def test_people_unseen_for_longer_than_a_profile_lives_are_forgotten(self):
        profiles = Profiles(SETTINGS)
        profiles.on_batch(self.items(arrived(user="ada")), NOON)
        profiles.on_batch(self.items(arrived(user="bob", at=366 * DAY)), NOON + 366 * DAY)
        profiles.dump(full=True)
        assert len(profiles) == 1
