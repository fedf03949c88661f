"""Routes that manage subscriptions."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Sequence
from secrets import token_bytes, token_hex
from typing import Any, Final

import orjson
from fastapi import APIRouter, Request, Response
from msgspec.structs import replace

from api.gate import admit
from api.problems import ProblemError
from api.serve.asking import bad
from api.triggers import schema
from api.triggers.asking import unknown
from api.triggers.bodies import ReplayBody, RotateBody, SubscriptionBody, body_of
from api.triggers.figures import figures_of
from api.triggers.naming import Known
from api.triggers.reading import away, triggers_of
from api.triggers.schema import Endpoint
from api.triggers.triggers import Triggers
from contracts.codec import dump_json
from contracts.subscriptions import MAX_SUBSCRIPTIONS, Replay, Secret, Subscription
from storage.errors import StoreError
from storage.subscriptions import ConflictError, TooManyError

HOUR_MS: Final = 3_600_000
DEAD_PAGE: Final = 100
MAX_REPLAYS: Final = 10
"""Of one subscription, that are not done yet."""
ONE: Final = "/v1/subscriptions/{id}"

Action = Callable[[Request, Triggers, str], Awaitable[Response]]


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    for method, path, action, operation in (
        ("POST", "/v1/subscriptions", create, schema.CREATE),
        ("GET", "/v1/subscriptions", get_all, schema.LIST),
        ("GET", ONE, get_one, schema.ONE),
        ("PUT", ONE, change, schema.CHANGE),
        ("DELETE", ONE, remove, schema.REMOVE),
        ("POST", f"{ONE}/enable", enable, schema.ENABLE),
        ("POST", f"{ONE}/secret", rotate, schema.ROTATE),
        ("GET", f"{ONE}/dead", get_dead, schema.DEAD),
        ("POST", f"{ONE}/replay", replay, schema.REPLAY),
    ):
        schema.add(router, method, path, _endpoint(action), operation)


async def create(request: Request, triggers: Triggers, site: str) -> Response:
    """Subscribe to what is triggered from now on. The secret is told here, and never again."""
    body = await body_of(request, SubscriptionBody)
    body.check(triggers.targets)
    now = triggers.clock()
    webhook = body.delivery == "webhook"
    one = Subscription(
        id=f"sub_{token_hex(8)}",
        site=site,
        delivery=body.delivery,
        created=now,
        updated=now,
        enabled=now,
        start=str(await triggers.log.latest(site)),
        name=body.name,
        url=body.url,
        filter=body.filter,
        secrets=(_secret(now),) if webhook else (),
    )
    try:
        await triggers.store.add(one)
    except TooManyError:
        detail = f"the site has {MAX_SUBSCRIPTIONS} subscriptions, which is all it may have"
        raise ProblemError(409, "too-many-subscriptions", detail) from None
    told = await _told(request, triggers, one)
    if webhook:
        told["secret"] = one.secrets[0].key
    return _answer(told, 201, {"Location": f"/v1/subscriptions/{one.id}"})


async def get_all(request: Request, triggers: Triggers, site: str) -> Response:
    """Answer the site's subscriptions, the oldest first, and how delivery goes."""
    found = await triggers.store.all_of(site)
    return _answer({"subscriptions": await _all_told(request, triggers, site, found)})


async def get_one(request: Request, triggers: Triggers, site: str) -> Response:
    """Answer one subscription, and how delivery goes."""
    return _answer(await _told(request, triggers, await _found(request, triggers, site)))


async def change(request: Request, triggers: Triggers, site: str) -> Response:
    """Change name, address and filter; what is not given becomes empty. It takes effect in 1 s."""
    body = await body_of(request, SubscriptionBody)
    body.check(triggers.targets)
    now = triggers.clock()

    def changed(one: Subscription) -> Subscription:
        if one.delivery != body.delivery:
            raise bad("delivery", f"is {one.delivery} and stays so; make another subscription")
        return replace(one, name=body.name, url=body.url, filter=body.filter, updated=now)

    return _answer(await _told(request, triggers, await _changed(request, triggers, site, changed)))


async def remove(request: Request, triggers: Triggers, site: str) -> Response:
    """End a subscription. What waited for it, and its dead letters, are gone."""
    id_ = request.path_params["id"]
    if not await triggers.store.remove(site, id_):
        raise unknown(id_)
    return Response(status_code=204)


