"""The pages of campaigns and feedback in a browser: the API's figures, and what one does there."""

import json
import tomllib
from pathlib import Path

import httpx
import msgspec
import pytest

from contracts.campaigns import read_campaign
from contracts.keys import FEEDBACK_TOPIC
from tests.api.running import TopicReader
from tests.conftest import PARTITIONS
from tests.web.conftest import Troubles
from tests.web.desk import CART, Desk, cases, desk, first_results

WIDTHS = (390, 1024, 1600)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture(scope="module")
def url(served: Desk) -> str:
    return served.url


@pytest.fixture
def opened(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/campaigns#cart")
    page.wait_for_selector("#verdict")
    page.wait_for_selector("#list .span")
    return page


@pytest.fixture
def care(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/feedback")
    page.wait_for_selector("#queue li")
    return page


def plain(value: float) -> str:
    """Return a number as the page writes it."""
    return f"{round(value, 3):,}".removesuffix(".0")


def points(share: float | None) -> str:
    if share is None:
        return "\N{EN DASH}"
    return f"{'+' if share > 0 else ''}{plain(round(100 * share, 2))}"


def cells(page, selector: str) -> list[list[str]]:
    """Return the lines of a table."""
    rows = page.locator(f"{selector} tbody tr").all()
    return [[cell.strip() for cell in row.locator("th, td").all_inner_texts()] for row in rows]


def test_the_page_of_campaigns_shows_what_the_api_says(opened, served: Desk) -> None:
    told, one = served.get("campaigns/cart/results"), served.get("campaigns/cart")
    (row,) = [row for row in cells(opened, "#list") if row[0] == CART["name"]]
    sent, uplift = told["sent"], told["uplift"]
    assert row[1:5] == [
        "on",
        plain(one["counts"]["fired"]),
        plain(sent["converted"]),
        f"{plain(round(100 * sent['conversion'], 1))} %",
    ]
    assert points(uplift["difference"]) in row[5]
    assert row[6] == plain(one["counts"]["held"])
    assert f"no consent {one['counts']['consent']}" in row[7]
    bounds = [points(uplift[name]) for name in ("difference", "low", "high")]
    assert all(text in opened.locator("#verdict").inner_text() for text in bounds)
    figures = {row[0]: row[1:] for row in cells(opened, "[aria-label=Figures]")}
    for name in ("triggers", "delivered", "opened", "clicked", "people", "converted", "revenue"):
        assert figures[name] == [plain(told[group][name]) for group in ("sent", "holdout")]
    assert (
        f"A trigger added {plain(told['value_per_send'])} of revenue"
        in opened.locator("#results").inner_text()
    )
    opened.get_by_text("As a table").click()
    over_time = cells(opened, "[aria-label='Uplift over time']")
    assert [row[1:] for row in over_time] == [
        [plain(one[name]) for name in ("people", "converted", "held", "held_converted")]
        + [points(one[name]) for name in ("difference", "low", "high")]
        for one in told["over_time"]
    ]
    assert opened.locator("#results canvas").count() == 1
    for width in WIDTHS:
        opened.set_viewport_size({"width": width, "height": 900})
        assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_of_one_figure_there_is_a_sentence_and_without_bounds_no_revenue(page, url, served) -> None:
    served.campaign(id="early", name="Early", holdout=1 / 3)
    served.write(*first_results(served.now, "early"))
    told = served.get("campaigns/early/results")
    (one,), worth = told["over_time"], told["value_per_send"]
    assert told["uplift"]["low"] is None
    assert worth is not None
    page.set_default_timeout(60_000)
    page.goto(f"{url}/campaigns#early")
    page.wait_for_selector("#verdict")
    text = page.locator("#results").inner_text()
    assert f"{points(one['difference'])} points until" in text
    assert "of 40 people and 20 held out" in text
    assert "bounds come with 100 people" in text
    assert "of revenue" not in text
    assert page.locator("#results canvas").count() == 0


def test_the_results_of_a_deleted_campaign_are_read_and_it_is_made_again(page, url, served) -> None:
    served.campaign(id="gone", name="Long gone")
    served.write(*first_results(served.now, "gone"))
    httpx.delete(f"{url}/v1/campaigns/gone", timeout=20).raise_for_status()
    told = served.get("campaigns/gone/results")
    page.set_default_timeout(60_000)
    page.goto(f"{url}/campaigns#gone")
    page.wait_for_selector("text=Long gone (gone, deleted)")
    figures = {row[0]: row[1:] for row in cells(page, "[aria-label=Figures]")}
    assert figures["people"] == [plain(told[group]["people"]) for group in ("sent", "holdout")]
    assert page.locator("#open input, #open textarea").count() == 0, "it is there to be read"
    page.get_by_text("Versions (2)").click()
    page.get_by_role("button", name="put into the form").click()
    page.locator("#campaign").get_by_role("button", name="Create").click()
    page.wait_for_selector("text=Long gone (gone, version 3)")
    assert served.get("campaigns/gone")["campaign"]["name"] == "Long gone"


def test_an_open_campaign_and_an_open_case_are_accessible(opened, url, request) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    opened.get_by_role("button", name="Whom would it reach?").click()
    opened.wait_for_selector("#preview h3")
    opened.locator("[name=audience]").fill("segmnt == 's1'")
    opened.wait_for_selector("[data-at=audience] .fault")
    screenshots = request.config.getoption("--screenshots")
    for what in ("campaign", "case"):
        found = axe.run(opened, options={"resultTypes": ["violations"]})
        assert found.violations_count == 0, found.generate_report()
        for width in WIDTHS if screenshots else ():
            opened.set_viewport_size({"width": width, "height": 900})
            path = Path(screenshots) / f"{what}-{width}-light.png"
            opened.screenshot(path=path, full_page=True)
        opened.goto(f"{url}/feedback#case/c%2F1")
        opened.wait_for_selector("#case blockquote")


def test_what_is_in_the_form_is_the_campaign(opened, served: Desk) -> None:
    served_as = served.get("campaigns/cart")["campaign"]
    with opened.expect_response("**/v1/campaigns/check") as checked:
        opened.locator("[name=priority]").fill("4")
    assert checked.value.json()["campaign"] == {**served_as, "priority": 4}


def test_what_the_form_and_what_the_engine_finds_wrong_is_said_at_once(opened, served) -> None:
    before = served.get("campaigns/cart")["version"]
    opened.locator("[name=holdout]").fill("95")
    opened.locator("[name=send]").fill('{"banner": 7')
    opened.locator("[name=audience]").fill("segmnt == 's1'")
    for button in ("Save", "Whom would it reach?"):
        opened.get_by_role("button", name=button).click()
        opened.locator(".said.bad", has_text="It has to be right first").wait_for()
    at = {
        "holdout": "expected 0 to 90 %, got 95",
        "send.more": "no JSON: ",
        "audience": "did you mean `segment`?",
    }
    for field, text in at.items():
        assert text in opened.locator(f"[data-at='{field}'] .fault").inner_text()
    assert served.get("campaigns/cart")["version"] == before
    opened.locator("[name=holdout]").fill("10")
    opened.locator("[name=send]").fill('{"banner": 7}')
    opened.locator("[name=audience]").fill("")
    opened.wait_for_function("() => !document.querySelector('.fault, .said.bad')")


def test_whom_it_would_reach_is_said_with_what_was_asked(opened, url) -> None:
    with opened.expect_response("**/v1/campaigns/preview") as answered:
        opened.get_by_role("button", name="Whom would it reach?").click()
    told = answered.value.json()
    opened.wait_for_selector("#preview h3")
    assert told["looked_at"] == 13
    text = opened.locator("#preview").inner_text()
    assert f"{told['fit']} of {told['looked_at']}" in text
    assert "all 13 people of the store" in text
    (asked,) = cells(opened, "[aria-label='What was asked']")
    (condition,) = told["conditions"]
    assert asked[1:] == [condition["stored"], *condition["moments"], str(condition["fit"])]
    links = opened.locator("#preview a").all_inner_texts()
    assert links == told["people"]
    assert len(links) == told["fit"]
    out = {row[0]: row[1] for row in cells(opened, "[aria-label='Who is out']")}
    assert out["have not given the consent"] == str(told["out"]["consent"])
    opened.get_by_text("Replay the log with this draft").click()
    file = tomllib.loads(opened.locator("[aria-label='The draft as a file'] pre").inner_text())
    assert read_campaign({"id": "cart", **file}) == read_campaign(CART)


def test_one_is_made_by_keyboard_and_told_what_is_wrong_as_it_is_typed(page, url, served) -> None:
    page.set_default_timeout(60_000)
    page.goto(f"{url}/campaigns")
    page.wait_for_selector("#list tbody tr")
    page.locator("#make [name=template]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#campaign [name=id]").fill("tea")
    page.keyboard.press("Tab")
    page.keyboard.type("Back to the tea")
    page.keyboard.press("Tab")
    page.keyboard.type("count('view', '1h') >= 3 &&\n segmnt == 's1'")
    fault = page.locator("[data-at=condition] .fault")
    page.locator("text=line 2, column 2").wait_for()
    assert "did you mean `segment`?" in fault.inner_text()
    assert "segmnt == 's1'\n ^" in fault.locator("code").inner_text()
    area = page.locator("[name=condition]")
    assert area.get_attribute("aria-invalid") == "true"
    fault.get_by_role("button").press("Enter")
    assert area.evaluate("one => one.value.slice(one.selectionStart)") == "segmnt == 's1'"
    area.fill("count('view', '1h') >= 3 && segment == 's1'")
    fault.wait_for(state="detached")
    area.press("Tab")
    page.get_by_role("button", name="Create").nth(1).press("Enter")
    page.wait_for_selector("text=Back to the tea (tea, version 1)")
    assert served.get("campaigns/tea")["campaign"]["name"] == "Back to the tea"
    page.get_by_role("button", name="Pause").press("Enter")
    page.wait_for_selector("text=Back to the tea (tea, version 2)")
    assert served.get("campaigns/tea")["campaign"]["enabled"] is False
    page.locator("#list tr", has_text="Back to the tea").locator("text=paused").wait_for()
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Delete").press("Enter")
    page.locator("#list tr", has_text="Back to the tea").wait_for(state="detached")
    assert "tea" not in [one["id"] for one in served.get("campaigns")["campaigns"]]


def test_who_saves_over_somebody_else_s_version_is_told(browser, url, served) -> None:
    page, troubles = browser.new_page(), Troubles()
    troubles.watch(page)
    served.campaign(id="mine", name="Mine")
    page.set_default_timeout(60_000)
    page.goto(f"{url}/campaigns#mine")
    page.wait_for_selector("#verdict")
    served.campaign(id="mine", name="Mine", priority=3)
    page.locator("[name=message]").fill("Other words")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("text=made version 2 meanwhile, and changed priority")
    page.get_by_role("button", name="Keep mine over theirs").click()
    page.wait_for_selector("text=Mine (mine, version 3)")
    kept = served.get("campaigns/mine")["campaign"]
    assert (kept["send"], kept.get("priority")) == ({"message": "Other words", "banner": 7}, None)
    page.close()
    assert [text for text in troubles if "412" not in text] == []


def queue(page) -> list[str]:
    return page.locator("#queue li button").all_inner_texts()


def waits(page, texts: list[str]) -> None:
    """Wait until the queue is of these cases."""
    for _ in range(200):
        if queue(page) == texts:
            return
        page.wait_for_timeout(50)
    assert queue(page) == texts


def test_the_page_of_feedback_shows_what_the_api_says(care, served: Desk) -> None:
    told = served.get("feedback/summary")
    all_, tiles = told["all"], care.locator("#tiles").inner_text()
    for text in (
        f"{round(100 * all_['csat'], 1)} %",
        f"{all_['nps']}\nbetween {all_['nps_low']} and {all_['nps_high']}",
        f"{round(100 * all_['complaint_rate'], 1)} %",
        f"{all_['score']:.3f}\nof late {all_['trend']:.3f}",
        f"{told['cases']['open']}\n{told['cases']['overdue']} overdue",
        f"{told['first_response']['median_hours']} h",
        f"{told['first_response']['p90_hours']} h",
    ):
        assert text in tiles.replace("\n\n", "\n")
    emerging = care.locator("#emerging tbody").inner_text().split("\t")
    assert emerging[:3] == ["billing", "9", "2.5"]
    assert care.locator("#topics tbody tr").all_inner_texts() == ["delivery\t2", "billing\t1"]
    for width in WIDTHS:
        care.set_viewport_size({"width": width, "height": 900})
        assert care.evaluate("document.documentElement.scrollWidth") <= width


def test_the_overdue_stand_on_top_and_others_can_be_chosen(care, served: Desk) -> None:
    assert queue(care) == ["It never came", "More colours, please", "Charged twice"]
    care.get_by_label("Status").select_option("resolved")
    waits(care, ["Broken"])
    care.get_by_label("Status").select_option("waiting")
    care.locator("#topics").get_by_role("button", name="billing").press("Enter")
    waits(care, ["Charged twice"])
    care.locator("#filter [name=topic]").select_option("")
    care.get_by_label("only overdue").check()
    waits(care, ["It never came"])


def test_a_case_is_answered_by_keyboard_and_something_offered(care, served: Desk) -> None:
    care.get_by_role("button", name="It never came").press("Enter")
    care.wait_for_selector("text=Complaint of ada")
    care.locator("[name=note]").fill("A new one is on its way.")
    care.get_by_role("button", name="Propose").press("Enter")
    care.wait_for_selector("text=A voucher of 10 (rebate)")
    reader = TopicReader(served.bootstrap, [FEEDBACK_TOPIC], PARTITIONS)
    care.get_by_role("button", name="Answer", exact=True).press("Enter")
    messages = reader.until(lambda got: any(b'"status"' in (one.value() or b"") for one in got))
    reader.close()
    (event,) = [one for one in (json.loads(m.value() or b"") for m in messages) if "props" in one]
    assert (event["type"], event["user"]) == ("status", "ada")
    assert event["props"] == {
        "feedback": "c/1",
        "status": "answered",
        "note": "A new one is on its way.",
    }
    # There is no flow here: what it does with the event.
    first, *others = cases(served.now)
    past = [(served.now, "answered", "A new one is on its way.")]
    served.cases(msgspec.structs.replace(first, status="answered", due=0, history=past), *others)
    care.wait_for_selector("#case ol li")
    assert "answered. “A new one is on its way.”" in care.locator("#case ol").inner_text()
    assert care.get_by_role("button", name="Resolve").count() == 1
    assert httpx.get(f"{served.url}/v1/feedback/c%2F1").json()["status"] == "answered"
    waits(care, ["More colours, please", "Charged twice"])
