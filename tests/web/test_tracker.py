"""headrace.js in a browser, against the real collector: what it sends is what the log holds."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from contracts.keys import CLICK_TOPIC, FEEDBACK_TOPIC
from tests.api.running import TopicReader
from tests.cli.running import ROOT
from tests.conftest import PARTITIONS
from web import FILES


@pytest.fixture
def log(own_broker) -> Iterator[TopicReader]:
    topics = (CLICK_TOPIC, FEEDBACK_TOPIC)
    reader = TopicReader(own_broker.bootstrap_servers, topics, PARTITIONS)
    yield reader
    reader.close()


def events(log: TopicReader, count: int) -> list[dict[str, object]]:
    """Return what lies on the log, in the order of the visitor's clock; repeats once."""

    def distinct(messages):
        return {event["id"]: event for event in (json.loads(m.value()) for m in messages)}

    found = distinct(log.until(lambda got: len(distinct(got)) >= count))
    assert len(found) == count
    return sorted(found.values(), key=lambda event: event["time"])


BLANK = "<!doctype html><title>A shop</title><link rel='icon' href='data:,'>"


def visit(page, url):
    """Open a page of the service's origin that has nothing but the tracker."""
    page.route(f"{url}/blank", lambda route: route.fulfill(body=BLANK, content_type="text/html"))
    page.goto(f"{url}/blank", timeout=60_000)
    page.add_script_tag(url=f"{url}/web/headrace.js")
    page.evaluate("headrace.load({ writeKey: 'any' })")
    return page


@pytest.fixture
def visited(page, url):
    return visit(page, url)


def test_it_is_small():
    assert len(gzip.compress((FILES / "headrace.js").read_bytes(), 9)) < 5_000


def test_events_are_on_the_log_with_their_fields_in_place(visited, log):
    visited.evaluate(
        "headrace.track('view', { item: 'kettle', price: 30, currency: 'EUR', brand: 'acme' })"
    )
    (event,) = events(log, 1)
    assert (event["type"], event["item"], event["price"]) == ("view", "kettle", 30)
    assert event["props"] == {"brand": "acme"}
    assert event["device"] == visited.evaluate("headrace.person.device")


def test_a_visitor_who_signs_in_and_one_who_comes_after(visited, log):
    visited.evaluate("headrace.identify('ada', { plan: 'free' })")
    (joined,) = events(log, 1)
    assert (joined["type"], joined["user"]) == ("identify", "ada")
    visited.evaluate("headrace.reset()")
    visited.evaluate("headrace.track('view', { item: 'cup' })")
    _, other = events(log, 2)
    assert other.get("user") is None
    assert other["device"] != joined["device"]


def test_what_happens_without_a_network_is_sent_once_when_it_is_back(browser, url, log):
    context = browser.new_context()
    page = visit(context.new_page(), url)
    context.set_offline(True)
    page.evaluate("for (const item of ['cup', 'rake']) headrace.track('view', { item })")
    page.wait_for_timeout(300)
    # Another page of the same browser takes over what waited.
    page.close()
    context.set_offline(False)
    page = visit(context.new_page(), url)
    assert [event["item"] for event in events(log, 2)] == ["cup", "rake"]
    page.wait_for_function("JSON.parse(localStorage.getItem('headrace.queue')).length === 0")


def test_what_is_seen_and_clicked_names_the_answer(visited, log):
    answer = visited.evaluate("headrace.recommend({ n: 3, exclude: ['kettle'] })")
    assert "kettle" not in [item["item"] for item in answer["items"]]
    visited.evaluate(
        """(answer) => {
            const box = document.createElement('button')
            box.textContent = answer.items[1].item
            document.body.append(box)
            headrace.observe(box, answer, 1)
        }""",
        answer,
    )
    (seen,) = events(log, 1)
    visited.locator("button").click()
    _, clicked = events(log, 2)
    expected = (answer["items"][1]["item"], answer["request"], 1)
    for event, type_ in ((seen, "impression"), (clicked, "click")):
        assert event["type"] == type_
        assert (event["item"], event["request"], event["position"]) == expected


def test_what_is_wrong_is_told_and_dropped(browser, url, log):
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    visit(page, url)
    page.evaluate("headrace.track('view', { item: 'cup', price: -1 })")
    page.wait_for_function("JSON.parse(localStorage.getItem('headrace.queue')).length === 0")
    assert any("events refused (400)" in text and "price" in text for text in said)
    page.evaluate("for (const price of [-2, 1]) headrace.track('view', { item: 'cup', price })")
    page.wait_for_function("JSON.parse(localStorage.getItem('headrace.queue')).length === 0")
    assert any("events refused (200)" in text and "price" in text for text in said)
    (good,) = events(log, 1)
    assert good["price"] == 1
    assert good["item"] == "cup"


@pytest.fixture
def own_page(url: str) -> Iterator[str]:
    """The example of a page of one's own, which hands on to the service."""
    command = [sys.executable, str(ROOT / "examples/page/serve.py"), "0", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().split()[-1]
        server.terminate()


def test_the_example_shows_recommendations_and_tells_what_is_clicked(own_page, page, log):
    page.set_default_timeout(60_000)
    page.goto(own_page)
    page.wait_for_selector("#shelf button")
    device = page.evaluate("headrace.person.device")
    answer = httpx.get(f"{own_page}v1/users/device:{device}/recommendations?n=6").json()
    assert page.locator("#shelf li").count() == len(answer["items"])
    chosen = page.locator("#shelf button").nth(0).inner_text()
    page.locator("#shelf button").nth(0).click()
    seen = log.until(lambda got: any(json.loads(m.value())["type"] == "view" for m in got))
    views = [e for e in (json.loads(m.value()) for m in seen) if e["type"] == "view"]
    assert chosen.lower() == views[0]["item"]
    assert httpx.get(f"{own_page}v1/users/ada/profile").status_code == 404
