"""Every page in a browser: usable, accessible, without errors; its numbers are the API's.

`pytest tests/web/test_pages.py --screenshots DIR` takes pictures of all of them.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.pages.paths import PAGES
from cli.embedded import EmbeddedBroker
from contracts.keys import Keys
from contracts.replays import Finished
from contracts.settings import RedisSettings
from flows.topics import create_topics
from storage.redis_views import RedisViews
from storage.replays import ReplayStore
from storage.writes import SetView
from tests.api.running import serving
from tests.api.serve.shop import now_ms, shop
from tests.conftest import PARTITIONS
from tests.storage.servers import running
from tests.web.conftest import Troubles
from tests.web.lively import beating, lively

WIDTHS = (390, 1024, 1600)
SCHEMES = ("light", "dark")
LARGEST = 300_000
LOADED = """() => ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind))
    .map((one) => [one.name, one.decodedBodySize])"""
QUERIES = {"/person": "?id=ada", "/concepts": "?name=kettle"}
BAD = {"id": "1", "type": "view", "device": "d1", "time": 1_795_000_000_000, "price": -1}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service with its pages over views of all kinds, with a refused event and two replays."""
    folder, now = tmp_path_factory.mktemp("pages"), now_ms()
    with (
        EmbeddedBroker(folder / "broker", folder / "broker.log") as broker,
        running() as store,
    ):
        create_topics(broker.bootstrap_servers, PARTITIONS)
        fill(store.settings, now)
        given = {"redis.url": store.url, "api.pages": True, "api.store_budget_ms": 5_000}
        with beating(store.settings), serving(broker.bootstrap_servers, **given) as url:
            assert httpx.post(f"{url}/v1/events", json=BAD).status_code == 400
            yield url


def fill(settings: RedisSettings, now: int) -> None:
    for namespace in ("live", "one", "two"):
        views = RedisViews.open(settings, namespace)
        views.write([*shop(now, namespace), *lively(now, namespace)])
        views.close()
    views = RedisViews.open(settings, "two")
    views.write([SetView(Keys("two").feedback("default"), b"{}")])
    views.close()
    replays = ReplayStore(settings)
    for at, name in enumerate(("one", "two")):
        summary = {"events": 8014 + at, "applied": 8000, "users": 61, "items": 220, "rejected": {}}
        summary |= {"triggers": {"c": 12}, "events_per_second": 175.5, "state_hash": f"79365{at}"}
        told = {"namespace": name, "source": "shop.jsonl", "format": "events", "summary": summary}
        replays.put(Finished(time=now + at, workers=1, **told))
    replays.close()


