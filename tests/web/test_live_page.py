"""The live page and its stream: served only where they are asked for."""

import json

import httpx
import pytest

from tests.api.running import headers, serving
from tests.web.lively import beating

PARTS = (
    *("events", "answers", "lag_ms", "parts", "segments", "trending", "scoreboard", "models"),
    "triggers",
)


def read(url: str, wanted: int) -> list[tuple[str, object]]:
    """Return the first messages of the stream: name and data."""
    found: list[tuple[str, object]] = []
    name = ""
    with httpx.stream("GET", f"{url}/v1/live/stream", timeout=30) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                found.append((name, json.loads(value)))
            if len(found) == wanted:
                return found
    raise AssertionError("the stream ended")


def test_without_the_setting_there_is_no_page(broker, store_url):
    with serving(broker, **{"redis.url": store_url}) as url:
        assert httpx.get(f"{url}/").headers["location"] == "/docs"
        for path in ("/shop", "/v1/live/stream", "/web/live.js"):
            assert httpx.get(f"{url}{path}").status_code == 404


def test_the_page_loads_nothing_from_elsewhere(url):
    page = httpx.get(f"{url}/")
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    files = ("vendor/uplot.css", "headrace.css", "vendor/uplot.js", "live.js")
    assert all(f"web/{file}" in page.text for file in files)


def test_the_stream_begins_with_the_past_and_goes_on(url):
    (first, history), (second, picture) = read(url, 2)
    assert (first, second) == ("history", "picture")
    assert isinstance(history, list)
    assert isinstance(picture, dict)
    assert all(part in picture for part in PARTS)
    assert [item["title"] for item in picture["trending"]]
    # Answers that others get are counted; the page itself asks for none.
    httpx.get(f"{url}/v1/trending", headers=headers("any")).raise_for_status()
    assert read(url, 2)[-1][1]["answers"] == picture["answers"] + 1


@pytest.fixture
def heart(store_server):
    with beating(store_server.settings) as stop:
        yield stop


def test_the_page_says_when_no_worker_is_heard_of(heart, page, url):
    page.goto(url)
    page.wait_for_selector("#state.live")
    heart.set()
    said = page.wait_for_selector("text=no worker was heard of for")
    assert said.get_attribute("class") == "broken"


def test_the_service_stops_while_somebody_looks(own_broker, store_url):
    given = {"redis.url": store_url, "api.pages": True}
    with serving(own_broker.bootstrap_servers, **given) as url:
        stream = httpx.stream("GET", f"{url}/v1/live/stream", timeout=60)
        response = stream.__enter__()
        lines = response.iter_lines()
        assert next(lines) == "event: history"
        assert "event: picture" in lines
    list(lines)
    stream.__exit__(None, None, None)
