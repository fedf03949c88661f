"""A browser where there is one, and the service with its pages."""

import shutil
from collections.abc import Iterator

import pytest

from tests.api.running import serving
from tests.api.serve.shop import fill, now_ms, shop
from tests.storage.servers import StoreServer, store_server  # noqa: F401  # a fixture

CHROMIUM = shutil.which("chromium")
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)
PATIENT = {"api.store_budget_ms": 5_000, "redis.timeout_seconds": 5}
"""A busy machine is not to make answers that know less."""


@pytest.fixture(scope="module")
def browser():
    """One browser a module: no longer, since its event loop would be in the way of others."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium here")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


class Troubles(list[str]):
    """What a page complained of."""

    def watch(self, page) -> None:
        page.on("console", lambda said: self.append(said.text))
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("requestfailed", lambda request: self.append(request.url))


@pytest.fixture
def page(browser, url):
    """A page of a running service; its console must stay empty. It is gone before the service."""
    opened, troubles = browser.new_page(), Troubles()
    troubles.watch(opened)
    yield opened
    opened.close()
    assert troubles == []


@pytest.fixture
def url(own_broker, store_server: StoreServer) -> Iterator[str]:  # noqa: F811  # the fixture
    """A service with its pages, and a small shop in its store."""
    fill(store_server, shop(now_ms()))
    given = {"redis.url": store_server.url, "api.pages": True, **PATIENT}
    with serving(own_broker.bootstrap_servers, **given) as served:
        yield served
