"""The routes of refused events: `/v1/rejects` and what is below it."""

from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from msgspec import Struct

from api.admin.routes import Mended
from api.collect.body import read_body
from api.collect.collector import Collector
from api.collect.routes import READERS
from api.gate import Grant, admit
from api.problems import ProblemError
from api.rejects import schema
from api.rejects.cursor import Cursor
from api.rejects.desk import OPEN, Desk, Seen
from api.serve import asking
from api.serve.responding import reply, serving_of
from contracts.codec import load_json
from contracts.logs import bind
from contracts.reject_list import request_of
from storage.reject_marks import Mark

PATH: Final = "/v1/rejects/"
STATES: Final = (OPEN, "retried", "dropped")
DEFAULT_N: Final = 50
LISTED: Final = 500
READING_SECONDS: Final = 2.0
SHOWN_BYTES: Final = 40_000
MAX_WHY: Final = 500


class RetryBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """`text`: the mended event; none: as it came. `again`: also if it was retried or dropped."""

    text: str | None = None
    again: bool = False


class DropBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """`why` is kept with the record."""

    why: str = ""


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.rejects` and `app.state.collector`."""
    router = APIRouter()
    add = schema.adder(router, "operations")
    add("GET", "/v1/rejects", get_all, schema.ALL)
    add("GET", "/v1/rejects/{id}", get_one, schema.ONE)
    add("POST", "/v1/rejects/{id}/retry", post_retry, schema.RETRY)
    add("POST", "/v1/rejects/{id}/drop", post_drop, schema.DROP)
    return router


async def get_all(request: Request) -> Response:
    """Answer refused events, the newest first, from stretches of 2,000 of each partition.

    Stretches are read until there are enough, or for two seconds. `more` says how many of those
    read fit that are not in this answer; `counts`, how many there are of each state, by reason.
    `next` is the `cursor` that goes on from here, to the oldest that is kept; null at the end.
    """
    begin, grant = perf_counter(), admit(request)
    given = asking.query(request, ("site", "state", "reason", "n", "cursor"))
    state, reason = _one(given, "state"), _one(given, "reason")
    if state is not None and state not in STATES:
        raise asking.bad("state", f"expected one of {', '.join(STATES)}, got {state[:32]!r}")
    n = asking.count("n", given, DEFAULT_N, LISTED)
    counts: dict[str, dict[str, int]] = {name: {} for name in STATES}
    fitting: list[Seen] = []
    cursor = Cursor.of(_one(given, "cursor"))
    while True:
        with Mended():
            looked = await _desk(request).before(cursor.ends, cursor.begins)
        found = _visible(looked.seen, grant)
        _count(found, counts)
        fitting += (one for one in reversed(found) if _fits(one, state, reason, cursor))
        if len(fitting) > n or not looked.older:
            break
        cursor = Cursor(looked.begins)
        if len(fitting) == n or perf_counter() - begin > READING_SECONDS:
            break
    following = cursor if looked.older else None
    if len(fitting) > n:
        following = Cursor(looked.ends, looked.begins, fitting[n - 1].reject.place)
    body = {
        "rejects": [_told(one) for one in fitting[:n]],
        "more": max(0, len(fitting) - n),
        "counts": counts,
        "next": None if following is None else following.text,
    }
    return reply(serving_of(request), "rejects", begin, body)


async def get_one(request: Request) -> Response:
    """Answer one refused event with its text, the first 40,000 bytes of it."""
    begin, one, _ = await _chosen(request)
    text = one.reject.raw[:SHOWN_BYTES].decode("utf-8", "backslashreplace")
    return reply(serving_of(request), "reject", begin, {**_told(one), "text": text})


async def post_retry(request: Request) -> Response:
    """Send a refused event again, as it came or mended, as whoever sent it first would.

    It keeps its id, so that one that was taken meanwhile takes no effect twice. `taken` is false
    where it is refused again, which makes a record of its own; `why` says for what.
    """
    begin, one, grant = await _chosen(request)
    body = await _body(request, RetryBody)
    reject = one.reject
    if one.state != OPEN and not body.again:
        raise ProblemError(409, "done-before", f"it was {one.state} before; `again` insists")
    if reject.cut and body.text is None:
        raise ProblemError(409, "cut", "it was too large to be kept whole: send `text`, mended")
    raw = reject.raw if body.text is None else body.text.encode()
    path, posted = request_of(reject, raw)
    collector: Collector = request.app.state.collector
    answer = await collector.add(posted, READERS[path], reject.record.site or grant.site, path)
    told = load_json(bytes(answer.body))
    refused = told.get("rejected") or []
    why = refused[0]["detail"] if refused else "" if answer.status_code == 200 else told["detail"]
    if answer.status_code == 503:
        return answer
    if not why:
        now = serving_of(request).clock()
        with Mended():
            mark = Mark(state="retried", time=now, mended=body.text is not None)
            await _desk(request).mark(reject, mark)
    return reply(serving_of(request), "reject-retry", begin, {"taken": not why, "why": why})


async def post_drop(request: Request) -> Response:
    """Let a refused event go: it is recorded, and the event is no longer open."""
    begin, one, _ = await _chosen(request)
    body = await _body(request, DropBody)
    if len(body.why) > MAX_WHY:
        raise asking.bad("why", f"expected at most {MAX_WHY} characters")
    now = serving_of(request).clock()
    with Mended():
        await _desk(request).mark(one.reject, Mark(state="dropped", time=now, why=body.why))
    return reply(serving_of(request), "reject-drop", begin, {"dropped": one.reject.id})


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.rejects
    return desk


def _visible(found: list[Seen], grant: Grant) -> list[Seen]:
    """Return what the key may see: its site's; the operator also what is of no site."""
    sites = {grant.site, None} if grant.operator else {grant.site}
    return [one for one in found if one.reject.record.site in sites]


def _count(found: list[Seen], counts: dict[str, dict[str, int]]) -> None:
    for one in found:
        of_state, reason = counts[one.state], one.reject.record.reason
        of_state[reason] = of_state.get(reason, 0) + 1


def _fits(one: Seen, state: str | None, reason: str | None, cursor: Cursor) -> bool:
    return (
        state in (None, one.state)
        and reason in (None, one.reject.record.reason)
        and (cursor.after is None or one.reject.place < cursor.after)
    )


async def _chosen(request: Request) -> tuple[float, Seen, Grant]:
    begin, grant = perf_counter(), admit(request)
    asking.query(request, ("site",))
    id_ = request.path_params["id"]
    bind(reject=id_[:64])
    with Mended():
        one = await _desk(request).one(id_)
    if one is None or not _visible([one], grant):
        raise ProblemError(404, "unknown-reject", f"there is no refused event {id_[:64]!r}")
    return begin, one, grant


async def _body(request: Request, kind: type[Struct]) -> Any:
    return asking.decoded(await read_body(request, 2 * SHOWN_BYTES), kind)


def _told(one: Seen) -> dict[str, Any]:
    record, mark = one.reject.record, one.mark
    told = {
        "id": one.reject.id,
        "state": one.state,
        "reason": record.reason,
        "detail": record.detail,
        "origin": record.origin,
        "site": record.site,
        "received": record.received,
        "copies": one.reject.copies,
        "size": len(one.reject.raw),
    }
    return told if mark is None else told | {"done": mark.time, "why": mark.why}


def _one(given: dict[str, list[str]], name: str) -> str | None:
    return given[name][0] if name in given else None


router = build_router()
