"""The person page in a browser: what the API says of somebody, in words and tables."""

import json

import httpx
import msgspec

from contracts.codec import pack
from contracts.keys import Keys
from contracts.past import Past, noted
from storage.redis_views import RedisViews
from storage.writes import SetView
from tests.api.serve.shop import now_ms, standing
from tests.api.triggers.firing import fire, trigger

WIDTHS = (390, 1024, 1600)


def with_past(server) -> None:
    """Give Ada scores and segments of before, and triggers."""
    now = now_ms()
    points = noted(noted(b"", now - 600_000, 0.25, 4), now, 0.7, 4)
    past = Past({"intent": points}, [("s9", now - 600_000), ("s1", now - 60_000)])
    known = msgspec.structs.replace(standing(now), past=past)
    views = RedisViews.open(server.settings)
    views.write([SetView(Keys().standing("default", "ada"), pack(known))])
    views.close()
    fire(server.url, [trigger(n, user="ada", variant="warm") for n in range(2)])


def cells(page, label: str) -> list[list[str]]:
    """Return the lines of a table."""
    rows = page.locator(f"[aria-label='{label}'] tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def lines(page, heading: str) -> list[list[str]]:
    """Return the lines of the table under a heading."""
    part = page.locator("section", has=page.get_by_role("heading", name=heading, exact=True))
    rows = part.locator("tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def facts_of(page, heading: str) -> dict[str, str]:
    part = page.locator("section", has=page.get_by_role("heading", name=heading, exact=True))
    names, values = part.locator("dt").all_inner_texts(), part.locator("dd").all_inner_texts()
    return dict(zip(names, values, strict=True))


def plain(value: float, digits: int) -> str:
    """Return a number as the page writes it."""
    return f"{round(value, digits):,}".removesuffix(".0")


def test_somebody_is_shown_as_the_api_knows_them(page, url, store_server):
    with_past(store_server)
    page.set_default_timeout(60_000)
    page.goto(f"{url}/person?id=ada")
    page.wait_for_selector("text=Recommended when you came")
    text = page.locator("#person").inner_text()
    known = httpx.get(f"{url}/v1/users/ada/profile").json()["profile"]
    assert f"{known['stage']}: {known['sessions']} visits and {known['events']} events" in text
    assert "kitchen fans" in text
    past = httpx.get(f"{url}/v1/users/ada/history").json()
    (score,) = cells(page, "Scores")
    assert score[0].startswith("intent\n")
    assert score[1] == "0.7"
    said = page.locator("[aria-label='Scores'] svg").get_attribute("aria-label")
    assert said.startswith("intent from 0.25 ")
    assert f"in {len(past['scores']['intent'])} points" in said
    sent = httpx.get(f"{url}/v1/users/ada/triggers").json()["triggers"]
    assert [row[0] for row in cells(page, "Triggers")] == [one["data"]["campaign"] for one in sent]
    assert [row[2] for row in cells(page, "Triggers")] == ["warm", "warm"]
    assert len(past["visits"]) == 1
    assert page.get_by_role("img", name="1 visit from").count() == 1
    assert "s9" in text
    weights = [
        (one["name"], kind, plain(one["weight"], 1))
        for kind, of in (("category", "categories"), ("brand", "brands"), ("tag", "tags"))
        for one in known["interests"][of][:5]
    ]
    assert [tuple(row[:3]) for row in lines(page, "Interests")] == weights
    factual = httpx.get(f"{url}/v1/users/ada/facts").json()["facts"]
    told = facts_of(page, "Facts told of them")
    assert told == {name: str(value).removesuffix(".0") for name, value in factual.items()}
    counted = [[plain(one[of], 0) for of in ("touches", "items")] for one in past["visits"][:10]]
    assert [row[2:] for row in lines(page, "Visits, of the last touches")] == counted
    assert len(lines(page, "What they did")) == min(20, len(known["recents"]))
    # Answers differ by the moment: what is shown is the order and the reasons of this one.
    assert all(float(row[2]) <= 1 and row[1] for row in lines(page, "Recommended when you came"))
    assert "nothing was said" in text
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_somebody_else_is_found_and_nobody_is_said_to_be_unknown(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/person")
    page.get_by_role("searchbox").or_(page.locator("input")).first.fill("nobody/at all")
    page.get_by_role("button", name="Look up").click()
    page.wait_for_selector("text=Nothing is known of them.")
    assert "id=nobody%2Fat%20all" in page.url
    page.go_back()


def test_somebody_is_exported_and_erased_once_it_is_meant(page, url, store_server):
    with_past(store_server)
    page.set_default_timeout(60_000)
    page.goto(f"{url}/person?id=ada")
    with page.expect_download() as loaded:
        page.get_by_role("button", name="Export").press("Enter")
    told = json.loads(loaded.value.path().read_text())
    assert (told["user"], told["profiles"][0]["stage"]) == ("ada", "customer")
    assert [one["id"] for one in told["standings"][0]["past"]["segments"]] == ["s9", "s1"]
    page.get_by_role("button", name="Erase").press("Enter")
    page.get_by_label("Type the id").fill("adam")
    page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    assert page.get_by_role("dialog").count() == 1, "another id is not this one"
    page.get_by_label("Type the id").fill("ada")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Erased, with")
    assert httpx.get(f"{url}/v1/users/ada/profile").json()["known"] is False
    page.wait_for_selector("text=Nothing is known of them.")
    assert "Erased, with 1 id; " in page.locator("#person").inner_text()
