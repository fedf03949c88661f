"""The demo shop in a browser: it shows what the API says, and tells it what the visitor does."""

import json
from urllib.parse import unquote

import httpx
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


def test_what_is_known_of_a_visitor_and_of_the_goods_is_what_the_api_says(page, url):
    page.set_default_timeout(60_000)
    signed_in = json.dumps(json.dumps({"device": "d1", "user": "ada"}))
    page.add_init_script(f"localStorage.setItem('headrace.person', {signed_in})")
    page.goto(f"{url}/shop")
    page.wait_for_selector("#known dl")
    known = httpx.get(f"{url}/v1/users/ada/profile").json()["profile"]
    panel = page.locator("#known")
    names, values = panel.locator("dt").all_inner_texts(), panel.locator("dd").all_inner_texts()
    told = dict(zip(names, values, strict=True))
    assert told["stage"] == known["stage"]
    assert (told["events"], told["visits"]) == (str(known["events"]), str(known["sessions"]))
    assert (told["in the cart"], told["orders"]) == (
        str(len(known["cart"]["items"])),
        str(known["orders"]["frequency"]),
    )
    first = ", ".join(
        f"{one['name']} {one['weight']:.1f}" for one in known["interests"]["categories"][:4]
    )
    assert told["categories"] == (first or "none yet")
    scores = httpx.get(f"{url}/v1/users/ada/segments").json()["scores"]
    assert scores
    assert {name: told[name] for name in scores} == {
        name: f"{score['value']:.3f}" for name, score in scores.items()
    }
    for good in page.locator(".good").all():
        id_ = unquote(good.get_attribute("href").removeprefix("#item/"))
        (item,) = httpx.get(f"{url}/v1/items", params={"id": id_}).json()["items"]
        assert good.locator("b").inner_text() == (item.get("title") or id_)
        if item.get("price") is not None:
            assert f"{item['price']:,.2f}" in good.inner_text()


def test_what_was_known_stands_while_answers_are_degraded(page, url, store_server):
    page.set_default_timeout(60_000)
    signed_in = json.dumps(json.dumps({"device": "d1", "user": "ada"}))
    page.add_init_script(f"localStorage.setItem('headrace.person', {signed_in})")
    page.goto(f"{url}/shop")
    page.wait_for_selector("#known dl")
    before = page.locator("#known").inner_text()
    store_server.stop()
    try:
        with page.expect_response("**/v1/users/ada/segments") as answered:
            page.evaluate("location.hash = 'cart'")
        assert answered.value.json()["degraded"]
        page.wait_for_selector("text=Your cart is empty")
        assert page.locator("#known").inner_text() == before
        # Of somebody else nothing was known, and it is not said that there is nothing.
        page.get_by_role("button", name="Be somebody else").click()
        page.wait_for_selector("text=What is known cannot be read just now.")
    finally:
        store_server.start()  # it is of other tests too


def test_it_fits_every_screen_and_says_what_is_not_known_yet(shop_page):
    assert "Nothing yet" in shop_page.locator("#known").inner_text()
    for width in WIDTHS:
        shop_page.set_viewport_size({"width": width, "height": 900})
        assert shop_page.evaluate("document.documentElement.scrollWidth") <= width
