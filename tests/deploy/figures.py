"""Every figure that a real service shows, with the labels that it has."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import orjson
import promql_parser as promql
from prometheus_client.parser import text_string_to_metric_families

from contracts.keys import SCOREBOARD, Keys
from storage.writes import SetView, Write
from tests.api.running import serving
from tests.api.serve.shop import SITE, fill, now_ms, shop
from tests.api.serve.test_model_figures import INTENT
from tests.storage.servers import StoreServer

SCRAPED = {"up": {"job", "instance"}}
"""What Prometheus adds itself."""
ADDED = {"job", "instance"}
FIGURES = {"hr@10": 1.0, "hr@20": 1.0, "mrr@10": 1.0, "mrr@20": 1.0, "ndcg@10": 1.0}


def figures(text: str) -> dict[str, tuple[str, set[str]]]:
    """Return each sample's name with its type and labels."""
    found: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, (family.type, set()))[1].update(sample.labels)
    return found


def used(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric that an expression reads, with the labels that it selects by.

    Raises `ValueError` for what is no PromQL.
    """
    selectors: list[Any] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql.VectorSelector):
            selectors.append(node)
        return True

    promql.walk(promql.parse(expression), visit)
    for selector in selectors:
        yield selector.name, {matcher.name for matcher in selector.matchers.matchers}


def modelled(now: int) -> list[Write]:
    """Return views of models that have something to tell of everything."""
    keys = Keys("live")
    told = INTENT | {"refused": 1, "restarts": 1}
    board = {
        "sums": {
            "models": {"blend": {"predictions": 4, **FIGURES}},
            "arms": {"blend": {"answers": 4, **FIGURES}},
        }
    }
    ends = {"applied": 1, "withheld": {"consent": 1}, "unlearnt": {"bot": 1}}
    return [
        *shop(now),
        SetView(keys.model(SITE, "intent"), orjson.dumps(told)),
        SetView(keys.model(SITE, SCOREBOARD), orjson.dumps(board)),
        SetView(keys.ends("profile", "u001"), orjson.dumps(ends)),
    ]


@contextmanager
def busy_service(bootstrap: str, store: StoreServer) -> Iterator[httpx.Client]:
    """A service that has something to tell of all that it counts."""
    fill(store, modelled(now_ms()))
    with (
        serving(bootstrap, **{"redis.url": store.url}) as url,
        httpx.Client(base_url=url, auth=("any", ""), timeout=30) as http,
    ):
        http.post("/v1/subscriptions", json={"delivery": "pull"}).raise_for_status()
        event = {"id": "1", "type": "view", "user": "u", "item": "cup", "time": now_ms()}
        told = http.post("/v1/events", json=[event, {"id": "2"}]).json()
        assert (told["accepted"], len(told["rejected"])) == (1, 1)
        http.get("/v1/users/ada/recommendations").raise_for_status()
        yield http


def await_figures(http: httpx.Client, names: Iterable[str]) -> str:
    """Return `/metrics` once it tells of `names`: some are looked at only every few seconds."""
    deadline = time.monotonic() + 20
    while True:
        text = http.get("/metrics").text
        if set(names) <= figures(text).keys():
            return text
        assert time.monotonic() < deadline, set(names) - figures(text).keys()
        time.sleep(0.1)
