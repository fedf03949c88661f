"""The routes of privacy: erase a person, and export what is known of one."""

from time import perf_counter
from typing import Final

from fastapi import APIRouter, Request, Response

from api.admin.routes import Mended
from api.gate import admit
from api.privacy import schema
from api.privacy.erasing import Privacy
from api.serve import asking
from api.serve.responding import reply, serving_of
from contracts.logs import bind, person_key

USERS: Final = "/v1/users/"
EXPORT: Final = "/export"


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.privacy` and `app.state.serving`."""
    router = APIRouter()
    add = schema.adder(router, "privacy")
    add("GET", "/v1/users/{id:path}/export", get_export, schema.EXPORT)
    add("DELETE", "/v1/users/{id:path}", delete, schema.DELETE)
    return router


async def delete(request: Request) -> Response:
    """Erase a person: a user, or `device:ID`; a device that was identified stands for its user.

    Once this answers no event of the person counts any more, and the store is swept; the state of
    the flow and its files follow by `done_by`. May be asked again.
    """
    begin, privacy, site, person = _start(request, "")
    with Mended():
        done = await privacy.erase(site, serving_of(request).names.stored_as(site, person))
    return reply(serving_of(request), "erase", begin, {"site": site, **done})


async def get_export(request: Request) -> Response:
    """Answer all that the store knows of a person, in the words of the contracts."""
    begin, privacy, site, person = _start(request, EXPORT)
    with Mended():
        found = await privacy.export(site, serving_of(request).names.tokens(site, person))
    return reply(serving_of(request), "export", begin, found)


def _start(request: Request, after: str) -> tuple[float, Privacy, str, str]:
    begin = perf_counter()
    privacy: Privacy = request.app.state.privacy
    chosen = admit(request).site
    asking.query(request, ("site",))
    person = asking.path_person(request, USERS, after)
    id_ = asking.subject_of(serving_of(request).names, chosen, person)
    bind(person=person_key(id_))
    return begin, privacy, chosen, person


router = build_router()