@pytest.fixture
def opened(browser, engine):
    """Opens pages, whose console must stay empty."""
    troubles, contexts = Troubles(), []

    def go(path: str, scheme: str = "light", width: int = 1024) -> Any:
        size = {"width": width, "height": 900}
        context = browser.new_context(color_scheme=scheme, viewport=size, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        troubles.watch(page)
        page.goto(f"{engine}{path}{QUERIES.get(path, '')}")
        settle(page)
        return page

    yield go
    for context in contexts:
        context.close()
    assert troubles == []


def settle(page: Any) -> None:
    """Wait until a page has what it asked for, and the stream if it listens to one."""
    page.wait_for_function(
        """() => {
            const state = document.querySelector('#state')
            const asked = performance.getEntriesByType('resource')
            const quiet = asked.every((one) => performance.now() - one.responseEnd > 300)
            return quiet && (!state || state.className === 'live')
        }"""
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_small_fits_every_screen_and_is_accessible(opened, engine, path, request):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here").Axe()
    screenshots = request.config.getoption("--screenshots")
    for scheme in SCHEMES:
        page = opened(path, scheme)
        only = {} if scheme == "light" else {"runOnly": ["color-contrast"]}
        loaded = page.evaluate(LOADED)
        assert all(name.startswith(engine) for name, _ in loaded), "something is from elsewhere"
        assert sum(size for _, size in loaded) < LARGEST
        found = axe.run(page, options={"resultTypes": ["violations"], **only})
        assert found.violations_count == 0, found.generate_report()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"at {width} pixels the page is {wide} wide"
            if screenshots:
                page.wait_for_timeout(500)
                name = f"{path.strip('/') or 'live'}-{width}-{scheme}.png"
                page.screenshot(path=Path(screenshots) / name, full_page=True)


def cells(page: Any, id_: str) -> list[list[str]]:
    """Return the body of a table, as text."""
    rows = page.locator(f"#{id_} tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def figures(row: list[str]) -> list[float]:
    """Return the numbers of a row, which are written with commas."""
    plain = (text.replace(",", "") for text in row)
    return [float(text) for text in plain if text.lstrip("-").replace(".", "", 1).isdigit()]


def test_the_live_page_says_what_the_api_says(opened, engine):
    page = opened("/")
    stats = httpx.get(f"{engine}/v1/stats").json()
    events = stats["events"]
    figure = {
        one.get_attribute("data-figure"): one.inner_text()
        for one in page.locator("#stages dd").all()
    }
    assert int(figure["applied"]) == events["applied"]
    assert int(figure["late"]) == events["late"]
    assert int(figure["rejected"]) == sum(events["rejected"].values()) == 2
    assert int(figure["waiting"]) == sum(part["lag"] for part in stats["progress"])
    funnel = stats["models"]["default"]["rates"]["funnel"]["last"]["15"]
    assert [figures(row)[0] for row in cells(page, "funnel")] == list(funnel.values())
    board = stats["scoreboard"]["default"]
    names = ("predictions", "hr@10", "mrr@20", "ndcg@10")
    shown = {row[0]: figures(row) for row in cells(page, "scores")}
    assert shown["blend"] == [board["models"]["blend"][name] for name in names]
    trending = httpx.get(f"{engine}/v1/trending", params={"n": 2}).json()["items"]
    assert len(page.locator("#trending li").all()) == len(trending)
    (rule,) = httpx.get(f"{engine}/v1/rules", params={"item": "hose"}).json()["rules"]
    assert figures(cells(page, "rules")[0]) == [rule["lift"], rule["confidence"]]
    intent = next(row for row in cells(page, "models") if row[0].startswith("intent"))
    told = stats["models"]["default"]["intent"]
    assert figures(intent)[:2] == [told["learned"], told["contest"]["loss"]]
    assert intent[3] == f"tree {told['contest']['challengers']['tree']['loss']}"


def test_the_operations_page_says_what_the_api_says(opened, engine):
    page = opened("/operations")
    stats = httpx.get(f"{engine}/v1/stats").json()
    (part,) = stats["progress"]
    assert cells(page, "parts")[0][:3] == [part["part"], str(part["offset"]), str(part["lag"])]
    (worker,) = stats["workers"]
    assert cells(page, "workers")[0][:3] == ["0", str(worker["run"]), str(worker["pid"])]
    assert page.locator("#length").inner_text() == f"{stats['checkpoint']['seconds']:.0f} s"
    told = stats["models"]["default"]["intent"]
    guard = next(row for row in cells(page, "guards") if row[0] == "intent")
    counts = ("learned", "refused", "errors", "rollbacks", "restarts")
    assert figures(guard) == [told[name] for name in counts]
    assert guard[-1] == told["cause"]
    (contest,) = cells(page, "contests")
    tree = told["contest"]["challengers"]["tree"]
    expected = [tree["loss"], tree["judged"], tree["log10_evidence"], 0]
    assert figures(contest) == [told["contest"]["loss"], *expected]
    assert "carts: 0.1 to 0.7" in str(cells(page, "drifts"))


def test_a_refused_event_is_mended_and_sent_again_and_another_let_go(opened, engine):
    page = opened("/operations")
    listed = httpx.get(f"{engine}/v1/rejects", params={"state": "open"}).json()["rejects"]
    assert [row[0] for row in cells(page, "rejects")] == [one["id"] for one in listed]
    page.get_by_role("button", name=listed[0]["id"]).click()
    text = page.get_by_label("The event, as it came")
    assert json.loads(text.input_value()) == BAD
    # What is no JSON is not sent, and what is refused again stays to be mended further.
    text.fill(json.dumps(BAD)[:-1])
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_selector("dialog >> text=/no JSON: .*line 1 column/")
    still_wrong = json.dumps({**BAD, "price": -2})
    text.fill(still_wrong)
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_selector("dialog >> text=/refused again: .*price/")
    assert text.input_value() == still_wrong
    page.wait_for_function("() => document.querySelectorAll('#rejects tbody tr').length === 2")
    text.fill(json.dumps({**BAD, "price": 1}))
    page.get_by_role("button", name="Send it again").click()
    page.wait_for_selector("text=1 sent again")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Let these go").click()
    page.wait_for_selector("text=1 let go")
    counts = httpx.get(f"{engine}/v1/rejects").json()["counts"]
    assert {state: sum(of.values()) for state, of in counts.items()} == {
        "open": 0,
        "retried": 1,
        "dropped": 1,
    }


def test_replays_are_listed_and_compared(opened, engine):
    page = opened("/operations")
    page.wait_for_selector("#replays code")
    replays = httpx.get(f"{engine}/v1/replays").json()["replays"]
    shown = {row[0]: row for row in cells(page, "replays")}
    for one in replays:
        summary = one["summary"]
        row = shown[one["namespace"]]
        assert row[3] == f"{summary['events']:,}"
        assert row[-1] == summary["state_hash"]
    form = page.locator("#compare")
    form.get_by_label("Compare").select_option("one")
    form.get_by_label("with").select_option("two")
    form.get_by_role("button", name="Compare").click()
    page.wait_for_selector("text=one and two differ.")
    kinds = httpx.get(f"{engine}/v1/replays/diff", params={"a": "one", "b": "two"}).json()["kinds"]
    names = ("same", "changed", "only_in_a", "only_in_b")
    told = {kind: [found[name] for name in names] for kind, found in kinds.items()}
    rows = page.locator("#difference > table tbody tr").all()
    texts = [row.locator("th, td").all_inner_texts() for row in rows]
    assert {row[0]: figures(row[1:]) for row in texts} == told


MAP = """async (segments) => {
    const { drawSegments } = await import('./web/segment-map.js')
    document.querySelector('main').insertAdjacentHTML('afterbegin', '<svg id="map" role="group" '
        + 'aria-label="Map" viewBox="-110 -72 220 148"></svg><ol id="segments"></ol>')
    drawSegments(segments)
}"""
LABELS = """() => [...document.querySelectorAll('#map text:not(.place)')].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect()
    const shown = getComputedStyle(one).visibility === 'visible'
    return [one.textContent, shown, x, y, x + width, y + height]
})"""


def test_every_segment_says_its_name_where_there_is_room_or_when_it_is_pointed_at(opened):
    page = opened("/concepts")
    names = [f"{kind} buyers of {what}" for kind in ("weekend", "night") for what in "abcdef"]
    told = {"telling": "", "size": 9, "share": 0.083}
    crowd = [
        {"id": f"s{at}", "name": name, "x": at % 4, "y": at // 4 % 2 * 0.1, **told}
        for at, name in enumerate(names)
    ]
    page.evaluate(MAP, crowd)
    labels = page.evaluate(LABELS)
    assert [label[0] for label in labels] == names
    shown = [box for _, visible, *box in labels if visible]
    assert 2 < len(shown) < len(names), "some have no room, or this would prove nothing"
    for at, (left, top, right, bottom) in enumerate(shown):
        for x, y, to_x, to_y in shown[:at]:
            assert to_x <= left or right <= x or to_y <= top or bottom <= y
    hidden = [name for name, visible, *_ in labels if not visible]
    pointing = [lambda one: one.locator(".place").hover(), lambda one: one.focus()]
    for point, name in zip(pointing, hidden, strict=False):
        page.mouse.move(0, 0)
        page.keyboard.press("Tab")
        point(page.get_by_role("img", name=name, exact=True))
        assert [label[0] for label in page.evaluate(LABELS) if label[1]] == [name]
    listed = page.locator("#segments li").all_inner_texts()
    assert [line.partition(" (")[0] for line in listed] == names


def test_the_concept_graph_is_walked_with_mouse_keys_and_words(opened, engine):
    page = opened("/concepts")
    told = httpx.get(f"{engine}/v1/concepts/kettle").json()["concept"]
    page.wait_for_selector("#items tbody td")
    related = {row[0]: float(row[1]) for row in cells(page, "related")}
    assert related == {one["name"]: one["strength"] for one in told["related"]}
    items = [float(row[-1]) for row in cells(page, "items")]
    assert items == [one["strength"] for one in told["items"]]
    facts = page.locator("#facts").inner_text()
    assert str(told["share"]) in facts
    assert f"{told['trend']} times" in facts
    drawn = set(page.locator("#graph text").all_text_contents())
    assert drawn == {"kettle", "teapot", "tea", "cup", "kitchen"}
    widths = {
        float(line.get_attribute("stroke-width") or 0)
        for line in page.locator("#graph line.related").all()
    }
    assert len(widths) > 1, "the stronger the wider"

    page.locator("#graph a", has_text="teapot").click()
    page.wait_for_function(
        "() => document.querySelector('#concept-title').textContent === 'teapot'"
    )
    assert page.url.endswith("?name=teapot")
    tea = page.locator('#graph a[href="?name=tea"]')
    tea.focus()
    before = page.locator("#graph").get_attribute("viewBox")
    page.set_viewport_size({"width": 800, "height": 900})
    page.wait_for_function(
        "(old) => document.querySelector('#graph').getAttribute('viewBox') !== old", arg=before
    )
    assert tea.evaluate("link => link === document.activeElement"), "drawn again, and lost it"
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('#concept-title').textContent === 'tea'")
    page.go_back()
    page.wait_for_function(
        "() => document.querySelector('#concept-title').textContent === 'teapot'"
    )
    page.get_by_label("Look up").fill("kitchn")
    page.wait_for_selector("#found >> text=spelt alike")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "() => document.querySelector('#concept-title').textContent === 'kitchen'"
    )
