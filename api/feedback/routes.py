"""The routes of feedback: `/v1/feedback`, what is below it, and a person's own."""

from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.feedback import reading, schema
from api.feedback.answering import append, check_follows, event_of, status_body
from api.gate import admit
from api.problems import ProblemError
from api.serve import asking
from api.serve.making import find_people
from api.serve.responding import reply, serving_of
from api.serve.serving import Serving
from api.serve.store import Budget
from contracts.feedback import LISTED, STATUSES, Case

PATH: Final = "/v1/feedback/"
USERS: Final = "/v1/users/"
KINDS: Final = ("item", "category", "channel")
DEFAULT_N: Final = 50


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.serving`, `.log` and `.secrets`."""
    router = APIRouter()
    for method, path, endpoint, operation in (
        ("GET", "/v1/feedback", get_cases, schema.CASES),
        ("GET", "/v1/feedback/summary", get_summary, schema.SUMMARY),
        ("GET", "/v1/feedback/{id:path}", get_case, schema.CASE),
        ("POST", "/v1/feedback/{id:path}/status", post_status, schema.STATUS),
        ("GET", "/v1/users/{id:path}/feedback", get_of_user, schema.OF_USER),
    ):
        schema.add(router, method, path, endpoint, operation)
    return router


async def get_cases(request: Request) -> Response:
    """Answer complaints and suggestions, the newest first; the newest 500 of a status are listed.

    `overdue=true` leaves those whose answer is overdue. `more` says how many fit that are not in
    this answer.
    """
    begin, serving, site = _start(request)
    given = asking.query(request, ("status", "topic", "type", "overdue", "n"))
    status = _one(given, "status")
    if status is not None and status not in STATUSES:
        raise asking.bad("status", f"expected one of {', '.join(STATUSES)}, got {status[:32]!r}")
    n = asking.count("n", given, DEFAULT_N, LISTED)
    topic, type_ = _one(given, "topic"), _one(given, "type")
    late, now = asking.flag("overdue", given), serving.clock()
    fitting = [
        line
        for line in await reading.lines_of(serving, site, status)
        if topic in (None, line.topic)
        and type_ in (None, line.type)
        and (not late or 0 < line.due <= now)
    ]
    cases = await reading.cases_of(serving, site, [line.id for line in fitting[:n]])
    body = {"cases": [reading.shown(case, now) for case in cases], "more": max(len(fitting) - n, 0)}
    return reply(serving, "feedback", begin, {**body, "lag_ms": serving.lag_ms()})


async def get_summary(request: Request) -> Response:
    """Answer how content people are: in all, and by channel and category; cases; topics.

    With `item`, `category` or `channel` it answers how content people are with that one.
    """
    begin, serving, site = _start(request)
    given = asking.query(request, KINDS)
    if len(given) > 1:
        raise asking.bad(sorted(given)[1], f"give one of {', '.join(KINDS)}")
    body: dict[str, Any]
    if given:
        ((kind, (name, *_)),) = given.items()
        told = await reading.contentment_of(serving, site, kind, asking.id_field(kind, name))
        body = {kind: name, "contentment": told}
    else:
        body = await reading.summary_of(serving, site)
    return reply(serving, "feedback-summary", begin, {**body, "lag_ms": serving.lag_ms()})


async def get_case(request: Request) -> Response:
    """Answer one complaint or suggestion, by the id of its event."""
    begin, serving, site = _start(request)
    asking.query(request, ())
    case = await _case(request, serving, site, "")
    return reply(serving, "feedback-case", begin, reading.shown(case, serving.clock()))


async def post_status(request: Request) -> Response:
    """Take note that a case was answered, resolved or reopened; and, maybe, what it is about.

    Accepted like an event: 202 means that the broker has it, and the case shows it within a second.
    A topic is learnt from. With an `id` of yours a retry has its effect once.
    """
    begin, serving, site = _start(request)
    body = await status_body(request)
    case = await _case(request, serving, site, "/status")
    if case.status == body.status:
        told = {"accepted": False, "id": case.id, "status": case.status}
        return reply(serving, "feedback-status", begin, told)
    check_follows(case, body.status)
    received = serving.clock()
    await append(request.app.state.log, event_of(case, body, received), received)
    told = {"accepted": True, "id": case.id, "status": body.status}
    answer = reply(serving, "feedback-status", begin, told)
    answer.status_code = 202
    return answer


async def get_of_user(request: Request) -> Response:
    """Answer what a person said of late, their cases, and how content they are."""
    begin, serving, site = _start(request)
    asking.query(request, ())
    id_ = asking.path_person(request, USERS, "/feedback")
    found = await find_people(serving, site, [id_], Budget(reading.PATIENCE_SECONDS))
    (visitor,) = found.visitors
    voices = await reading.voices_of(serving, site, visitor.user)
    cases = await reading.cases_of(serving, site, [one.id for one in voices if one.case])
    profile = visitor.profile
    body = {
        "user": visitor.user,
        "satisfaction": None if profile is None else schema.satisfaction(profile.satisfaction),
        "said": [
            {name: getattr(one, name) for name in one.__struct_fields__ if name != "case"}
            for one in voices
        ],
        "cases": [reading.shown(case, serving.clock()) for case in cases],
        "lag_ms": serving.lag_ms(),
    }
    return reply(serving, "feedback-user", begin, body)


def _start(request: Request) -> tuple[float, Serving, str]:
    """Return when it began, the serving, and the site that the key is of; raise a 401 or 403."""
    return perf_counter(), serving_of(request), admit(request).site


async def _case(request: Request, serving: Serving, site: str, after: str) -> Case:
    id_ = asking.id_field("id", asking.path_id(request, PATH, after))
    case = await reading.case_of(serving, site, id_)
    if case is None:
        detail = (
            f"there is no complaint or suggestion {id_[:64]!r}; it may not have been read yet: "
            "where a trigger told of it, ask again"
        )
        raise ProblemError(404, "unknown-feedback", detail, {"Retry-After": "1"})
    return case


def _one(given: dict[str, list[str]], name: str) -> str | None:
    return given[name][0] if name in given else None