async def enable(request: Request, triggers: Triggers, site: str) -> Response:
    """Switch on what delivery has given up on; it goes on where it stopped."""
    now = triggers.clock()

    def changed(one: Subscription) -> Subscription:
        return replace(one, enabled=max(now, one.enabled + 1), updated=now)

    return _answer(await _told(request, triggers, await _changed(request, triggers, site, changed)))


async def rotate(request: Request, triggers: Triggers, site: str) -> Response:
    """Make a new secret. The one before signs as well for `overlap_hours`, one before that not."""
    body = await body_of(request, RotateBody)
    body.check()
    now = triggers.clock()
    made = _secret(now)

    def changed(one: Subscription) -> Subscription:
        if one.delivery != "webhook":
            raise _no_webhook(one)
        expires = now + int(body.overlap_hours * HOUR_MS)
        before = replace(one.secrets[0], expires=expires)
        return replace(one, secrets=(made, before), updated=now)

    one = await _changed(request, triggers, site, changed)
    return _answer({**await _told(request, triggers, one), "secret": made.key})


async def get_dead(request: Request, triggers: Triggers, site: str) -> Response:
    """Answer up to 100 triggers that were given up on, the oldest first, after `after`."""
    one = await _found(request, triggers, site, webhook=True)
    after = request.query_params.get("after", "0-0")
    if not schema.is_entry(after):
        raise bad("after", "expected `next` of an answer")
    found = await triggers.delivery(one).dead(after, DEAD_PAGE)
    letters = [
        {
            "trigger": orjson.Fragment(bytes(letter.event)),
            **{name: getattr(letter, name) for name in ("attempts", "first", "last", "error")},
        }
        for _, letter in found
    ]
    return _answer({"dead": letters, "next": found[-1][0] if found else None})


async def replay(request: Request, triggers: Triggers, site: str) -> Response:
    """Deliver once more what was accepted in a range, or the dead letters of one.

    It begins within a second, beside what is new, and repeats triggers under the ids they had.
    """
    body = await body_of(request, ReplayBody)
    body.check()
    one = await _found(request, triggers, site, webhook=True)
    delivery = triggers.delivery(one)
    if len(await delivery.replays()) >= MAX_REPLAYS:
        detail = f"{MAX_REPLAYS} replays are not done yet; ask again later"
        raise ProblemError(409, "too-many-replays", detail)
    asked = Replay(
        id=f"rep_{token_hex(8)}",
        after=body.after,
        before=body.before,
        end=str(await triggers.log.latest(site)),
        dead=body.dead,
    )
    await delivery.ask_replay(asked)
    return _answer({"replay": asked.id, "subscription": one.id}, 202)


def _endpoint(action: Action) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        triggers = triggers_of(request)
        site = admit(request).site
        try:
            return await action(request, triggers, site)
        except ConflictError as error:
            raise ProblemError(409, "conflict", str(error)) from None
        except StoreError as error:
            raise away(error) from None

    endpoint.__name__, endpoint.__doc__ = action.__name__, action.__doc__
    return endpoint


async def _found(
    request: Request, triggers: Triggers, site: str, *, webhook: bool = False
) -> Subscription:
    id_ = request.path_params["id"]
    one = await triggers.store.get(site, id_)
    if one is None:
        raise unknown(id_)
    if webhook and one.delivery != "webhook":
        raise _no_webhook(one)
    return one


async def _changed(
    request: Request, triggers: Triggers, site: str, how: Callable[[Subscription], Subscription]
) -> Subscription:
    id_ = request.path_params["id"]
    one = await triggers.store.change(site, id_, how)
    if one is None:
        raise unknown(id_)
    return one


async def _told(request: Request, triggers: Triggers, one: Subscription) -> dict[str, Any]:
    (told,) = await _all_told(request, triggers, one.site, [one])
    return told


async def _all_told(
    request: Request, triggers: Triggers, site: str, found: Sequence[Subscription]
) -> list[dict[str, Any]]:
    figures = await figures_of(triggers.control, triggers.log, site, found)
    known, now = await Known.of(request, site), triggers.clock()
    return [
        {**figure.told(now), "warnings": known.warnings(one.filter)}
        for figure, one in zip(figures, found, strict=True)
    ]


def _no_webhook(one: Subscription) -> ProblemError:
    detail = f"subscription {one.id} is pulled: it has no secret, dead letters or replays"
    return ProblemError(409, "no-webhook", detail)


def _secret(now: int) -> Secret:
    return Secret(key=f"whsec_{b64encode(token_bytes(32)).decode()}", created=now)


def _answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    kept = {"Cache-Control": "no-store", **(headers or {})}
    return Response(dump_json(body), status, kept, "application/json")
