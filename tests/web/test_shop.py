"""The demo shop in a browser: it shows what the API says, and tells it what the visitor does."""

import json

import pytest

from contracts.keys import CLICK_TOPIC
from tests.api.running import TopicReader
from tests.conftest import PARTITIONS

WIDTHS = (390, 1024, 1600)


@pytest.fixture
def shop_page(page, url):
    page.set_default_timeout(60_000)
    page.goto(f"{url}/shop")
    page.wait_for_selector(".good")
    return page


def test_a_visitor_finds_an_item_and_puts_it_into_the_cart(shop_page, own_broker):
    shop_page.locator(".good", has_text="Teapot").first.click()
    shop_page.get_by_role("button", name="Add to cart").click()
    shop_page.wait_for_function("document.querySelector('#in-cart').textContent === '1'")
    reader = TopicReader(own_broker.bootstrap_servers, [CLICK_TOPIC], PARTITIONS)

    def types(messages):
        return {(e["type"], e.get("item")) for e in (json.loads(m.value()) for m in messages)}

    reader.until(lambda got: {("view", "teapot"), ("add_to_cart", "teapot")} <= types(got))
    reader.close()


def test_it_fits_every_screen_and_says_what_is_not_known_yet(shop_page):
    assert "Nothing yet" in shop_page.locator("#known").inner_text()
    for width in WIDTHS:
        shop_page.set_viewport_size({"width": width, "height": 900})
        assert shop_page.evaluate("document.documentElement.scrollWidth") <= width
