"""Routes about people: what to show them, and what is known of them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.serve import asking, describing, schema
from api.serve.learnt import Given, has_learnt, rank_learnt
from api.serve.making import Basis, answer, find_people, find_rows, find_tracks, trail_for
from api.serve.ranking import Ask, Rows, Who, recommend, reorder
from api.serve.responding import reply, serving_of, site_of
from api.serve.serving import Serving
from api.serve.visitor import Visitor
from contracts.past import Past, told
from contracts.sampling import is_judged

USERS: Final = "/v1/users/"
KINDS: Final = ("n", "item", "category", "exclude", "explain", asking.CAP, asking.DIVERSITY)
YIELD_EVERY: Final = 4
"""People of one request after which other requests get their turn."""


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    add = schema.adder(router)
    add("GET", "/v1/users/{id:path}/recommendations", get_recommendations, schema.RECOMMENDATIONS)
    add("POST", "/v1/recommendations", post_recommendations, schema.MANY)
    add("POST", "/v1/rank", post_rank, schema.RANK)
    add("GET", "/v1/users/{id:path}/profile", get_profile, schema.PROFILE)
    add("GET", "/v1/users/{id:path}/segments", get_user_segments, schema.USER_SEGMENTS)
    add("GET", "/v1/users/{id:path}/scores", get_scores, schema.SCORES)
    add("GET", "/v1/users/{id:path}/facts", get_facts, schema.FACTS)
    add("GET", "/v1/users/{id:path}/history", get_history, schema.HISTORY)


async def get_recommendations(request: Request) -> Response:
    """Answer what to show one person."""
    begin = perf_counter()
    serving, id_ = serving_of(request), _person(request, "/recommendations")
    given = asking.query(request, KINDS)
    ask = asking.ask_of(given, serving.settings.api.max_n, serving.variety)
    (made,) = await _recommend(serving, site_of(request), [id_], ask)
    return reply(serving, "recommendations", begin, made)


async def post_recommendations(request: Request) -> Response:
    """Answer what to show each of many people."""
    begin = perf_counter()
    serving = serving_of(request)
    api = serving.settings.api
    body = await asking.body_of(request, asking.ManyBody, api.max_batch_bytes)
    users = asking.users_of(body)
    ask = replace(body.ask(api.max_n), variety=body.variety(serving.variety))
    made = await _recommend(serving, site_of(request, body.writeKey), users, ask)
    return reply(serving, "many", begin, {"answers": made})


async def post_rank(request: Request) -> Response:
    """Answer in which order to show given items to a person."""
    begin = perf_counter()
    serving = serving_of(request)
    api = serving.settings.api
    body = await asking.body_of(request, asking.RankBody, api.max_batch_bytes)
    given = asking.items_of(body)
    ask = body.ask(api.max_n, min(len(given), api.max_n))
    name = site_of(request, body.writeKey)
    site, budget, now = serving.site(name), serving.store.budget(), serving.clock()
    ids = [] if body.user is None else [asking.person_field("user", body.user)]
    found = await find_people(serving, name, ids, budget)
    visitor = found.visitors[0] if ids else Visitor("")
    trail = trail_for(visitor, ask.item, now)
    rows: Rows = {}
    tracks = await find_tracks(serving, name, given, budget) if has_learnt(site) else None
    if tracks is not None:
        failed = False
        offer = Given(given, tracks, body.ordered)
        ranking = rank_learnt(offer, visitor, site, serving.rules, ask, now)
    else:
        rows, failed = await find_rows(serving, name, [trail], budget)
        ranking = reorder(given, visitor, trail, rows, site, serving.rules, ask, now)
    basis = Basis("rank", site, ask, trail, rows, now, found.degraded or failed)
    made = answer(serving, basis, ranking, visitor.as_of, user=visitor.user)
    if ids:
        made["user"] = serving.names.called(name, ids[0], visitor.user)
    return reply(serving, "rank", begin, made)


async def get_profile(request: Request) -> Response:
    """Answer what is known of a person."""

    def told(serving: Serving, visitor: Visitor) -> dict[str, Any]:
        if visitor.profile is None:
            return {"profile": None}
        flow = serving.settings.flow
        return {"profile": describing.profile_of(visitor.profile, flow, serving.clock())}

    return await _tell(request, "profile", told, lambda visitor: visitor.profile is not None)


async def get_user_segments(request: Request) -> Response:
    """Answer which segment a person belongs to, and how the models score them."""
    site = site_of(request)

    def told(serving: Serving, visitor: Visitor) -> dict[str, Any]:
        segment = describing.segment_of(visitor, serving.site(site).segments)
        return {
            "segments": [] if segment is None else [segment],
            "scores": describing.scores_of(visitor),
        }

    def spoke(visitor: Visitor) -> bool:
        return visitor.segment is not None or bool(describing.scores_of(visitor))

    return await _tell(request, "segments", told, spoke)


async def get_scores(request: Request) -> Response:
    """Answer what the models expect of a person: intent, churn, spending, order value."""

    def told(_: Serving, visitor: Visitor) -> dict[str, Any]:
        return {"scores": describing.scores_of(visitor)}

    return await _tell(request, "scores", told, lambda visitor: bool(describing.scores_of(visitor)))


async def get_facts(request: Request) -> Response:
    """Answer the facts about a person that campaigns can be triggered by."""

    def told(_: Serving, visitor: Visitor) -> dict[str, Any]:
        return {"facts": {} if visitor.standing is None else visitor.standing.facts}

    return await _tell(request, "facts", told, lambda visitor: visitor.standing is not None)


async def get_history(request: Request) -> Response:
    """Answer what a person's scores and segments were, and the visits of the last touches.

    Scores and segments of the past are kept where `flow.score_history` asks for it.
    """

    def told_of(serving: Serving, visitor: Visitor) -> dict[str, Any]:
        standing, profile = visitor.standing, visitor.profile
        past = standing.past if standing is not None else None
        gap_ms = serving.settings.flow.session_gap_seconds * 1000
        visits = [] if profile is None else describing.visits_of(profile.recents, gap_ms)
        return {**told(past or Past()), "visits": visits}

    return await _tell(
        request,
        "history",
        told_of,
        lambda visitor: getattr(visitor.standing, "past", None) is not None,
    )


async def _recommend(serving: Serving, name: str, ids: list[str], ask: Ask) -> list[dict[str, Any]]:
    site, budget, now = serving.site(name), serving.store.budget(), serving.clock()
    found = await find_people(serving, name, ids, budget)
    trails = [trail_for(visitor, ask.item, now) for visitor in found.visitors]
    rows, failed = await find_rows(serving, name, trails, budget)
    made = []
    site.heard([touch for trail in trails for touch in trail.touches], rows.values())
    people = zip(ids, found.visitors, trails, strict=True)
    for number, (asked, visitor, trail) in enumerate(people, 1):
        basis = Basis("recommendations", site, ask, trail, rows, now, found.degraded or failed)
        chance = serving.chance(basis.request)
        who = Who(
            serving.arm_of(name, visitor.user), chance, _is_judged(serving, name, visitor, basis)
        )
        ranking = recommend(visitor, trail, rows, site, serving.rules, ask, now, who)
        told = answer(serving, basis, ranking, visitor.as_of, user=visitor.user)
        told["user"] = serving.names.called(name, asked, visitor.user)
        made.append(told)
        if number % YIELD_EVERY == 0:
            await asyncio.sleep(0)
    return made


def _is_judged(serving: Serving, site: str, visitor: Visitor, basis: Basis) -> bool:
    """Say whether it is to be seen what comes of an answer: for a sample of people.

    Not of those whose touches nobody hears of, and not of what the store could not tell.
    """
    unheard = visitor.profile is not None and (not visitor.personal or visitor.profile.bot)
    share = serving.settings.flow.score_share
    return not (unheard or basis.degraded) and is_judged(site, visitor.user, share)


async def _tell(
    request: Request,
    kind: str,
    told: Callable[[Serving, Visitor], dict[str, Any]],
    spoke: Callable[[Visitor], bool],
) -> Response:
    begin = perf_counter()
    serving, id_ = serving_of(request), _person(request, f"/{kind}")
    asking.query(request, ())
    name = site_of(request)
    found = await find_people(serving, name, [id_], serving.store.budget())
    (visitor,) = found.visitors
    standing_of = visitor.standing.as_of or None if visitor.standing is not None else None
    is_known = visitor.profile is not None or visitor.standing is not None
    body = {
        "user": visitor.user,
        "known": None if found.degraded else is_known,
        **told(serving, visitor),
        "as_of": visitor.as_of if kind == "profile" else standing_of,
        "lag_ms": serving.lag_ms(),
        "fallback": not spoke(visitor),
        "degraded": found.degraded,
    }
    return reply(serving, kind, begin, body)


def _person(request: Request, after: str) -> str:
    return asking.path_person(request, USERS, after)
