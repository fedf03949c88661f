import math

from hypothesis import given
from hypothesis import strategies as st

from contracts.profile import PROFILE_VERSION, CartLine, Profile, Recent, Satisfaction, Session
from online_models.features import (
    DAY_MS,
    SESSION_FEATURES,
    USER_FEATURES,
    session_features,
    user_features,
)

NOW = 1_700_000_000_000
HOUR = 3_600_000


def profile(**fields: object) -> Profile:
    return Profile(PROFILE_VERSION, "shop", "ada", **fields)  # type: ignore[arg-type]


def of_session(time: int = NOW, **fields: object) -> dict[str, float]:
    return dict(zip(SESSION_FEATURES, session_features(profile(**fields), time), strict=True))


def of_user(time: int = NOW, **fields: object) -> dict[str, float]:
    return dict(zip(USER_FEATURES, user_features(profile(**fields), time), strict=True))


def test_names_are_distinct() -> None:
    for names in (SESSION_FEATURES, USER_FEATURES):
        assert len(set(names)) == len(names)


def test_a_stranger_is_all_zero() -> None:
    assert not any(of_session().values())
    assert not any(of_user().values())


def test_counts_are_logarithms() -> None:
    session = Session("s", NOW - HOUR, NOW, events=7, views=3, carts=1, value=99.0)
    x = of_session(events=7, session=session)
    assert math.isclose(x["session_events"], math.log(8))
    assert math.isclose(x["session_cart_value"], math.log(100))
    assert math.isclose(x["session_minutes"], math.log(61))
    assert math.isclose(x["seconds_per_event"], math.log(601))
    assert math.isclose(x["cart_per_view"], 1 / 3)


def test_going_back_to_an_item_in_the_visit_shows() -> None:
    session = Session("s", NOW, NOW, events=4)
    recents = [Recent.of(item, "view", NOW) for item in "abab"]
    before = [Recent.of("a", "view", NOW - 3 * DAY_MS)]
    x = of_session(session=session, recents=[*before, *recents], events=5)
    assert x["revisited_share"] == 0.5
    assert math.isclose(x["days_since_session"], math.log(4))


def test_an_old_cart_and_an_old_order_show_their_age() -> None:
    x = of_session(
        cart={"kettle": CartLine(1.0, 30.0, NOW - 2 * HOUR), "cup": CartLine(1.0, 3.0, NOW)},
        last_purchase=NOW - 9 * DAY_MS,
        orders=2,
        events=3,
    )
    assert math.isclose(x["cart_lines"], math.log(3))
    assert math.isclose(x["cart_age_hours"], math.log(3))
    assert math.isclose(x["days_since_order"], math.log(10))


def test_the_day_is_a_circle_and_the_weekend_is_told() -> None:
    saturday = 1_700_308_800_000  # 2023-11-18 12:00 UTC
    x = of_session(saturday, events=1)
    assert (round(x["hour_sin"], 6), round(x["hour_cos"], 6)) == (0.0, -1.0)
    assert x["weekend"] == 1.0
    assert of_session(saturday - 2 * DAY_MS, events=1)["weekend"] == 0.0


def test_spend_and_mood_describe_a_person() -> None:
    x = of_user(
        events=10,
        sessions=2,
        orders=2,
        monetary=60.0,
        counts={"view": 4, "click": 1, "add_to_cart": 2, "return": 1, "complaint": 1},
        satisfaction=Satisfaction(-0.5, 1.0, NOW),
        first_seen=NOW - 9 * DAY_MS,
        last_seen=NOW,
    )
    assert math.isclose(x["spend_per_order"], math.log(31))
    assert math.isclose(x["carts_per_view"], math.log(1.4))
    assert math.isclose(x["events_per_session"], math.log(6))
    assert math.isclose(x["days_known"], math.log(10))
    assert (x["returns"], x["feedback"]) == (math.log(2), math.log(2))
    assert x["satisfaction"] == -0.5


numbers = st.floats(allow_nan=True, allow_infinity=True)
times = st.integers(-(1 << 53), 1 << 53)


@given(numbers, numbers, times, times, times)
def test_whatever_is_in_a_profile_features_are_finite(
    money: float, score: float, first: int, last: int, now: int
) -> None:
    made = profile(
        monetary=money,
        first_seen=first,
        last_seen=last,
        last_purchase=first,
        events=3,
        orders=1,
        satisfaction=Satisfaction(score),
        session=Session("s", first, last, events=3, value=money),
        cart={"kettle": CartLine(money, money, last)},
        recents=[Recent.of("kettle", "view", first)],
    )
    assert all(map(math.isfinite, session_features(made, now)))
    assert all(map(math.isfinite, user_features(made, now)))
