"""Views of what the pages for operators and analysts show, as the dataflow writes them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson

from contracts.codec import encode_json, pack
from contracts.decisions import DECISION_VERSION, Concept, ItemRule, ItemRules, KnownConcept, Linked
from contracts.keys import SCOREBOARD, Keys
from contracts.settings import RedisSettings
from contracts.vitals import Checkpoint, Worker
from storage.redis_views import RedisViews
from storage.writes import SetView, Write
from tests.api.serve.shop import SITE, now_ms

STARTED = now_ms() - 60_000
FIGURES = {"predictions": 40, "hr@10": 0.3082, "hr@20": 0.41, "mrr@10": 0.13, "mrr@20": 0.1343}
GUARD = {"learned": 1147, "refused": 2, "errors": 0, "rollbacks": 1, "restarts": 0}
CONCEPTS = {
    "kitchen": (["teapot", "cup"], [], ["kettle"]),
    "kettle": (["teapot", "tea", "cup"], ["kitchen"], []),
    "teapot": (["kettle", "tea"], ["kitchen"], []),
    "tea": (["teapot", "cup"], [], []),
    "cup": (["tea"], [], []),
}


def intent(now: int) -> dict[str, Any]:
    drift = {"series": "carts", "time": now, "before": 0.1, "after": 0.7}
    tree = {"loss": 0.0864, "judged": 87, "ahead": -0.06, "log10_evidence": -0.141, **GUARD}
    contest = {"champion": "intent", "loss": 0.0313, "judged": 438, "promotions": []}
    return {
        **GUARD,
        "cause": "the prediction is not finite",
        "drift": {"series": {"loss": {"mean": 0.04}}, "drifts": 1, "recent": [drift]},
        "contest": {**contest, "challengers": {"tree": tree}},
    }


def scoreboard() -> dict[str, Any]:
    models = {"blend": {**FIGURES, "ndcg@10": 0.1681}, "popular": {**FIGURES, "ndcg@10": 0.1167}}
    arms = {"blend": {"answers": 9, **FIGURES, "ndcg@10": 0.1424}}
    return {"models": models, "arms": arms, "sums": {"models": {}, "arms": {}}}


def rates() -> dict[str, Any]:
    steps = {"view": 875, "add_to_cart": 312, "purchase": 85}
    return {**GUARD, "funnel": {"until": 0, "last": dict.fromkeys(("5", "15", "60"), steps)}}


def concept(name: str, now: int) -> Concept:
    related, parents, children = CONCEPTS[name]
    strengths = [Linked(one, round(0.71 - 0.2 * at, 4)) for at, one in enumerate(related)]
    items = [Linked("kettle", 0.6123), Linked("teapot", 0.25)]
    about = (["category", "word"], 0.4711, 24, 1.25, now, strengths, items, parents, children)
    return Concept(1, name, name, *about)


def heartbeat(now: int) -> list[Write]:
    """Return what a worker tells of itself once a second."""
    keys, part = Keys("live"), "events.click/0"
    worker = Worker(
        worker=0,
        workers=1,
        run=3,
        pid=4711,
        started=STARTED,
        written=now,
        cpu_seconds=1.0,
        memory=345 * 2**20,
        parts=[part],
    )
    read = {"part": part, "offset": 9, "received": now, "written": now, "lag": 0, "vouched": now}
    saved = Checkpoint(written=now, time=now, seconds=5.0)
    return [
        SetView(keys.worker(0), encode_json(worker)),
        SetView(keys.checkpoint(), encode_json(saved)),
        SetView(keys.progress(part), orjson.dumps(read)),
    ]


@contextmanager
def beating(settings: RedisSettings) -> Iterator[threading.Event]:
    """Let a heart beat until the event is set, or to the end."""
    stop = threading.Event()
    views = RedisViews.open(settings, "live")
    views.write(heartbeat(now_ms()))

    def beat() -> None:
        while not stop.wait(0.5):
            views.write(heartbeat(now_ms()))
        views.close()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join()


def lively(now: int, namespace: str = "live") -> list[Write]:
    """Return the views of a site's models, rules and concepts."""
    keys = Keys(namespace)
    rules = [ItemRule(("hose",), "rake", "order", 0.25, 0.5, 2.0, 12, 0)]
    told = {"intent": intent(now), SCOREBOARD: scoreboard(), "rates": rates()}
    directory = tuple(KnownConcept(name, name, ["word"], 0.4) for name in CONCEPTS)
    return [
        SetView(keys.rules(SITE, "hose"), pack(ItemRules(DECISION_VERSION, now, rules))),
        SetView(keys.concepts(SITE), pack(directory)),
        *(SetView(keys.concept(SITE, name), pack(concept(name, now))) for name in CONCEPTS),
        *(SetView(keys.model(SITE, name), orjson.dumps(known)) for name, known in told.items()),
    ]
