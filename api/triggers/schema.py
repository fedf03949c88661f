"""The OpenAPI side of the routes of triggers: described and not checked; the tests do that."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from fastapi import APIRouter, Request, Response

from api.problems import openapi as problems_of
from api.triggers.asking import DEFAULT_LIMIT, DEFAULT_WAIT_SECONDS, MAX_LIMIT, MAX_WAIT_SECONDS

Endpoint = Callable[[Request], Awaitable[Response]]
Schema = dict[str, Any]

SECURITY: Final = {
    "secretKey": {
        "type": "http",
        "scheme": "bearer",
        "description": "the site's secret key (api.secrets); not for pages of a shop",
    }
}
is_entry: Final = re.compile(r"[0-9]{1,15}-[0-9]{1,15}").fullmatch
"""Matches the id of an entry of a list."""


class Operation(NamedTuple):
    """What a route says of itself."""

    summary: str
    answer: Schema | None = None
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    status: int = 200
    media: str = "application/json"
    codes: tuple[int, ...] = (401, 404, 503)


def add(
    router: APIRouter,
    method: str,
    path: str,
    endpoint: Endpoint,
    operation: Operation,
    tag: str = "triggers",
) -> None:
    """Add a route with its description."""
    extra: Schema = {"parameters": list(operation.parameters), "security": [{"secretKey": []}]}
    if operation.body is not None:
        content = {"application/json": {"schema": operation.body}}
        extra["requestBody"] = {"required": True, "content": content}
    done: Schema = {"description": "done"}
    if operation.answer is not None:
        done["content"] = {operation.media: {"schema": operation.answer}}
    router.add_api_route(
        path,
        endpoint,
        methods=[method],
        status_code=operation.status,
        summary=operation.summary,
        description=endpoint.__doc__,
        tags=[tag],
        response_class=Response,
        responses={operation.status: done, **problems_of(operation.codes)},
        openapi_extra=extra,
    )


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _said(schema: Schema, text: str) -> Schema:
    return {**schema, "description": text}


def _query(name: str, schema: Schema, text: str) -> Schema:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _number(low: int, high: int, default: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high, "default": default}


_STRING: Final[Schema] = {"type": "string"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_TIME: Final[Schema] = {"type": ["integer", "null"], "description": "epoch ms"}
_NAMES: Final = _list(_STRING)
_ID: Final = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": _STRING,
    "description": "the id of a subscription",
}
_WHICH: Final = (
    *(
        {**_query(name, _NAMES, text), "style": "form", "explode": True}
        for name, text in (
            ("campaign", "only of these campaigns; may be given several times"),
            ("segment", "only of people in these segments"),
            ("type", "only of campaigns made of these templates"),
        )
    ),
    _query("subscription", _STRING, "its filter, and its place where no cursor is given"),
    _query("cursor", _STRING, "after what; `0`: everything that is kept"),
)
_TRIGGER: Final = _said(
    {"type": "object"}, "a CloudEvent 1.0 whose data is the trigger: campaign, user, evidence"
)
_FILTER: Final = _said(
    _object({}, campaigns=_NAMES, segments=_NAMES, types=_NAMES),
    "a trigger passes if it matches one entry of every list that is not empty",
)
_BODY: Final = _object(
    {"delivery": {"enum": ["webhook", "pull"]}},
    name=_STRING,
    url=_said({"type": ["string", "null"], "format": "uri"}, "of a webhook: https://"),
    filter=_FILTER,
)
_SECRETS: Final = _list(_object({"created": _TIME, "expires": _TIME}))
_SUBSCRIPTION: Final = _object(
    {
        "id": _STRING,
        "name": _STRING,
        "delivery": {"enum": ["webhook", "pull"]},
        "filter": _FILTER,
        "created": _TIME,
        "updated": _TIME,
        "state": {"enum": ["active", "failing", "paused", "disabled"]},
        "cursor": _STRING,
        "backlog": _said(_COUNT, "triggers of the site that it has not come to yet"),
        "lost": _said(_COUNT, "triggers that were trimmed before they were acknowledged"),
        "warnings": _said(_NAMES, "what its filter names that is not there now"),
    },
    url=_STRING,
    secrets=_SECRETS,
    why=_said(_STRING, "why it is disabled"),
    waiting=_said(_COUNT, "triggers that wait for another attempt"),
    dead=_said(_COUNT, "dead letters"),
    delivered=_COUNT,
    failed=_said(_COUNT, "attempts that failed"),
    dropped=_said(_COUNT, "dead letters that newer ones pushed out"),
    last_error=_STRING,
    last_success=_TIME,
    last_failure=_TIME,
    failing_since=_TIME,
    paused_until=_TIME,
)
_SECRET: Final = _said(_STRING, "`whsec_...`, for verifying; told once")
_WITH_SECRET: Final = {
    **_SUBSCRIPTION,
    "properties": {**_SUBSCRIPTION["properties"], "secret": _SECRET},
}
_DEAD: Final = _object(
    {"trigger": _TRIGGER, "attempts": _COUNT, "first": _TIME, "last": _TIME, "error": _STRING}
)

STREAM: Final = Operation(
    "Triggers as they fire",
    _STRING,
    (
        *_WHICH,
        {
            "name": "Last-Event-ID",
            "in": "header",
            "schema": _STRING,
            "description": "the `id` of the last event that was seen",
        },
    ),
    media="text/event-stream",
    codes=(400, 401, 404, 409, 503),
)
POLL: Final = Operation(
    "Triggers after a cursor",
    _object(
        {
            "triggers": _list(_TRIGGER),
            "cursor": _said(_STRING, "for the next request"),
            "lost": _said(_COUNT, "entries that were trimmed before this reader came to them"),
            "more": _said({"type": "boolean"}, "others may follow at once: it is not caught up"),
            "warnings": _said(_NAMES, "if empty: what the filter names and is not there"),
        }
    ),
    (
        *_WHICH,
        _query("wait", _number(0, MAX_WAIT_SECONDS, DEFAULT_WAIT_SECONDS), "seconds, for the next"),
        _query("limit", _number(1, MAX_LIMIT, DEFAULT_LIMIT), "how many are looked at, at most"),
    ),
    codes=(400, 401, 404, 409, 503),
)
OF_USER: Final = Operation(
    "What campaigns sent to a person",
    _object(
        {
            "user": _STRING,
            "triggers": _list(_TRIGGER),
            "looked_at": _said(_COUNT, "entries of the site's stream, the newest"),
            "whole": {"type": "boolean"},
        }
    ),
    (
        {**_ID, "description": "a user id, or device:ID"},
        _query("n", _number(1, 500, 20), "how many, at most"),
    ),
    codes=(400, 401, 503),
)
CREATE: Final = Operation(
    "Subscribe", _WITH_SECRET, body=_BODY, status=201, codes=(400, 401, 409, 413, 503)
)
LIST: Final = Operation(
    "Subscriptions of the site",
    _object({"subscriptions": _list(_SUBSCRIPTION)}),
    codes=(401, 503),
)
ONE: Final = Operation("One subscription", _SUBSCRIPTION, (_ID,))
CHANGE: Final = Operation(
    "Change a subscription", _SUBSCRIPTION, (_ID,), _BODY, codes=(400, 401, 404, 409, 413, 503)
)
REMOVE: Final = Operation("End a subscription", None, (_ID,), status=204)
ENABLE: Final = Operation("Switch a webhook on again", _SUBSCRIPTION, (_ID,))
ROTATE: Final = Operation(
    "Make a new secret",
    _WITH_SECRET,
    (_ID,),
    _object({}, overlap_hours={"type": "number", "minimum": 0, "default": 24}),
    codes=(400, 401, 404, 409, 413, 503),
)
DEAD: Final = Operation(
    "What was given up on",
    _object({"dead": _list(_DEAD), "next": {"type": ["string", "null"]}}),
    (_ID, _query("after", _STRING, "`next` of the answer before")),
    codes=(400, 401, 404, 409, 503),
)
REPLAY: Final = Operation(
    "Deliver a range again",
    _object({"replay": _STRING, "subscription": _STRING}),
    (_ID,),
    _object({}, after=_TIME, before=_TIME, dead={"type": "boolean", "default": False}),
    status=202,
    codes=(400, 401, 404, 409, 413, 503),
)
