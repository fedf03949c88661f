from collections.abc import Iterator
from urllib.parse import quote

import pytest

from contracts.keys import Keys
from storage.writes import SetView
from tests.api.serve.knowledge import MINUTE, knowledge
from tests.api.serve.shop import SITE, Shop, fill, now_ms, open_shop, shop
from tests.storage.servers import StoreServer


@pytest.fixture(scope="module")
def now() -> int:
    return now_ms()


@pytest.fixture(scope="module")
def opened(store_server: StoreServer, now: int) -> Iterator[Shop]:
    fill(store_server, [*shop(now), *knowledge(now)])
    with open_shop(store_server) as opened:
        yield opened


def test_rules_of_an_item_say_how_sure_they_are(opened: Shop, now: int) -> None:
    answer = opened.get("/v1/rules", item="rake")
    (order,) = [rule for rule in answer["rules"] if rule["basis"] == "order"]
    assert (order["given"], order["then"], order["count"], order["missed"]) == (
        ["rake"],
        "hose",
        12,
        0,
    )
    assert order["confidence"] == pytest.approx(0.5, abs=0.01)
    assert order["support"] == pytest.approx(0.25, abs=0.01)
    assert order["lift"] == pytest.approx(2.0, abs=0.01)
    assert answer["baskets"] == {"order": 48, "visit": 51}
    assert (answer["as_of"], answer["fallback"]) == (now - 10 * MINUTE, False)


def test_triples_and_visits_are_told_apart(opened: Shop) -> None:
    rules = opened.get("/v1/rules", item="kettle", basis="order")["rules"]
    assert {rule["basis"] for rule in rules} == {"order"}
    given = [sorted(rule["given"]) for rule in rules]
    assert ["cup", "kettle"] in given
    visits = opened.get("/v1/rules", item="kettle", basis="visit", n=1)["rules"]
    assert [rule["basis"] for rule in visits] == ["visit"]


def test_an_item_without_rules_is_no_error(opened: Shop) -> None:
    answer = opened.get("/v1/rules", item="never heard of")
    assert (answer["rules"], answer["fallback"], answer["degraded"]) == ([], True, False)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/rules", "item"),
        ("/v1/rules?item=", "item"),
        ("/v1/rules?item=a&basis=week", "basis"),
        ("/v1/rules?item=a&n=0", "n"),
        ("/v1/rules?itme=a", "itme"),
        ("/v1/search", "q"),
        ("/v1/search?q=%20", "q"),
        ("/v1/concepts?q=a&n=x", "n"),
        ("/v1/concepts/" + "a" * 300, "name"),
    ],
)
def test_bad_questions_name_the_field(opened: Shop, path: str, field: str) -> None:
    response = opened.http.get(path)
    assert response.status_code == 400
    assert response.json()["faults"][0]["field"] == field


def test_a_concept_has_its_surroundings(opened: Shop) -> None:
    answer = opened.get("/v1/concepts/Kettles")
    concept = answer["concept"]
    assert (answer["asked"], answer["known"]) == ("Kettles", True)
    assert (concept["name"], concept["parents"]) == ("kettle", ["kitchen"])
    related = [one["name"] for one in concept["related"]]
    assert "teapot" in related
    assert "hose" not in related
    assert concept["items"][0]["item"] in ("kettle", "teapot")
    assert concept["trend"] > 0


@pytest.mark.parametrize("name", ["TEAPOT", "teapots", "teepot", "taepot"])
def test_a_concept_is_found_in_any_spelling(opened: Shop, name: str) -> None:
    assert opened.get(f"/v1/concepts/{name}")["concept"]["name"] == "teapot"


@pytest.mark.parametrize("name", ["nothing like it", "a/b ü%", "%00", "🙂"])
def test_an_unknown_concept_is_no_error(opened: Shop, name: str) -> None:
    answer = opened.get(f"/v1/concepts/{quote(name, safe='')}")
    assert (answer["known"], answer["concept"], answer["fallback"]) == (False, None, True)


def test_concepts_are_looked_up_by_their_beginning_and_by_a_slip(opened: Shop) -> None:
    def found(text: str) -> list[tuple[str, str]]:
        concepts = opened.get("/v1/concepts", q=text)["concepts"]
        return [(one["name"], one["match"]) for one in concepts]

    assert ("kettle", "prefix") in found("ket")
    assert ("kettle", "spelling") in found("ketlle")
    assert found("kettle")[0] == ("kettle", "exact")
    assert found("?") == []
    most_met = opened.get("/v1/concepts", n=3)["concepts"]
    assert len(most_met) == 3
    assert most_met[0]["share"] >= most_met[1]["share"] >= most_met[2]["share"]


def test_a_search_finds_what_does_not_hold_the_word(opened: Shop) -> None:
    answer = opened.get("/v1/search", q="tea time")
    items = [one["item"] for one in answer["items"]]
    assert set(items[:3]) == {"kettle", "teapot", "cup"}
    assert "gone" not in items
    assert answer["concepts"][0]["strength"] == 1.0
    assert answer["fallback"] is False


def test_a_misspelt_search_finds_what_was_meant(opened: Shop) -> None:
    items = [one["item"] for one in opened.get("/v1/search", q="ketttle")["items"]]
    assert items[0] in ("kettle", "teapot")
    nothing = opened.get("/v1/search", q="xyzzyqq")
    assert (nothing["items"], nothing["concepts"], nothing["fallback"]) == ([], [], True)


def test_damaged_views_are_as_good_as_none(opened: Shop) -> None:
    keys = Keys("live")
    opened.write(
        SetView(keys.rules(SITE, "broken"), b"\xc1", None),
        SetView(keys.concept(SITE, "broken"), b"\x93\x01", None),
    )
    assert opened.get("/v1/rules", item="broken")["rules"] == []
    assert opened.get("/v1/concepts/broken")["known"] is False


def test_a_profile_speaks_in_concepts(opened: Shop) -> None:
    profile = opened.get("/v1/users/ada/profile")["profile"]
    assert [one["name"] for one in profile["concepts"]] == ["garden", "kitchen"]
    assert profile["concepts"][0]["weight"] == pytest.approx(4.0, rel=0.01)
