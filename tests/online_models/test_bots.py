import random
from itertools import accumulate

import pytest

from contracts.profile import PROFILE_VERSION, Profile, Recent, Session
from online_models.anomaly import AnomalyModel, features
from online_models.bots import LEAST_TOUCHES, Rhythm, rhythm, says_so, suspicion

START = 1_700_000_000_000


def visit(gaps: list[float], *, items: int = 1_000, carts: int = 0, events: int = 0) -> Profile:
    """Return the profile of who touches items with these gaps (s) between them."""
    times = [START + round(1000 * at) for at in accumulate(gaps, initial=0.0)]
    profile = Profile(PROFILE_VERSION, "shop", "ada")
    profile.recents = [Recent.of(f"i{n % items}", "view", t) for n, t in enumerate(times)][-50:]
    count = events or len(times)
    profile.session = Session("s", START, times[-1], events=count, views=count, carts=carts)
    return profile


def reason(profile: Profile) -> str | None:
    seen = rhythm(profile)
    assert seen is not None
    return suspicion(seen)


def reader(seed: int, count: int, typical: float = 12.0) -> list[float]:
    rng = random.Random(seed)
    return [typical * rng.lognormvariate(0.0, 0.8) for _ in range(count)]


def test_people_are_no_bots() -> None:
    verdicts = [reason(visit(reader(seed, 45))) for seed in range(200)]
    assert verdicts == [None] * 200


def test_a_hurried_shopper_with_a_cart_is_no_bot() -> None:
    assert reason(visit(reader(1, 45, typical=1.2), carts=2)) is None


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([0.2, 0.3, 0.1] * 15, "rate"),
        ([0.0] * 40, "rate"),
        ([5.0] * 30, "regular gaps"),
        ([10.0 + 0.3 * (n % 5) for n in range(30)], "regular gaps"),
        ([0.2, 1.4, 1.3, 0.9, 0.3] * 10, "breadth without dwell"),
    ],
)
def test_each_rule_has_its_kind_of_bot(gaps: list[float], expected: str) -> None:
    assert reason(visit(gaps)) == expected


def test_looking_at_few_items_again_and_again_is_no_breadth() -> None:
    assert reason(visit([0.2, 1.4, 1.3, 0.9, 0.3] * 10, items=9)) is None


def test_a_visit_without_end_is_none_of_a_person() -> None:
    assert reason(visit(reader(3, 49), events=400)) == "endless visit"
    assert reason(visit(reader(3, 49), events=400, carts=1)) is None


def test_short_visits_say_nothing() -> None:
    assert rhythm(visit([0.1] * (LEAST_TOUCHES - 2))) is None
    assert rhythm(visit([0.1] * (LEAST_TOUCHES - 1))) is not None
    assert rhythm(Profile(PROFILE_VERSION, "shop", "ada")) is None


def test_only_the_visit_under_way_is_looked_at() -> None:
    profile = visit([0.1] * 30)
    assert profile.session is not None
    profile.session.start = profile.recents[-5].time
    assert rhythm(profile) is None


@pytest.mark.parametrize(
    ("agent", "program"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0", False),
        ("Mozilla/5.0 (Linux; Android 14; CUBOT X30) AppleWebKit/537.36 Chrome/126.0", True),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", False),
        ("Mozilla/5.0 AppleWebKit/537.36 (compatible; bingbot/2.0)", True),
        ("Mozilla/5.0 (X11) AppleWebKit/537.36 HeadlessChrome/126.0", True),
        ("python-requests/2.32", True),
        ("curl/8.5.0", True),
        ("", False),
    ],
)
def test_programs_that_say_what_they_are(agent: str, program: bool) -> None:
    if "CUBOT" in agent:
        program = False  # a make of telephones
    assert says_so(agent) is program


def test_the_anomaly_score_sets_bots_apart_from_the_many() -> None:
    model = AnomalyModel(seed=1)
    people = [rhythm(visit(reader(seed, 40))) for seed in range(800)]
    bots = [rhythm(visit([0.3 + 0.01 * (seed % 3)] * 40)) for seed in range(20)]
    for seen in people:
        assert seen is not None
        model.learn_one(features(seen))

    def scores(seen: list[Rhythm | None]) -> list[float]:
        return sorted(model.predict_one(features(each)) for each in seen if each is not None)

    usual, odd = scores(people), scores(bots)
    assert odd[0] > usual[len(usual) * 9 // 10]
