"""Routes that hand out triggers: a stream, and a long poll."""

import logging
from functools import partial
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response

from api.gate import admit
from api.problems import ProblemError
from api.triggers import schema
from api.triggers.asking import Reading, reading_of
from api.triggers.naming import Known
from api.triggers.reader import Reader
from api.triggers.streaming import TriggerStream
from api.triggers.triggers import Triggers
from contracts.codec import dump_json
from storage.errors import StoreError

logger = logging.getLogger("headrace.triggers")

_HELD_BACK: Final = {"Cache-Control": "no-store"}


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    schema.add(router, "GET", "/v1/triggers/stream", get_stream, schema.STREAM)
    schema.add(router, "GET", "/v1/triggers", get_triggers, schema.POLL)


async def get_stream(request: Request) -> Response:
    """Answer a stream of server-sent events: one `trigger` each, its data a CloudEvent.

    The `id` of an event is a cursor. Sent back as `Last-Event-ID`, as every client of such streams
    does by itself, it makes the stream go on right after that event, whatever restarted: nothing
    is left out and nothing comes twice. Without it the stream begins with what is new, or where the
    subscription was. What its filter names and is not there now is said in a comment.
    """
    triggers = triggers_of(request)
    grant = admit(request)
    reading = reading_of(request, (), request.headers.get("last-event-id"))
    triggers.enter(grant.key)
    try:
        reader = await _reader(triggers, grant.site, reading)
        warnings = await _warnings(request, grant.site, reader)
    except BaseException:
        triggers.leave(grant.key)
        raise
    return TriggerStream(triggers.hub, reader, warnings, partial(triggers.leave, grant.key))


async def get_triggers(request: Request) -> Response:
    """Answer the triggers after `cursor`, as soon as there is one; none after `wait` seconds.

    Ask again with the `cursor` of the answer: it acknowledges what was answered. The first request
    has none, and begins with what is new; `0` begins with everything that is kept. `more` says that
    others may follow at once, be it that a filter left out all that were looked at.
    """
    triggers = triggers_of(request)
    grant = admit(request)
    reading = reading_of(request, ("wait", "limit"))
    triggers.enter(grant.key)
    try:
        reader = await _reader(triggers, grant.site, reading)
        body = await _poll(triggers, reader, reading)
        found = body["triggers"]  # then the filter names what there is
        body["warnings"] = [] if found else await _warnings(request, grant.site, reader)
    except StoreError as error:
        raise away(error) from None
    finally:
        triggers.leave(grant.key)
    return Response(dump_json(body), media_type="application/json", headers=_HELD_BACK)


def triggers_of(request: Request) -> Triggers:
    """Return what the application's lifespan put into `app.state.triggers`."""
    triggers: Triggers = request.app.state.triggers
    return triggers


def away(error: StoreError) -> ProblemError:
    """Return the problem of a store that cannot be asked; the log has why."""
    logger.warning("triggers cannot be answered about: %s", error)
    detail = "the store cannot be asked now; ask again"
    return ProblemError(503, "store-away", detail, {"Retry-After": "1"})


async def _reader(triggers: Triggers, site: str, reading: Reading) -> Reader:
    try:
        return await triggers.reader(site, reading)
    except StoreError as error:
        raise away(error) from None


async def _warnings(request: Request, site: str, reader: Reader) -> list[str]:
    """Return what the reader's filter names that is not there now; nothing without the store."""
    named = reader.filter.campaigns or reader.filter.segments
    try:
        return (await Known.of(request, site)).warnings(reader.filter) if named else []
    except StoreError:
        return []


async def _poll(triggers: Triggers, reader: Reader, reading: Reading) -> dict[str, Any]:
    end, found, lost = triggers.clock() + reading.wait * 1000, [], 0
    while True:
        batch = await reader.read(reading.limit)
        reader.position = batch.end
        lost += batch.lost
        found = [one.event for one in batch.triggers if reader.wants(one)]
        left = (end - triggers.clock()) / 1000
        if found or lost or left <= 0 or triggers.hub.closing:
            break
        if not batch.triggers:
            await triggers.hub.wait(reader.site, reader.position, left)
    return {
        "triggers": [orjson.Fragment(event) for event in found],
        "cursor": str(reader.position),
        "lost": lost,
        "more": len(batch.triggers) == reading.limit,
    }
