"""Routes about items: what goes with one, what leads, and into which segments people fall."""

from dataclasses import replace
from time import perf_counter
from typing import Final

from fastapi import APIRouter, Request, Response

from api.serve import asking, describing, schema
from api.serve.making import Basis, answer, find_rows, trail_for
from api.serve.ranking import leading, similar
from api.serve.responding import reply, serving_of, site_of
from api.serve.visitor import Visitor

ITEMS: Final = "/v1/items/"
KINDS: Final = ("n", "category", "exclude", "explain", asking.CAP, asking.DIVERSITY)


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    add = schema.adder(router)
    add("GET", "/v1/items", get_items, schema.ITEMS)
    add("GET", "/v1/items/{id:path}/similar", get_similar, schema.SIMILAR)
    add("GET", "/v1/trending", get_trending, schema.TRENDING)
    add("GET", "/v1/segments", get_segments, schema.SEGMENTS)


async def get_items(request: Request) -> Response:
    """Answer what the catalogue says of given items; of one that it does not know, only so."""
    begin = perf_counter()
    serving = serving_of(request)
    ids = asking.looked_up(asking.query(request, ("id",)))
    find = serving.site(site_of(request)).catalogue.get
    found = [describing.item_json(find(id_), id_) for id_ in ids]
    body = {"items": found, "lag_ms": serving.lag_ms(), "degraded": serving.store.away}
    return reply(serving, "items", begin, body)


async def get_similar(request: Request) -> Response:
    """Answer which items go with one."""
    begin = perf_counter()
    serving = serving_of(request)
    item = asking.id_field("id", asking.path_id(request, ITEMS, "/similar"))
    given = asking.ask_of(asking.query(request, KINDS), serving.settings.api.max_n)
    ask = replace(given, item=item)
    name = site_of(request)
    site, now = serving.site(name), serving.clock()
    trail = trail_for(Visitor(""), item, now)
    rows, failed = await find_rows(serving, name, [trail], serving.store.budget())
    ranking = similar(trail, rows, site, serving.rules, ask, now)
    as_of = max((row.time for row in rows.values()), default=None)
    basis = Basis("similar", site, ask, trail, rows, now, failed)
    return reply(serving, "similar", begin, answer(serving, basis, ranking, as_of, item=item))


async def get_trending(request: Request) -> Response:
    """Answer what is trending, of one category or of all."""
    begin = perf_counter()
    serving = serving_of(request)
    ask = asking.ask_of(asking.query(request, KINDS), serving.settings.api.max_n)
    site, now = serving.site(site_of(request)), serving.clock()
    ranking = leading(site, ("trending", "popular"), serving.rules, ask, now)
    top = site.top("trending") or site.top("popular")
    basis = Basis(
        "trending", site, ask, trail_for(Visitor(""), None, now), {}, now, serving.store.away
    )
    made = answer(serving, basis, ranking, None if top is None else top.time, category=ask.category)
    return reply(serving, "trending", begin, made)


async def get_segments(request: Request) -> Response:
    """Answer the segments of the site."""
    begin = perf_counter()
    serving = serving_of(request)
    asking.query(request, ())
    segments = serving.site(site_of(request)).segments
    body = {
        "segments": [describing.segment_json(segment) for segment in segments],
        "as_of": max((segment.as_of for segment in segments), default=None) or None,
        "lag_ms": serving.lag_ms(),
        "fallback": not segments,
        "degraded": serving.store.away,
    }
    return reply(serving, "all_segments", begin, body)
