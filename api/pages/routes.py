"""The pages, their files, and the stream of Server-Sent Events that they listen to."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from sse_starlette.sse import EventSourceResponse

from api.pages.feed import Feed, Picture
from api.pages.knowledge import Knowledge
from api.pages.paths import ASSETS, PAGES, STREAM, TRACKER
from api.pages.picture import TRIGGERS, picture
from api.problems import ProblemError
from api.serve.serving import Serving
from api.serve.status_routes import ends_of, total
from api.triggers.hub import Hub
from contracts.codec import dump_json
from web import FILES

POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from other hosts; uPlot sizes its parts with style attributes."""


FRESH_SECONDS: Final = 3600
"""For so long a browser uses the tracker that it has, and asks then whether there is another."""

_files = StaticFiles(directory=FILES)


def add_tracker(app: FastAPI) -> None:
    """Serve `headrace.js`, which needs no key: it is part of every page of a shop."""
    app.add_api_route(TRACKER, tracker, methods=["GET", "HEAD"], include_in_schema=False)


async def tracker(request: Request) -> Response:
    """Answer `headrace.js`, or that what the browser has is still it."""
    answer = await _files.get_response(TRACKER.removeprefix(f"{ASSETS}/"), request.scope)
    answer.headers["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
    return answer


def add_pages(app: FastAPI) -> None:
    """Serve the pages, for people that may see all of this: there is no key between."""
    app.mount(ASSETS, _files, name="web")
    for path, file in PAGES.items():
        app.add_api_route(path, _page(file), methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route(STREAM, stream, include_in_schema=False)


def feed_of(serving: Serving, hub: Hub) -> Feed:
    """Return the feed of one service."""

    events = total(())
    knowledge = Knowledge(serving)

    async def make() -> Picture:
        nonlocal events
        ends, away = await ends_of(serving)
        # Without the store the counts stand still: they have not gone back to 0.
        events = events if away else total(ends)
        (site, *_) = serving.keeper.memory.sites.values()
        made = picture(serving, events, site, hub.newest(site.name, TRIGGERS))
        trending = [one["item"] for one in made["trending"]]
        return made | {"knowledge": await knowledge.told(site.name, trending)}

    return Feed(make, point)


def point(made: Picture) -> list[Any]:
    """Return what the page's lines need: when, events ended, answers given, lag (ms)."""
    return [made["time"], made["events"]["ended"], made["answers"], made["lag_ms"]]


async def stream(request: Request) -> Response:
    """Answer the stream: `history` once, then a `picture` each second."""
    feed: Feed = request.app.state.feed
    if feed.full:
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "too-many-viewers",
            "too many pages are open; close some and try again",
            {"Retry-After": "5"},
        )

    async def events() -> AsyncIterator[dict[str, str]]:
        async with feed.viewer() as queue:
            yield {"event": "history", "data": _text(list(feed.history))}
            while (made := await queue.get()) is not None:
                yield {"event": "picture", "data": _text(made)}

    return EventSourceResponse(events())


def _text(value: Any) -> str:
    return dump_json(value).decode()


def _page(file: str) -> Any:
    async def page() -> Response:
        return FileResponse(FILES / file, headers={"Content-Security-Policy": POLICY})

    return page
