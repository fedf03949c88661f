"""Challengers answer a share of the people: who, for how long, and what is logged of it."""

from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest

from api.serve.answers import AnswerList
from api.serve.arms import Arms
from contracts.api_settings import ArmName
from contracts.codec import dump_json
from contracts.decisions import Answer
from contracts.keys import SCOREBOARD, Keys
from contracts.sampling import is_judged
from contracts.settings import Settings, SettingsError
from online_models.contenders import BLEND, CONTENDERS
from storage.writes import SetView
from tests.api.serve.shop import SITE, Shop, ada, fill, now_ms, open_shop, person, shop, until
from tests.storage.servers import StoreServer

KEYS = Keys("live")
PEOPLE = [f"u{number}" for number in range(10_000)]


def test_the_settings_know_every_challenger_and_no_other() -> None:
    assert {BLEND, *get_args(ArmName)} == set(CONTENDERS)


def test_each_arm_has_its_share_and_a_person_stays_with_it() -> None:
    arms = Arms({"trending": 0.1, "popular": 0.05}, seed=7)
    given = {user: arms.of("shop", user, "") for user in PEOPLE}
    counts = Counter(given.values())
    assert 900 < counts["trending"] < 1_100
    assert 420 < counts["popular"] < 580
    assert given == {
        user: Arms({"popular": 0.05, "trending": 0.1}, 7).of("shop", user, BLEND) for user in PEOPLE
    }
    other = Arms({"trending": 0.1, "popular": 0.05}, seed=8)
    assert sum(given[user] == other.of("shop", user, "") for user in PEOPLE) < 9_000


def test_a_promoted_challenger_and_the_champion_of_before_change_places() -> None:
    arms = Arms({"trending": 0.1}, seed=7)
    before = {user: arms.of("shop", user, BLEND) for user in PEOPLE}
    after = {user: arms.of("shop", user, "trending") for user in PEOPLE}
    swapped = {"trending": BLEND, BLEND: "trending"}
    assert after == {user: swapped[arm] for user, arm in before.items()}
    # A champion that is no arm any more does not answer.
    assert {Arms({}, 7).of("shop", user, "trending") for user in PEOPLE} == {BLEND}


def test_the_sample_that_is_judged_has_people_of_every_arm() -> None:
    arms = Arms({"trending": 0.5}, seed=7)
    judged = [arms.of("shop", user, "") for user in PEOPLE if is_judged("shop", user, 0.1)]
    assert 0.42 < judged.count("trending") / len(judged) < 0.58


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"blend": 0.1}, "api.arms"),
        ({"x": 0.1}, "api.arms"),
        ({"popular": -0.1}, "api.arms"),
        ({"popular": 0.5, "trending": 0.5}, "leave nobody for the champion"),
    ],
)
def test_wrong_arms_are_said(given: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.load(overrides={"api.arms": given})


@pytest.fixture
def opened(store_server: StoreServer) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    settings = {"api.arms": {"trending": 0.5}, "flow.score_share": 0.5}
    with open_shop(store_server, **settings) as opened:
        opened.serving.answers = AnswerList()
        yield opened


def logged(opened: Shop, user: str) -> Answer:
    sent = opened.get(f"/v1/users/{user}/recommendations", n=3, item="kettle")
    answers = opened.serving.answers
    assert isinstance(answers, AnswerList)
    answer = answers.answers[-1]
    assert answer.request == sent["request"]
    assert [i.item for i in answer.items] == [i["item"] for i in sent["items"]]
    return answer


def test_every_answer_is_logged_with_its_arm(opened: Shop) -> None:
    found = {user: logged(opened, user) for user in PEOPLE[:40]}
    lists = {
        arm: {tuple(i.item for i in a.items) for a in found.values() if a.arm == arm}
        for arm in (BLEND, "trending")
    }
    # What is trending, then what fills it up; the blend goes by the kettle's neighbours.
    assert lists == {"trending": {("hose", "seed", "rake")}, BLEND: {("cup", "teapot", "spoon")}}
    assert all(logged(opened, user).arm == answer.arm for user, answer in found.items())
    assert {answer.beside for answer in found.values()} == {"kettle"}


def test_of_the_sample_it_is_logged_what_each_would_have_shown(opened: Shop) -> None:
    for user in PEOPLE[:20]:
        answer = logged(opened, user)
        assert bool(answer.lists) == is_judged(SITE, user, 0.5)
        if answer.lists:
            assert list(answer.lists) == list(CONTENDERS)
            assert answer.lists["trending"] == ["hose", "seed"]
            assert answer.lists["popular"] == ["rake", "hose", "cup"]
            assert answer.lists["together"] == ["cup", "teapot", "spoon"]
            known = {"cup", "teapot", "spoon", "rake", "hose", "seed"}
            assert set(answer.lists[BLEND]) == {*known, "a/b ü%"}  # which nobody has touched


def test_nobody_is_judged_whose_touches_are_not_heard_of(store_server: StoreServer) -> None:
    now = now_ms()
    shut = person(KEYS, ada(now, "shut", consent=[]))
    fill(store_server, [*shop(now), shut])
    with open_shop(store_server, **{"flow.score_share": 1.0}) as opened:
        opened.serving.answers = AnswerList()
        assert logged(opened, "ada").lists
        assert logged(opened, "ada").arm == BLEND
        assert logged(opened, "shut").lists == {}


def test_the_champion_is_who_the_views_say(opened: Shop) -> None:
    arms = {user: logged(opened, user).arm for user in PEOPLE[:20]}
    view = {"contest": {"champion": "trending", "loss": 0.5, "challengers": {}, "promotions": []}}
    sums: dict[str, object] = {"sums": {"models": {}, "arms": {}}}
    opened.write(SetView(KEYS.model(SITE, SCOREBOARD), dump_json({**view, **sums})))
    user = next(user for user, arm in arms.items() if arm == BLEND)
    until(lambda: logged(opened, user).arm == "trending")
    swapped = {"trending": BLEND, BLEND: "trending"}
    assert {user: logged(opened, user).arm for user in arms} == {
        user: swapped[arm] for user, arm in arms.items()
    }
    assert opened.get("/v1/stats")["scoreboard"][SITE]["contest"]["champion"] == "trending"
