from collections.abc import Iterator
from urllib.parse import quote

import pytest

from contracts.events import Item
from contracts.keys import Keys, alias_value
from contracts.profile import Recent
from storage.writes import SetView
from tests.api.serve.shop import (
    MINUTE,
    SITE,
    Shop,
    ada,
    catalogue,
    fill,
    now_ms,
    open_shop,
    person,
    shop,
    until,
)
from tests.storage.servers import StoreServer

KEYS = Keys("live")
ADA = "/v1/users/ada/recommendations"


@pytest.fixture(scope="module")
def now() -> int:
    return now_ms()


@pytest.fixture(scope="module")
def opened(store_server: StoreServer, now: int) -> Iterator[Shop]:
    fill(store_server, shop(now))
    with open_shop(store_server) as opened:
        yield opened


def test_an_answer_has_the_agreed_shape(opened: Shop, now: int) -> None:
    answer = opened.get(ADA, n=2)
    assert list(answer) == ["request", "user", "items", "as_of", "lag_ms", "fallback", "degraded"]
    assert [list(shown) for shown in answer["items"]] == [
        ["item", "score", "strategy", "reasons"]
    ] * 2
    assert answer["user"] == "ada"
    assert answer["as_of"] == now - 3 * MINUTE
    assert answer["lag_ms"] >= 0
    assert (answer["fallback"], answer["degraded"]) == (False, False)
    assert answer["request"] != opened.get(ADA, n=2)["request"]


def test_neighbours_of_what_was_viewed_come_first_with_reasons(opened: Shop) -> None:
    first = opened.get(ADA)["items"][0]
    assert (first["item"], first["strategy"]) == ("cup", "together")
    assert first["reasons"] == [
        "viewed by people who viewed Kettle",
        "you viewed Kettle 3 minutes ago",
    ]


def test_bought_in_the_cart_out_of_stock_and_just_seen_do_not_come_back(opened: Shop) -> None:
    items = opened.items(ADA, n=5)
    assert {"rake", "spoon", "gone"}.isdisjoint(items)
    assert items[0] == "cup"
    assert set(items[1:3]) == {"seed", "hose"}


def test_an_answer_is_as_long_as_the_site_allows(opened: Shop) -> None:
    items = opened.items(ADA, n=100)
    assert sorted(items) == sorted(["cup", "hose", "seed", "a/b ü%", "kettle", "teapot"])


def test_scores_fall_and_what_filled_up_scores_nothing(opened: Shop) -> None:
    answer = opened.get(ADA, n=100)["items"]
    scores = [shown["score"] for shown in answer]
    assert scores == sorted(scores, reverse=True)
    assert 0 < scores[0] < 1
    assert answer[-1]["score"] == 0
    assert answer[-1]["strategy"] == "catalogue"


def test_excluded_items_stay_away(opened: Shop) -> None:
    items = opened.items(ADA, n=100, exclude=["cup", "a/b ü%", "never heard of"])
    assert "cup" not in items
    assert "a/b ü%" not in items
    assert "hose" in items


def test_a_category_keeps_to_itself_down_to_the_catalogue(opened: Shop) -> None:
    assert sorted(opened.items(ADA, category="garden", n=10)) == ["hose", "seed"]
    assert opened.items(ADA, category="odd") == ["a/b ü%"]
    assert opened.items(ADA, category="no such") == []


def test_the_pages_own_item_steers_and_is_not_shown(opened: Shop) -> None:
    answer = opened.get("/v1/users/new/recommendations", item="rake", n=1)
    (shown,) = answer["items"]
    assert shown["item"] == "hose"
    assert shown["reasons"] == ["viewed by people who viewed Rake"]
    assert answer["fallback"] is False
    assert answer["as_of"] is None
    assert "rake" not in opened.items("/v1/users/new/recommendations", item="rake", n=100)


def test_an_unknown_item_of_the_page_is_a_fallback(opened: Shop) -> None:
    answer = opened.get("/v1/users/new/recommendations", item="never heard of")
    assert answer["fallback"] is True
    assert answer["items"]


def test_a_stranger_gets_what_is_popular_marked_as_fallback(opened: Shop) -> None:
    answer = opened.get("/v1/users/stranger/recommendations", n=3)
    assert (answer["user"], answer["fallback"], answer["degraded"]) == ("stranger", True, False)
    assert {shown["strategy"] for shown in answer["items"]} <= {"popular", "trending"}
    assert all(shown["reasons"] for shown in answer["items"])
    assert len(answer["items"]) == 3


def test_explain_tells_what_each_expert_said(opened: Shop) -> None:
    first = opened.get(ADA, explain="true", n=1)["items"][0]
    assert first["parts"]["together"] > 0
    assert first["reasons"][0] == "viewed by people who viewed Kettle"
    assert "popular this month" in first["reasons"]
    assert "parts" not in opened.get(ADA, explain="0", n=1)["items"][0]


def test_a_device_is_its_own_person_until_it_is_identified(opened: Shop, now: int) -> None:
    opened.write(person(KEYS, ada(now, "device:d 1", owned={}, cart={})))
    path = f"/v1/users/{quote('device:d 1', safe='')}/recommendations"
    answer = opened.get(path)
    assert (answer["user"], answer["fallback"]) == ("device:d 1", False)
    opened.write(SetView(KEYS.profile(SITE, "device:d 1"), alias_value("ada")))
    answer = opened.get(path)
    assert answer["user"] == "ada"
    assert "spoon" not in [shown["item"] for shown in answer["items"]]


