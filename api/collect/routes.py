"""The routes of the collector. What they take and answer is in docs/events.md."""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter, Request, Response

from api.collect.collector import Collector
from api.collect.examples import OPENAPI_BATCH, OPENAPI_CALLS, OPENAPI_EVENTS, RESPONSES
from api.collect.reading import Reader, read_batch, read_call, read_events
from api.routing import PlainRoute

ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "track": ("/v1/track", "/v1/t"),
    "page": ("/v1/page", "/v1/p"),
    "screen": ("/v1/screen", "/v1/s"),
    "identify": ("/v1/identify", "/v1/i"),
    "group": ("/v1/group", "/v1/g"),
    "alias": ("/v1/alias", "/v1/a"),
}
"""Segment call to its route, and the short route that browser SDKs use."""

BATCHES: Final = ("/v1/batch", "/v1/b", "/v1/import")
EVENTS: Final = "/v1/events"

READERS: Final[dict[str, Reader]] = {
    EVENTS: read_events,
    **dict.fromkeys(BATCHES, read_batch),
    **{path: read_call(call) for call, paths in ALIASES.items() for path in paths},
}
"""Path to what reads its bodies."""

PATHS: Final = frozenset(READERS)

Endpoint = Callable[[Request], Awaitable[Response]]


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.collector`."""
    router = APIRouter(tags=["collect"], route_class=PlainRoute)
    _add(router, EVENTS, "Post canonical events", OPENAPI_EVENTS)
    _add(router, BATCHES[0], "Post a Segment batch", OPENAPI_BATCH)
    for path in BATCHES[1:]:
        _add(router, path)
    for call, (path, short) in ALIASES.items():
        _add(router, path, f"Post a Segment {call} call", OPENAPI_CALLS[call])
        _add(router, short)
    return router


def _add(
    router: APIRouter,
    path: str,
    summary: str | None = None,
    openapi: dict[str, object] | None = None,
) -> None:
    router.add_api_route(
        path,
        _endpoint(READERS[path]),
        methods=["POST"],
        summary=summary,
        name=path.rpartition("/")[2],
        response_class=Response,
        responses=RESPONSES,
        openapi_extra=openapi,
        include_in_schema=summary is not None,  # an alias says nothing that its route does not
    )


def _endpoint(read: Reader) -> Endpoint:
    async def post(request: Request) -> Response:
        collector: Collector = request.app.state.collector
        return await collector.take(request, read)

    return post
