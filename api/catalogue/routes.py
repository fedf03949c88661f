"""The route that takes the catalogue: what items are, for those that nobody has touched too."""

from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.catalogue.reading import Outcome, read_items, record_of
from api.collect.body import read_body
from api.collect.log import Log, LogUnavailableError
from api.gate import admit
from api.problems import ProblemError
from api.serve.responding import reply, serving_of
from api.triggers.schema import Operation, Schema
from api.triggers.schema import add as add_with_secret
from contracts.codec import DecodeError

_RECORD: Final[Schema] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        **{name: {"type": "string"} for name in ("id", "title", "category", "brand")},
        **{name: {"type": "string"} for name in ("currency", "url", "image")},
        "tags": {"type": "array", "items": {"type": "string"}},
        "price": {"type": "number", "minimum": 0},
        "in_stock": {"type": "boolean", "default": True},
        "time": {"type": "integer", "description": "from when on it is so (epoch ms); now"},
        "props": {"type": "object"},
    },
}

POST: Final = Operation(
    "Say what items are",
    {
        "type": "object",
        "required": ["success", "accepted", "rejected"],
        "properties": {
            "success": {"type": "boolean"},
            "accepted": {"type": "integer"},
            "rejected": {"type": "array", "items": {"type": "object"}},
        },
    },
    body={"anyOf": [_RECORD, {"type": "array", "items": _RECORD}]},
    codes=(400, 401, 403, 413, 503),
)


def build_router() -> APIRouter:
    """Return the route; it uses `app.state.serving` and `.log`."""
    router = APIRouter()
    add_with_secret(router, "POST", "/v1/items", post_items, POST, tag="catalogue")
    return router


async def post_items(request: Request) -> Response:
    """Take what items are: one record, or a list of them. Each replaces what was known of its item.

    200 means that the broker has every accepted one; it is in answers within seconds, also where
    nobody touched the item yet. An item leaves by `in_stock: false`. Of a list the good ones are
    taken, and the bad ones listed; 400 if all are bad.
    """
    begin, serving, site = perf_counter(), serving_of(request), admit(request).site
    received = serving.clock()
    body = await read_body(request, serving.settings.api.max_batch_bytes)
    try:
        found = list(read_items(body, site, received))
    except DecodeError as error:
        raise ProblemError(400, "invalid-items", error.detail) from None
    await _append(request.app.state.log, found, received)
    return reply(serving, "items-posted", begin, _answer(found))


async def _append(log: Log, found: list[Outcome], received: int) -> None:
    records = [record_of(one.item) for one in found if one.item is not None]
    try:
        await log.append(records, received)
    except LogUnavailableError as error:
        raise error.problem("send it again, for not all of it was acknowledged") from None


def _answer(found: list[Outcome]) -> dict[str, Any]:
    bad = [
        {"index": one.at, "reason": one.error.reason, "detail": one.error.detail}
        for one in found
        if one.error is not None
    ]
    body: dict[str, Any] = {"accepted": len(found) - len(bad), "rejected": bad}
    if len(bad) < len(found):
        return {"success": True, **body}
    first = f"record {bad[0]['index']}: {bad[0]['detail']}"
    lead = f"none of the {len(found):,} records is accepted; " if len(found) > 1 else ""
    raise ProblemError(400, "invalid-items", lead + first, success=False, **body)
