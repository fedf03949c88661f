"""A service that has something to answer to every question: real store, real broker, real API."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson

from contracts.keys import SCOREBOARD, Keys
from storage.writes import SetView
from tests.api.decide.test_deciding import BOOK
from tests.api.feedback.test_feedback import filled
from tests.api.running import serving
from tests.api.serve.knowledge import knowledge
from tests.api.serve.shop import SITE, fill, now_ms, shop
from tests.api.serve.test_model_figures import INTENT
from tests.api.triggers.firing import fire, trigger
from tests.storage.servers import StoreServer


@contextmanager
def whole_shop(bootstrap: str, store: StoreServer, folder: Path) -> Iterator[httpx.Client]:
    """Serve a shop with everything that has a route: items, people, offers, cases, triggers."""
    now, keys = now_ms(), Keys("live")
    offers = folder / "offers.toml"
    offers.write_text(BOOK, encoding="utf-8")
    board = {
        "models": {"shown": {"hr@10": 0.5, "predictions": 2}},
        "sums": {"models": {}, "arms": {}},
    }
    models = [
        SetView(keys.model(SITE, "intent"), orjson.dumps(INTENT)),
        SetView(keys.model(SITE, SCOREBOARD), orjson.dumps(board)),
    ]
    fill(store, [*shop(now), *knowledge(now), *models])
    filled(store.url)
    fire(store.url, [trigger(number) for number in range(3)])
    given = {
        "redis.url": store.url,
        "redis.timeout_seconds": 5,
        "api.store_budget_ms": 5_000,
        "api.offers_file": str(offers),
    }
    with (
        serving(bootstrap, **given) as url,
        httpx.Client(base_url=url, auth=("any", ""), timeout=30) as http,
    ):
        good = {"id": "1", "type": "view", "user": "ada", "time": now}
        http.post("/v1/events", json=[good, {"id": "2"}, {"id": "3"}]).raise_for_status()
        yield http
