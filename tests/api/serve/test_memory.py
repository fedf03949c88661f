"""What is held in memory: catalogues that change, and views that are damaged."""

from collections.abc import Iterator

import pytest

from api.serve.catalogue import Catalogue
from api.serve.lag import Progress, current, lag_ms, told
from api.serve.reasons import ago
from contracts.codec import encode_json, pack
from contracts.events import Item
from contracts.keys import Keys, catalog_page_of, item_key
from storage.writes import Append, SetFields, SetView
from tests.api.serve.shop import SITE, Shop, ada, fill, now_ms, open_shop, person, shop, until
from tests.storage.servers import StoreServer

KEYS = Keys("live")
ADA = "/v1/users/ada/recommendations"


def test_an_item_may_move_change_and_go() -> None:
    catalogue = Catalogue()
    catalogue.put_packed("kettle", pack(Item(id="kettle", title="Kettle", category="kitchen")))
    catalogue.put_packed("cup", pack(Item(id="cup", category="kitchen")))
    assert (catalogue.title_of("kettle"), catalogue.title_of("cup")) == ("Kettle", "cup")
    assert catalogue.title_of("nobody knows") == "nobody knows"
    catalogue.put_packed("kettle", pack(Item(id="kettle", category="garden")))
    assert [item.id for item in catalogue.of_category("kitchen")] == ["cup"]
    assert [item.id for item in catalogue.of_category("garden")] == ["kettle"]
    catalogue.put_packed("kettle", b"")
    catalogue.remove("never there")
    assert catalogue.get("kettle") is None
    assert catalogue.by_number(item_key("kettle")) is None
    assert list(catalogue.of_category("garden")) == []
    assert len(catalogue) == 1


@pytest.mark.parametrize("record", [b"\xc1", b"\x93", pack({"id": 7}), b"\x81\xa2id\xa1\xff"])
def test_a_damaged_record_is_named(record: bytes) -> None:
    with pytest.raises(ValueError, match="'kettle'"):
        Catalogue().put_packed("kettle", record)


def test_lag_is_that_of_the_worst_part_that_still_reports() -> None:
    now = 1_000_000
    caught_up = Progress("a", received=10, written=now - 30, vouched=now - 50)
    behind = Progress("b", written=now - 50, lag=3, vouched=now - 7_000)
    hangs = Progress("b", written=now - 50, vouched=now - 15_000)
    recording = Progress("replay", received=10, written=now - 40)
    left_over = Progress("c", received=5, written=now - 100_000, lag=9, vouched=5)
    assert lag_ms([], now) is None
    assert lag_ms([caught_up], now) == 50
    assert lag_ms([caught_up, behind], now) == 7_000
    assert lag_ms([caught_up, hangs], now) == 15_000
    assert lag_ms([recording], now) == 40
    assert lag_ms(current([caught_up, left_over]), now) == 50
    assert lag_ms(current([left_over]), now) == now - 5
    assert lag_ms([caught_up], now - 500) == 0


def test_damaged_progress_is_left_out() -> None:
    good = b'{"part": "a", "offset": 1, "received": 2, "written": 3, "lag": 0, "more": true}'
    assert told(Progress, [None, b"{", b"\xff", b"[]", good]) == [Progress("a", 1, 2, 3, 0)]


def test_times_are_told_in_the_largest_unit() -> None:
    minute = 60_000
    spans = (-5, 59_999, minute, 59 * minute, 60 * minute, 47 * 60 * minute, 30 * 1_440 * minute)
    assert [ago(0, span) for span in spans] == [
        "just now",
        "just now",
        "1 minute ago",
        "59 minutes ago",
        "1 hour ago",
        "1 day ago",
        "30 days ago",
    ]


@pytest.fixture
def opened(store_server: StoreServer) -> Iterator[Shop]:
    fill(store_server, shop(now_ms()))
    with open_shop(store_server) as opened:
        yield opened


def test_damaged_views_leave_what_was_known(opened: Shop) -> None:
    before = opened.items(ADA, n=100)
    page = KEYS.catalog_page(SITE, catalog_page_of("cup"))
    opened.write(
        SetView(KEYS.top(SITE, "trending"), b"\x01"),
        SetView(KEYS.weights(SITE), b"nonsense"),
        SetView(KEYS.segments(SITE), b"{"),
        SetView(KEYS.progress("events.click/0"), b"?"),
        SetFields(page, {"cup": b"\xc1"}),
        Append(KEYS.catalog_log(SITE), {"item": b"cup"}, 1_000),
        Append(KEYS.catalog_log(SITE), {"other": b"x"}, 1_000),
    )
    until(lambda: opened.get(ADA)["lag_ms"] is None)
    assert opened.items(ADA, n=100) == before
    assert opened.items("/v1/trending", n=1) == ["hose"]
    assert len(opened.get("/v1/segments")["segments"]) == 1
    until(lambda: opened.get("/v1/stats")["sites"]["default"]["items"] == 9)


def test_the_lag_of_a_flow_that_died_long_ago_is_told_and_grows(opened: Shop) -> None:
    died = now_ms() - 7_200_000
    last = Progress("events.click/0", written=died, lag=3, vouched=died)
    opened.write(SetView(KEYS.progress(last.part), encode_json(last)))
    read = opened.serving.registry.get_sample_value
    until(lambda: (read("headrace_serve_lag_seconds") or 0) >= 7_200)
    assert read("headrace_flow_lag_records", {"part": last.part}) == 3


def test_an_item_that_is_taken_out_is_no_longer_shown(opened: Shop) -> None:
    assert "cup" in opened.items(ADA, n=100)
    page = KEYS.catalog_page(SITE, catalog_page_of("cup"))
    opened.write(
        SetFields(page, {"cup": b""}), Append(KEYS.catalog_log(SITE), {"item": b"cup"}, 1_000)
    )
    until(lambda: "cup" not in opened.items(ADA, n=100))


def test_a_standing_that_cannot_be_read_is_done_without(opened: Shop) -> None:
    opened.write(
        person(KEYS, ada(now_ms(), "eve")), SetView(KEYS.standing(SITE, "eve"), b"\x93\x09")
    )
    assert opened.get("/v1/users/eve/profile")["known"] is True
    answer = opened.get("/v1/users/eve/facts")
    assert (answer["known"], answer["fallback"], answer["facts"]) == (True, True, {})


def test_many_people_of_one_request_leave_room_for_others(opened: Shop) -> None:
    users = [f"u{number}" for number in range(100)]
    answers = opened.post("/v1/recommendations", {"users": users, "n": 1})["answers"]
    assert [answer["user"] for answer in answers] == users
