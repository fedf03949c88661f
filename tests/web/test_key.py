"""Pages of a service that asks for keys: they ask whoever looks, and keep it for the tab only."""

import pytest

from cli.embedded.ports import free_port
from tests.api.running import serving
from tests.api.serve.shop import fill, now_ms, shop
from tests.storage.servers import StoreServer

SECRET = "a secret of the shop"


@pytest.fixture
def keyed(own_broker, store_server: StoreServer):
    fill(store_server, shop(now_ms()))
    given = {
        "redis.url": store_server.url,
        "api.pages": True,
        "api.sites": {"default": "a write key"},
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
    for given in ("not it", SECRET):
        page.get_by_label("Secret key").fill(given)
        page.get_by_role("button", name="Use it").click()
    page.wait_for_selector("text=Recommended when you came")
    assert page.locator("dialog").count() == 0
    page.reload()
    page.wait_for_selector("text=Recommended when you came")
    assert page.evaluate("Object.values(sessionStorage)") == [SECRET]
    assert page.evaluate("Object.keys(localStorage)") == []
    page.close()
