"""Routes: what to offer a person, and the offers that there are."""

from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response

from api.decide import schema
from api.decide.deciding import (
    Asked,
    Deciding,
    UnknownOfferError,
    UnknownPlacementError,
    charge_of,
    told,
)
from api.gate import admit
from api.problems import ProblemError
from api.serve import asking
from api.serve.responding import reply, site_of
from api.serve.schema import adder
from storage.budgets import THOUSANDTHS
from storage.errors import StoreError

USERS: Final = "/v1/users/"
DECIDE: Final = "/decide"
MOST_CONTEXT: Final = 32
MOST_TEXT: Final = 256


class DecideBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of `POST /v1/users/{id}/decide`."""

    placement: str
    offers: list[str] | None = None
    context: dict[str, float | str] = {}
    explain: bool = False
    writeKey: str | None = None  # noqa: N815  # the name on the wire


def build_router() -> APIRouter:
    """Return the routes of decisions."""
    router = APIRouter()
    add = adder(router, "decide")
    add("POST", "/v1/users/{id:path}/decide", post_decide, schema.DECIDE)
    add("GET", "/v1/offers", get_offers, schema.OFFERS)
    return router


async def post_decide(request: Request) -> Response:
    """Choose an offer for a person at a placement, charge its budget, and log it with its chance.

    An event that carries the answer's `request`, or the offer's id as `campaign`, tells what became
    of it. Each call is a decision: ask once for what is shown once.
    """
    begin = perf_counter()
    deciding: Deciding = request.app.state.deciding
    serving = deciding.serving
    limit = serving.settings.api.max_batch_bytes
    body = await asking.body_of(request, DecideBody, limit)
    id_ = asking.path_person(request, USERS, DECIDE)
    site = site_of(request, body.writeKey)
    try:
        made = await deciding.decide(site, id_, _asked(body))
    except UnknownPlacementError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-placement", str(error)) from None
    except UnknownOfferError as error:
        raise ProblemError(HTTPStatus.NOT_FOUND, "unknown-offer", str(error)) from None
    answer: dict[str, Any] = {
        "request": made.request,
        "user": serving.names.called(site, id_, made.visitor.user),
        **told(made, body.placement),
        "logged": made.logged,
        "as_of": made.visitor.as_of,
        "lag_ms": serving.lag_ms(),
        "fallback": made.learned == 0,
        "degraded": made.degraded,
    }
    if body.explain:
        answer["refused"] = dict(made.refused)
    return reply(serving, "decide", begin, answer)


async def get_offers(request: Request) -> Response:
    """Answer which offers and placements are in force, what was spent, and how policies fare.

    Needs the scope `campaigns:write`: what offers cost is nothing for a page of the shop to know.
    """
    begin = perf_counter()
    deciding: Deciding = request.app.state.deciding
    serving = deciding.serving
    asking.query(request, ("site",))
    site, book = admit(request).site, deciding.book
    keys = [charge_of(offer, site, [""], serving.clock()).budget for offer in book.offer]
    spent: list[float | None]
    try:
        spent = [cost / THOUSANDTHS for cost in await deciding.budgets.spent(keys)]
    except StoreError:
        spent = [None] * len(keys)
    learnt = serving.site(site).models.get("decide", {}).get("placements", {})
    body = {
        "offers": [
            {**offer.model_dump(mode="json", by_alias=True), "spent": cost}
            for offer, cost in zip(book.offer, spent, strict=True)
        ],
        "placements": [
            {**one.model_dump(mode="json"), "figures": learnt.get(one.name)}
            for one in book.placement
        ],
        "error": deciding.error,
    }
    return reply(serving, "offers", begin, body)


def _asked(body: DecideBody) -> Asked:
    asking.id_field("placement", body.placement)
    if len(body.context) > MOST_CONTEXT:
        raise asking.bad("context", f"at most {MOST_CONTEXT} facts, got {len(body.context)}")
    for name, value in body.context.items():
        if len(name) > MOST_TEXT or (isinstance(value, str) and len(value) > MOST_TEXT):
            raise asking.bad("context", f"names and texts have at most {MOST_TEXT} characters")
    if body.offers is not None and not body.offers:
        raise asking.bad("offers", "the list is empty: leave it out for all offers")
    offers = None if body.offers is None else frozenset(body.offers)
    return Asked(body.placement, offers, body.context)
