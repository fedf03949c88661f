"""The routes of replays: `/v1/replays`, and the difference of two."""

import asyncio
from time import perf_counter
from typing import Final

from fastapi import APIRouter, Request, Response

from api.admin.routes import Mended
from api.gate import admit, gate_of
from api.problems import ProblemError
from api.replays import schema
from api.replays.comparing import Comparing
from api.serve import asking
from api.serve.responding import reply, serving_of
from contracts.replays import Finished
from contracts.settings import RedisSettings
from storage.replays import ReplayStore

MAX_NAME: Final = 128


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.serving` and `app.state.comparing`."""
    router = APIRouter()
    add = schema.adder(router, "operations")
    add("GET", "/v1/replays", get_replays, schema.REPLAYS)
    add("GET", "/v1/replays/diff", get_diff, schema.DIFF)
    return router


async def get_replays(request: Request) -> Response:
    """Answer which replays lie in the store, the newest first, and which namespace is served."""
    begin = _start(request)
    asking.query(request, ("site",))
    serving = serving_of(request)
    with Mended():
        found = await asyncio.to_thread(_all, serving.settings.redis)
    body = {"served": serving.keeper.memory.namespace, "replays": found}
    return reply(serving, "replays", begin, body)


async def get_diff(request: Request) -> Response:
    """Answer what differs between the views of two namespaces, kind by kind, as `headrace diff`.

    Takes seconds, and minutes for large ones, of which two are waited for.
    """
    begin = _start(request)
    given = asking.query(request, ("a", "b", "site"))
    a, b = (_name(given, which) for which in ("a", "b"))
    comparing: Comparing = request.app.state.comparing
    kinds = await comparing.diff(a, b)
    differs = any(
        kind["changed"] or kind["only_in_a"] or kind["only_in_b"] for kind in kinds.values()
    )
    body = {"a": a, "b": b, "differs": differs, "kinds": kinds}
    return reply(serving_of(request), "replays-diff", begin, body)


def _start(request: Request) -> float:
    """Return when it began; raise a problem unless the key is of all sites: so are namespaces."""
    begin, grant = perf_counter(), admit(request)
    if not grant.operator and len(gate_of(request).sites) > 1:
        raise ProblemError(
            403, "wrong-scope", "replays are of all sites: the operator's key is needed"
        )
    return begin


def _all(redis: RedisSettings) -> list[Finished]:
    store = ReplayStore(redis)
    try:
        return store.all()
    finally:
        store.close()


def _name(given: dict[str, list[str]], which: str) -> str:
    name = given.get(which, [""])[0]
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise asking.bad(which, "is missing: the name of a namespace")
    return name


router = build_router()