@pytest.mark.parametrize("id_", ["a/b/c", "ü ñ", "100%", "x?y#z", "recommendations", "a%2Fb", "日"])
def test_an_id_may_hold_any_character(opened: Shop, now: int, id_: str) -> None:
    opened.write(person(KEYS, ada(now, id_)))
    answer = opened.get(f"/v1/users/{quote(id_, safe='')}/recommendations")
    assert (answer["user"], answer["fallback"]) == (id_, False)


def test_a_profile_without_consent_is_not_used(opened: Shop, now: int) -> None:
    profile = ada(now, "shy", consent=["marketing"], disliked={"hose": now})
    opened.write(person(KEYS, profile))
    answer = opened.get("/v1/users/shy/recommendations", n=100)
    assert answer["fallback"] is True
    assert "hose" not in [shown["item"] for shown in answer["items"]]
    profile.consent = ["personalization"]
    opened.write(person(KEYS, profile))
    assert opened.get("/v1/users/shy/recommendations")["fallback"] is False


def test_what_is_disliked_is_neither_shown_nor_followed(opened: Shop, now: int) -> None:
    disliked = {"kettle": now, "cup": now}
    opened.write(person(KEYS, ada(now, "picky", disliked=disliked)))
    answer = opened.get("/v1/users/picky/recommendations", n=100)
    assert {"kettle", "cup"}.isdisjoint(shown["item"] for shown in answer["items"])
    said = [reason for shown in answer["items"] for reason in shown["reasons"]]
    assert not any("Kettle" in reason for reason in said)


def test_a_profile_that_cannot_be_read_is_a_strangers(opened: Shop) -> None:
    opened.write(SetView(KEYS.profile(SITE, "broken"), b"\xc1 no profile"))
    answer = opened.get("/v1/users/broken/recommendations")
    assert (answer["user"], answer["fallback"]) == ("broken", True)


def test_damaged_rows_are_done_without(opened: Shop, now: int) -> None:
    eve = ada(now, "eve", recents=[Recent.of("seed", "view", now)])
    opened.write(person(KEYS, eve), SetView(KEYS.neighbours(SITE, "seed"), b"\x05"))
    assert opened.get("/v1/users/eve/recommendations")["fallback"] is True


def test_many_people_are_answered_at_once_in_order(opened: Shop) -> None:
    body = {"users": ["stranger", "ada", "device:d 1"], "n": 2, "exclude": ["cup"]}
    answers = opened.post("/v1/recommendations", body)["answers"]
    assert [a["user"] for a in answers][:2] == ["stranger", "ada"]
    assert [a["fallback"] for a in answers][:2] == [True, False]
    assert all(len(a["items"]) == 2 for a in answers)
    assert len({a["request"] for a in answers}) == 3
    assert all(shown["item"] != "cup" for a in answers for shown in a["items"])


def test_given_items_come_back_in_order_each_once(opened: Shop) -> None:
    given = ["never heard of", "hose", "cup", "spoon", "hose", "neither", "kettle"]
    answer = opened.post("/v1/rank", {"user": "ada", "items": given})
    items = [shown["item"] for shown in answer["items"]]
    assert sorted(items) == sorted(set(given))
    assert items[:2] == ["kettle", "cup"]
    assert answer["items"][0]["reasons"][0] == "you may want it again"
    assert items[-2:] == ["never heard of", "neither"]
    assert answer["items"][-1] == {
        "item": "neither",
        "score": 0.0,
        "strategy": "given",
        "reasons": ["nothing is known about it yet"],
    }
    assert answer["fallback"] is False


def test_ranking_for_nobody_goes_by_popularity(opened: Shop) -> None:
    answer = opened.post("/v1/rank", {"items": ["spoon", "hose", "cup"], "n": 2})
    assert answer["user"] == ""
    assert answer["fallback"] is True
    assert [shown["item"] for shown in answer["items"]] == ["hose", "cup"]


def test_ranking_by_the_pages_item(opened: Shop) -> None:
    given = ["seed", "hose", "cup"]
    by_kettle = opened.post("/v1/rank", {"items": given, "item": "kettle"})
    by_rake = opened.post("/v1/rank", {"items": given, "item": "rake"})
    assert by_kettle["items"][0]["item"] == "cup"
    assert by_rake["items"][0]["item"] == "hose"


def test_a_new_item_is_shown_soon_after_it_came(opened: Shop) -> None:
    opened.write(*catalogue([Item(id="new", title="New", category="fresh")], KEYS))
    until(lambda: opened.items(ADA, category="fresh") == ["new"])
    opened.write(*catalogue([Item(id="new", category="fresh", in_stock=False)], KEYS))
    until(lambda: opened.items(ADA, category="fresh") == [])


def test_what_people_touched_is_not_new_though_no_ranking_has_it(
    store_server: StoreServer, now: int
) -> None:
    fill(store_server, shop(now))
    with open_shop(store_server) as opened:
        opened.get(ADA)  # who touched the teapot, whose neighbours were touched as well

        def new() -> set[str]:
            answer = opened.get("/v1/users/nobody/recommendations?n=20")
            return {one["item"] for one in answer["items"] if one["strategy"] == "new"}

        assert "a/b ü%" in new()
        assert not new() & {"kettle", "teapot", "cup", "spoon"}
