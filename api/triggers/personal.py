"""What campaigns sent to one person, from the site's stream of triggers."""

from typing import Final

import orjson
from fastapi import APIRouter, Request, Response

from api.gate import admit
from api.serve import asking
from api.serve.making import find_people
from api.serve.responding import serving_of
from api.triggers import schema
from api.triggers.reading import away, triggers_of
from contracts.cloudevents import user_in
from contracts.codec import dump_json
from storage.errors import StoreError

USERS: Final = "/v1/users/"
PAGE: Final = 500
LOOKED_AT: Final = 5_000
"""Entries of the stream, the newest, among which a person's are looked for: some 7 MB."""

DEFAULT_N: Final = 20


def add_routes(router: APIRouter) -> None:
    """Add the route."""
    path = "/v1/users/{id:path}/triggers"
    schema.add(router, "GET", path, get_of_user, schema.OF_USER)


async def get_of_user(request: Request) -> Response:
    """Answer the newest triggers of a person, the newest first, among the site's newest 5,000.

    Those that their devices got before they signed in are among them. `looked_at` says how many
    those were that were looked at, and `whole` whether the stream has no older ones. People who
    were held out of a campaign got nothing, and have none of it here.
    """
    triggers = triggers_of(request)
    site = admit(request).site
    given = asking.query(request, ("n",))
    n = asking.count("n", given, DEFAULT_N, PAGE)
    serving = serving_of(request)
    user = asking.path_person(request, USERS, "/triggers")
    user = asking.subject_of(serving.names, site, user)
    people = await find_people(serving, site, [user], serving.store.budget())
    ids = {user, *people.visitors[0].ids}
    found: list[bytes] = []
    before, looked, whole = "+", 0, False
    try:
        while len(found) < n and looked < LOOKED_AT and not whole:
            page = await triggers.log.newest(site, before, PAGE)
            looked, whole = looked + len(page), len(page) < PAGE
            found += [event for _, event in page if user_in(event) in ids]
            before = page[-1][0] if page else before
    except StoreError as error:
        raise away(error) from None
    body = {
        "user": user,
        "triggers": [orjson.Fragment(event) for event in found[:n]],
        "looked_at": looked,
        "whole": whole,
    }
    headers = {"Cache-Control": "no-store"}
    return Response(dump_json(body), media_type="application/json", headers=headers)
