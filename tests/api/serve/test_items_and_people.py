from collections.abc import Iterator
from urllib.parse import quote

import pytest

from contracts.codec import pack
from contracts.decisions import DECISION_VERSION, Score, Standing
from contracts.keys import Keys, alias_value
from contracts.past import Past, noted
from contracts.profile import Session
from storage.writes import SetView
from tests.api.serve.shop import (
    MINUTE,
    SITE,
    Shop,
    ada,
    fill,
    now_ms,
    open_shop,
    person,
    shop,
)
from tests.storage.servers import StoreServer

KEYS = Keys("live")


@pytest.fixture(scope="module")
def now() -> int:
    return now_ms()


@pytest.fixture(scope="module")
def opened(store_server: StoreServer, now: int) -> Iterator[Shop]:
    fill(store_server, shop(now))
    with open_shop(store_server) as opened:
        yield opened


def test_similar_items_are_the_neighbours_in_stock(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/items/kettle/similar", n=2)
    assert list(answer)[:3] == ["request", "item", "items"]
    assert [shown["item"] for shown in answer["items"]] == ["cup", "teapot"]
    assert answer["items"][0]["reasons"] == ["viewed by people who viewed Kettle"]
    assert (answer["item"], answer["as_of"], answer["fallback"]) == ("kettle", now, False)


def test_similar_fills_up_with_its_kind_before_anything_else(opened: Shop) -> None:
    items = opened.items("/v1/items/rake/similar", n=4)
    assert items[:2] == ["hose", "seed"]
    assert len(items) == 4
    assert "rake" not in items


@pytest.mark.parametrize("id_", ["never heard of", "a/b ü%"])
def test_an_item_without_neighbours_is_a_fallback(opened: Shop, id_: str) -> None:
    answer = opened.get(f"/v1/items/{quote(id_, safe='')}/similar", n=3)
    assert answer["item"] == id_
    assert (answer["fallback"], answer["degraded"], answer["as_of"]) == (True, False, None)
    assert len(answer["items"]) == 3
    assert id_ not in [shown["item"] for shown in answer["items"]]


def test_similar_heeds_exclusions_and_categories(opened: Shop) -> None:
    path = "/v1/items/kettle/similar"
    assert opened.items(path, exclude=["cup", "teapot"], n=1) == ["spoon"]
    assert opened.items(path, category="garden")[0] in ("hose", "seed", "rake")


def test_trending_leads_and_popular_follows(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/trending", n=4)
    shown = [(one["item"], one["strategy"]) for one in answer["items"]]
    assert shown == [
        ("hose", "trending"),
        ("seed", "trending"),
        ("rake", "popular"),
        ("cup", "popular"),
    ]
    assert answer["items"][0]["reasons"] == ["trending now"]
    assert (answer["as_of"], answer["fallback"], answer["category"]) == (now, False, None)


def test_trending_of_a_category(opened: Shop) -> None:
    answer = opened.get("/v1/trending", category="kitchen", n=3)
    assert answer["items"][0]["item"] == "cup"
    assert {shown["item"] for shown in answer["items"]} <= {"cup", "kettle", "teapot", "spoon"}
    assert (answer["category"], answer["fallback"]) == ("kitchen", True)
    assert opened.items("/v1/trending", category="garden", n=2) == ["hose", "seed"]


def test_a_profile_is_readable_and_as_of_now(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/users/ada/profile")
    assert (answer["user"], answer["known"], answer["fallback"]) == ("ada", True, False)
    assert answer["as_of"] == now - 3 * MINUTE
    profile = answer["profile"]
    interests = profile["interests"]["categories"]
    # One half-life has passed since the weights were 4 and 8.
    assert [one["name"] for one in interests] == ["garden", "kitchen"]
    assert [one["weight"] for one in interests] == pytest.approx([4.0, 2.0], rel=0.01)
    assert [recent["item"] for recent in profile["recents"]] == ["kettle", "teapot"]
    assert profile["cart"]["value"] == 4.0
    assert profile["cart"]["items"][0]["item"] == "spoon"
    assert profile["session"]["id"] == "ada-2"
    orders = profile["orders"]
    assert (orders["frequency"], orders["monetary"], orders["currency"]) == (1, 15.0, "EUR")
    assert orders["recency_days"] == pytest.approx(80 / 1440, abs=0.05)
    assert (profile["stage"], profile["owned"]) == ("customer", ["rake"])


def test_a_session_that_ended_is_no_current_one(opened: Shop, now: int) -> None:
    old = Session("old", now - 60 * MINUTE, now - 31 * MINUTE)
    opened.write(person(KEYS, ada(now, "old", session=old)))
    assert opened.get("/v1/users/old/profile")["profile"]["session"] is None


def test_an_unknown_person_has_an_empty_profile(opened: Shop) -> None:
    answer = opened.get("/v1/users/stranger/profile")
    assert answer["known"] is False
    assert answer["profile"] is None
    assert (answer["as_of"], answer["fallback"], answer["degraded"]) == (None, True, False)


def test_an_identified_devices_profile_is_its_users(opened: Shop) -> None:
    opened.write(SetView(KEYS.profile(SITE, "device:d"), alias_value("ada")))
    answer = opened.get("/v1/users/device:d/profile")
    assert (answer["user"], answer["known"]) == ("ada", True)
    assert opened.get("/v1/users/device:d/facts")["facts"]["stage"] == "customer"


def test_a_persons_segment_is_described(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/users/ada/segments")
    (segment,) = answer["segments"]
    assert (segment["id"], segment["name"]) == ("s1", "kitchen fans")
    assert segment["since"] == now - 60 * MINUTE
    assert answer["scores"]["intent"]["value"] == 0.7
    stranger = opened.get("/v1/users/stranger/segments")
    assert (stranger["segments"], stranger["scores"], stranger["known"]) == ([], {}, False)


def test_a_person_with_scores_and_no_segment_is_known(opened: Shop, now: int) -> None:
    standing = Standing(DECISION_VERSION, SITE, "flo", now, {"intent": Score("intent", 0.4, now)})
    opened.write(SetView(KEYS.standing(SITE, "flo"), pack(standing)))
    answer = opened.get("/v1/users/flo/segments")
    assert (answer["segments"], answer["scores"]["intent"]["value"]) == ([], 0.4)
    assert (answer["known"], answer["fallback"]) == (True, False)
    nothing = Standing(DECISION_VERSION, SITE, "gil", now)
    opened.write(SetView(KEYS.standing(SITE, "gil"), pack(nothing)))
    answer = opened.get("/v1/users/gil/segments")
    assert (answer["known"], answer["fallback"]) == (True, True)


@pytest.mark.parametrize(
    "path",
    ["/v1/users/ada/recommendations", "/v1/trending", "/v1/items/kettle/similar"],
)
def test_a_category_that_no_item_is_of_is_a_fallback(opened: Shop, path: str) -> None:
    answer = opened.get(path, category="submarines")
    assert (answer["items"], answer["fallback"], answer["degraded"]) == ([], True, False)


def test_scores_of_a_person_have_intervals_where_they_are_amounts(opened: Shop, now: int) -> None:
    scores = {
        "intent": Score("intent", 0.7, now),
        "spend": Score("spend", 40.0, now, low=0.0, high=90.5),
    }
    standing = Standing(DECISION_VERSION, SITE, "eve", now, scores)
    opened.write(SetView(KEYS.standing(SITE, "eve"), pack(standing)))
    answer = opened.get("/v1/users/eve/scores")
    assert answer["scores"]["spend"]["interval"] == {"low": 0.0, "high": 90.5}
    assert "interval" not in answer["scores"]["intent"]
    stranger = opened.get("/v1/users/stranger/scores")
    assert (stranger["scores"], stranger["fallback"]) == ({}, True)


def test_the_past_of_a_person(opened: Shop, now: int) -> None:
    points = noted(noted(b"", 60_000, 0.25, 4), 180_000, 0.5, 4)
    past = Past({"intent": points}, [("s2", 5), ("s1", now)])
    known = Standing(DECISION_VERSION, SITE, "past", as_of=now, past=past)
    opened.write(SetView(KEYS.standing(SITE, "past"), pack(known)), person(KEYS, ada(now, "past")))
    told = opened.get("/v1/users/past/history")
    assert told["scores"] == {
        "intent": [{"time": 60_000, "value": 0.25}, {"time": 180_000, "value": 0.5}]
    }
    assert told["segments"] == [{"id": "s2", "since": 5}, {"id": "s1", "since": now}]
    (visit,) = told["visits"]
    assert (visit["touches"], visit["items"]) == (2, 2)
    unkept = opened.get("/v1/users/nobody/history")
    assert (unkept["scores"], unkept["segments"], unkept["fallback"]) == ({}, [], True)


def test_facts_of_a_person(opened: Shop) -> None:
    answer = opened.get("/v1/users/ada/facts")
    assert answer["facts"] == {"cart_items": 1, "stage": "customer"}
    assert opened.get("/v1/users/stranger/facts")["facts"] == {}


def test_the_sites_segments(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/segments")
    assert [segment["name"] for segment in answer["segments"]] == ["kitchen fans"]
    assert (answer["as_of"], answer["fallback"], answer["degraded"]) == (now, False, False)


def test_stats_add_up_the_ends_of_all_owners(opened: Shop) -> None:
    stats = opened.get("/v1/stats")
    assert stats["events"] == {
        "ended": 7,
        "applied": 5,
        "late": 1,
        "duplicate": 0,
        "rejected": {"malformed": 2},
        "withheld": {},
        "unlearnt": {},
    }
    assert stats["progress"][0]["part"] == "events.click/0"
    assert stats["sites"] == {"default": {"items": 9, "segments": 1}}
    assert stats["namespace"] == "live"


def test_metrics_count_answers_and_round_trips(opened: Shop) -> None:
    opened.get("/v1/users/ada/recommendations")
    text = opened.http.get("/metrics").text
    assert 'headrace_serve_answers_total{kind="recommendations",made="personal"}' in text
    assert 'headrace_serve_store_seconds_count{trip="rows"}' in text
    assert "headrace_serve_store_away 0.0" in text
    assert "headrace_serve_items 9.0" in text


def test_ready_once_loaded(opened: Shop) -> None:
    ready = opened.get("/readyz")
    assert ready == {"status": "ready", "store": "up", "namespace": "live", "rules": "ok"}
