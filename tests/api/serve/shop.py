"""A small shop's views, as the dataflow writes them, and a service that answers from them."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import httpx
import numpy as np
import orjson
import uvicorn
from fastapi import FastAPI

from api import problems
from api.gate import Gate
from api.routing import mount
from api.serve import Serving, build_router
from contracts.codec import encode_json, pack
from contracts.decisions import DECISION_VERSION, Score, Segment, Standing
from contracts.events import Item
from contracts.keys import Keys, catalog_page_of, item_key
from contracts.past import Past, noted
from contracts.profile import PROFILE_VERSION, CartLine, Profile, Recent, Session
from contracts.settings import Settings
from online_models.rows import NeighbourRow, TopList, pack_row, pack_top
from online_models.slate import EXPERTS
from online_models.weights import Weights
from storage.redis_views import RedisViews
from storage.writes import AddMembers, Append, SetFields, SetView, Write
from tests.api.running import PLAIN
from tests.storage.servers import StoreServer, free_port

MINUTE = 60_000
SITE = "default"
ITEMS = (
    Item(id="kettle", title="Kettle", category="kitchen", brand="acme", price=30.0),
    Item(id="teapot", title="Teapot", category="kitchen", brand="acme", price=25.0),
    Item(id="cup", title="Cup", category="kitchen", brand="bell", price=5.0, tags=["sale"]),
    Item(id="spoon", title="Spoon", category="kitchen", brand="bell", price=2.0),
    Item(id="rake", title="Rake", category="garden", brand="acme", price=15.0),
    Item(id="hose", title="Hose", category="garden", brand="acme", price=18.0),
    Item(id="seed", category="garden", price=1.0),
    Item(id="gone", title="Gone", category="kitchen", in_stock=False),
    Item(id="a/b ü%", title="Odd", category="odd"),
)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def row(*neighbours: tuple[str, float], now: int) -> bytes:
    keys = np.array([item_key(item) for item, _ in neighbours], np.uint64)
    weights = np.array([[w, w / 4] for _, w in neighbours], np.float32)
    return pack_row(NeighbourRow(keys, weights, now))


def top(*items: str, now: int) -> bytes:
    keys = np.array([item_key(item) for item in items], np.uint64)
    weights = np.arange(len(items), 0, -1).astype(np.float32)
    return pack_top(TopList(keys, weights, now, float(weights.sum())))


def weights(**trust: float) -> bytes:
    """Return a blend that trusts neighbours most, whatever the defaults are."""
    trusted = {"together": 2.0, "next": 0.1, "long": 0.3, "short": 0.1, "repeat": 2.0, **trust}
    made = Weights()
    made._weights[:] = 0.0
    made._weights[0] = [trusted.get(name, 0.05) for name in EXPERTS]
    return made.pack()


def catalogue(items: Sequence[Item], keys: Keys, site: str = SITE) -> list[Write]:
    writes: list[Write] = [AddMembers(keys.sites(), [site])]
    for item in items:
        page = keys.catalog_page(site, catalog_page_of(item.id))
        writes.append(SetFields(page, {item.id: pack(item)}))
        writes.append(Append(keys.catalog_log(site), {"item": item.id.encode()}, 100_000))
    return writes


def rankings(keys: Keys, now: int, site: str = SITE, **tops: Sequence[str]) -> list[Write]:
    return [SetView(keys.top(site, name), top(*items, now=now)) for name, items in tops.items()]


def ada(now: int, id_: str = "ada", **changes: Any) -> Profile:
    given: dict[str, Any] = {
        "first_seen": now - 90 * MINUTE,
        "last_seen": now - 3 * MINUTE,
        "as_of": now - 3 * MINUTE,
        "events": 7,
        "sessions": 2,
        "session": Session("ada-2", now - 9 * MINUTE, now - 3 * MINUTE, events=3, views=2),
        "counts": {"view": 5, "purchase": 1, "add_to_cart": 1},
        "recents": [
            Recent.of("teapot", "view", now - 9 * MINUTE),
            Recent.of("kettle", "view", now - 3 * MINUTE),
        ],
        "interests_since": now - 14 * 24 * 60 * MINUTE,
        "categories": {"kitchen": 4.0, "garden": 8.0},
        "cart": {"spoon": CartLine(2, 2.0, now - 5 * MINUTE)},
        "owned": {"rake": now - 80 * MINUTE},
        "orders": 1,
        "monetary": 15.0,
        "currency": "EUR",
        "last_purchase": now - 80 * MINUTE,
        "first_purchase": now - 80 * MINUTE,
        "stage": "customer",
    }
    return Profile(PROFILE_VERSION, SITE, id_, **{**given, **changes})


def standing(now: int) -> Standing:
    return Standing(
        DECISION_VERSION,
        SITE,
        "ada",
        as_of=now - 3 * MINUTE,
        scores={"intent": Score("intent", 0.7, now - 3 * MINUTE, 4)},
        segment="s1",
        segment_since=now - 60 * MINUTE,
        facts={"cart_items": 1, "stage": "customer"},
        past=Past({"intent": noted(b"", now - 3 * MINUTE, 0.7, 4)}, [("s1", now - 60 * MINUTE)]),
    )


def person(keys: Keys, profile: Profile, ttl_ms: int = 3_600_000) -> SetView:
    return SetView(keys.profile(profile.site, profile.id), pack(profile), ttl_ms)


def neighbours(keys: Keys, now: int, site: str = SITE) -> list[Write]:
    near = {
        "kettle": (("teapot", 4.0), ("cup", 40.0), ("spoon", 3.0), ("gone", 9.0)),
        "teapot": (("kettle", 4.0), ("cup", 2.0), ("seed", 1.0)),
        "rake": (("hose", 5.0),),
    }
    return [SetView(keys.neighbours(site, i), row(*n, now=now)) for i, n in near.items()]


def shop(now: int, namespace: str = "live") -> list[Write]:
    """Return every view of the shop."""
    keys = Keys(namespace)
    segments = [Segment(id="s1", name="kitchen fans", size=3, share=0.6, as_of=now)]
    progress = {"part": "events.click/0", "offset": 9, "received": now, "written": now}
    progress |= {"lag": 0, "vouched": now}
    return [
        *catalogue(ITEMS, keys),
        *neighbours(keys, now),
        *rankings(
            keys,
            now,
            short=["hose", "seed"],
            medium=["hose", "rake"],
            long=["rake", "hose", "cup", "gone"],
            popular=["rake", "hose", "cup", "gone"],
            trending=["hose", "seed"],
        ),
        person(keys, ada(now)),
        SetView(keys.weights(SITE), weights()),
        SetView(keys.standing(SITE, "ada"), pack(standing(now))),
        SetView(keys.segments(SITE), b"[" + b",".join(map(encode_json, segments)) + b"]"),
        SetView(keys.progress("events.click/0"), orjson.dumps(progress)),
        SetView(keys.ends("profile", "u000"), b'{"applied": 5, "late": 1}'),
        SetView(keys.ends("clean", "p0"), b'{"rejected": {"malformed": 2}}'),
    ]


class Shop:
    """Views in a real store, and a client of a service over them."""

    def __init__(self, server: StoreServer, http: httpx.Client, serving: Serving) -> None:
        self.server = server
        self.http = http
        self.serving = serving

    def write(self, *writes: Write, namespace: str = "live") -> None:
        views = RedisViews.open(self.server.settings, namespace)
        views.write(writes)
        views.close()

    def get(self, path: str, **params: Any) -> Any:
        response = self.http.get(path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    def post(self, path: str, body: Any) -> Any:
        response = self.http.post(path, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def items(self, path: str, **params: Any) -> list[str]:
        return [shown["item"] for shown in self.get(path, **params)["items"]]


def fill(server: StoreServer, writes: Sequence[Write], namespace: str = "live") -> None:
    with server.client() as client:
        client.flushall()
    views = RedisViews.open(server.settings, namespace)
    views.write(writes)
    views.close()


@contextmanager
def open_shop(server: StoreServer, **given: Any) -> Iterator[Shop]:
    """Serve what lies in the store, on a free port. `given`: dotted settings."""
    patient = {"api.store_budget_ms": 5_000, "redis.timeout_seconds": 5}
    overrides = {"redis.url": server.url, **PLAIN, **patient, **given}
    settings = Settings.load(overrides=overrides)
    app = _app(settings)
    port = free_port()
    config = uvicorn.Config(
        app, port=port, http="httptools", access_log=False, log_config=None, lifespan="on"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, name="service", daemon=True)
    thread.start()
    try:
        until(lambda: running.started or not thread.is_alive())
        assert running.started
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as http:
            yield Shop(server, http, app.state.serving)
    finally:
        running.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


def _app(settings: Settings) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> Any:
        async with Serving.open(settings) as serving:
            app.state.serving = serving
            yield

    app = FastAPI(lifespan=lifespan)
    app.state.gate = Gate(settings.api)
    problems.install(app)
    mount(app, build_router())
    return app


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not become true"
        time.sleep(0.02)
