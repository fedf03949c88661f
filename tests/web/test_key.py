"""Pages of a service that asks for keys: they ask whoever looks, and keep it for the tab only."""

import httpx
import pytest

from cli.embedded.ports import free_port
from tests.api.running import serving
from tests.api.serve.shop import fill, now_ms, shop
from tests.storage.servers import StoreServer

SECRET = "a secret of the shop"
OPERATOR = "the key of whoever runs it"
CART = {"id": "cart", "name": "Cart of books", "template": "cart_abandoned"}


@pytest.fixture
def keyed(own_broker, store_server: StoreServer):
    fill(store_server, shop(now_ms()))
    given = {
        "redis.url": store_server.url,
        "api.pages": True,
        "api.sites": {"default": "a write key", "books": "another"},
        "api.admin_key": OPERATOR,
        "api.secrets": {"default": SECRET},
    }
    port = free_port()
    ports = {"api.port": port, "api.operations_port": port}
    with serving(own_broker.bootstrap_servers, **given, **ports) as served:
        yield served


def test_a_key_is_asked_for_once_and_kept_for_the_tab(browser, keyed):
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{keyed}/person?id=ada")
    for given, why in (("not it", "is not for everybody"), (SECRET, "That key is not known.")):
        page.wait_for_selector(f"dialog >> text={why}")
        assert "Bearer" not in page.locator("dialog").inner_text(), "that is for programs"
        page.get_by_label("Your key").fill(given)
        page.get_by_role("button", name="Open").click()
    page.wait_for_selector("text=Recommended when you came")
    assert page.locator("dialog").count() == 0
    page.reload()
    page.wait_for_selector("text=Recommended when you came")
    assert page.evaluate("Object.values(sessionStorage)") == [SECRET]
    assert page.evaluate("Object.keys(localStorage)") == []
    page.close()


def test_an_operator_s_key_opens_the_campaigns_of_the_site_that_the_address_names(browser, keyed):
    headers = {"Authorization": f"Bearer {OPERATOR}"}
    params = {"site": "books"}
    made = httpx.post(f"{keyed}/v1/campaigns", params=params, headers=headers, json=CART)
    assert made.status_code == 201
    page = browser.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{keyed}/campaigns?site=books#cart")
    page.get_by_label("Your key").fill(OPERATOR)
    page.get_by_role("button", name="Open").click()
    page.wait_for_selector("text=Cart of books (cart, version 1)")
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector("text=Cart of books (cart, version 2)")
    page.goto(f"{keyed}/campaigns?site=default")
    page.wait_for_selector("text=none yet")
    page.close()
