"""Routes about what a site knows: rules of items, concepts, and searching by way of them."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.serve import asking, schema
from api.serve.knowledge import find_concept, read_directory, read_rules, search
from api.serve.responding import reply, serving_of, site_of
from api.serve.serving import Serving
from contracts.decisions import Concept, ItemRule, KnownConcept, Linked
from online_models.lookup import lookup
from online_models.words import MAX_NAME

CONCEPTS: Final = "/v1/concepts/"
BASES: Final = ("order", "visit")
MAX_QUERY: Final = 256


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    add = schema.adder(router)
    add("GET", "/v1/rules", get_rules, schema.RULES)
    add("GET", "/v1/concepts", get_concepts, schema.CONCEPTS)
    add("GET", "/v1/concepts/{name:path}", get_concept, schema.CONCEPT)
    add("GET", "/v1/search", get_search, schema.SEARCH)


async def get_rules(request: Request) -> Response:
    """Answer which items come with one, in orders and in visits."""
    begin = perf_counter()
    serving = serving_of(request)
    given = asking.query(request, ("item", "n", "basis"))
    n = asking.ask_of({k: v for k, v in given.items() if k == "n"}, serving.settings.api.max_n).n
    item = asking.id_field("item", _given(given, "item", "which item to answer about"))
    basis = given.get("basis", [None])[0]
    if basis is not None and basis not in BASES:
        raise asking.bad("basis", f"expected {' or '.join(BASES)}, got {basis[:32]!r}")
    name = site_of(request)
    row, failed = await read_rules(serving, name, item, serving.store.budget())
    rules = [] if row is None else [r for r in row.rules if basis in (None, r.basis)][:n]
    body = {
        "item": item,
        "rules": [rule_json(rule) for rule in rules],
        "baskets": {} if row is None else row.baskets,
        "oversized": {} if row is None else row.oversized,
        **_marks(serving, None if row is None else row.as_of, not rules, failed),
    }
    return reply(serving, "rules", begin, body)


async def get_concepts(request: Request) -> Response:
    """Answer which concepts a text may mean; the most met ones without a text."""
    begin = perf_counter()
    serving = serving_of(request)
    given = asking.query(request, ("q", "n"))
    n = asking.ask_of({k: v for k, v in given.items() if k == "n"}, serving.settings.api.max_n).n
    text = given.get("q", [""])[0][:MAX_QUERY]
    name = site_of(request)
    known, failed = await read_directory(serving, name, serving.store.budget())
    found: Sequence[tuple[KnownConcept, str]] = (
        lookup(text, known, n) if text else [(concept, "any") for concept in known[:n]]
    )
    body = {
        "query": text,
        "concepts": [
            {
                "name": concept.name,
                "label": concept.label,
                "kinds": concept.kinds,
                "share": concept.share,
                "match": match,
            }
            for concept, match in found
        ],
        **_marks(serving, None, not found, failed),
    }
    return reply(serving, "all_concepts", begin, body)


async def get_concept(request: Request) -> Response:
    """Answer what goes with a concept: other concepts, items, what lies above it, its trend."""
    begin = perf_counter()
    serving = serving_of(request)
    asking.query(request, ())
    text = asking.id_field("name", asking.path_id(request, CONCEPTS, ""), 4 * MAX_NAME)
    name = site_of(request)
    view, failed = await find_concept(serving, name, text, serving.store.budget())
    body = {
        "asked": text,
        "known": None if failed else view is not None,
        "concept": None if view is None else concept_json(view),
        **_marks(serving, None if view is None else view.as_of, view is None, failed),
    }
    return reply(serving, "concept", begin, body)


async def get_search(request: Request) -> Response:
    """Answer the items that a query leads to, by way of the concepts it may mean."""
    begin = perf_counter()
    serving = serving_of(request)
    given = asking.query(request, ("q", "n"))
    n = asking.ask_of({k: v for k, v in given.items() if k == "n"}, serving.settings.api.max_n).n
    text = _given(given, "q", "what to search for")[:MAX_QUERY]
    found = await search(serving, site_of(request), text, n)
    concepts = sorted(found.concepts, key=lambda name: (-found.concepts[name], name))
    body = {
        "query": text,
        "concepts": [
            {"name": name, "strength": round(found.concepts[name], 4)} for name in concepts
        ],
        "items": [{"item": one.name, "score": one.strength} for one in found.items],
        **_marks(serving, found.as_of, not found.items, found.failed),
    }
    return reply(serving, "search", begin, body)


def concept_json(view: Concept) -> dict[str, Any]:
    """Return a concept for an answer."""
    return {
        "name": view.name,
        "label": view.label,
        "kinds": view.kinds,
        "share": view.share,
        "count": view.count,
        "trend": view.trend,
        "related": _linked(view.related),
        "items": [{"item": one.name, "strength": one.strength} for one in view.items],
        "parents": view.parents,
        "children": view.children,
        "synonyms": _linked(view.synonyms),
    }


def rule_json(rule: ItemRule) -> dict[str, Any]:
    """Return a rule for an answer."""
    return {
        "given": list(rule.given),
        "then": rule.then,
        "basis": rule.basis,
        "support": rule.support,
        "confidence": rule.confidence,
        "lift": rule.lift,
        "count": rule.count,
        "missed": rule.missed,
    }


def _linked(links: Sequence[Linked]) -> list[dict[str, Any]]:
    return [{"name": one.name, "strength": one.strength} for one in links]


def _given(given: dict[str, list[str]], name: str, what: str) -> str:
    if not given.get(name, [""])[0].strip():
        raise asking.bad(name, f"is missing: say {what}")
    return given[name][0]


def _marks(serving: Serving, as_of: int | None, fallback: bool, failed: bool) -> dict[str, Any]:
    return {
        "as_of": as_of,
        "lag_ms": serving.lag_ms(),
        "fallback": fallback,
        "degraded": failed,
    }
