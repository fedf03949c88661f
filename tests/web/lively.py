"""Views of what the pages for operators and analysts show, as the dataflow writes them."""

from typing import Any

import orjson

from contracts.codec import encode_json, pack
from contracts.decisions import DECISION_VERSION, Concept, ItemRule, ItemRules, KnownConcept, Linked
from contracts.keys import SCOREBOARD, Keys
from contracts.vitals import Checkpoint, Worker
from storage.writes import SetView, Write
from tests.api.serve.shop import SITE

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


def lively(now: int, namespace: str = "live") -> list[Write]:
    """Return the views of a site's models, rules and concepts, and of the flow's processes."""
    keys = Keys(namespace)
    worker = Worker(
        worker=0,
        workers=1,
        run=3,
        pid=4711,
        started=now - 60_000,
        written=now,
        cpu_seconds=1.0,
        memory=345 * 2**20,
        parts=["events.click/0"],
    )
    rules = [ItemRule(("hose",), "rake", "order", 0.25, 0.5, 2.0, 12, 0)]
    told = {"intent": intent(now), SCOREBOARD: scoreboard(), "rates": rates()}
    directory = tuple(KnownConcept(name, name, ["word"], 0.4) for name in CONCEPTS)
    return [
        SetView(keys.worker(0), encode_json(worker)),
        SetView(keys.checkpoint(), encode_json(Checkpoint(written=now, time=now, seconds=5.0))),
        SetView(keys.rules(SITE, "hose"), pack(ItemRules(DECISION_VERSION, now, rules))),
        SetView(keys.concepts(SITE), pack(directory)),
        *(SetView(keys.concept(SITE, name), pack(concept(name, now))) for name in CONCEPTS),
        *(SetView(keys.model(SITE, name), orjson.dumps(known)) for name, known in told.items()),
    ]
