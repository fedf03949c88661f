"""The routes of campaigns: `/v1/campaigns` and what is below it."""

from collections import Counter
from time import perf_counter
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from api.admin import schema
from api.admin.campaigns import MAX_CAMPAIGNS, Campaigns, shown
from api.admin.preview import MOST
from api.admin.results import results_of
from api.collect.body import read_body
from api.collect.log import LogUnavailableError
from api.gate import admit
from api.problems import ProblemError
from api.serve import asking
from api.serve.known_segments import KnownSegments
from api.serve.responding import reply, serving_of
from api.serve.serving import Serving
from contracts.campaigns import Campaign, CampaignError, CampaignVersion, read_campaign
from contracts.codec import DecodeError, load_json
from contracts.conditions import segments_named
from contracts.conditions import vocabulary as words
from contracts.templates import TEMPLATES
from storage.errors import StoreError

PATH: Final = "/v1/campaigns/"
RESULTS: Final = "/results"
MAX_BYTES: Final = 300_000
PREVIEWED: Final = 2_000
"""People that a preview looks at, if it is not said how many."""


def build_router() -> APIRouter:
    """Return the routes; they use `app.state.campaigns` and `app.state.serving`."""
    router = APIRouter()
    add = schema.adder(router, "campaigns")
    add("GET", "/v1/campaigns", get_all, schema.ALL)
    add("POST", "/v1/campaigns", post, schema.POST)
    add("GET", "/v1/campaigns/vocabulary", get_vocabulary, schema.VOCABULARY)
    add("POST", "/v1/campaigns/check", post_check, schema.CHECK)
    add("POST", "/v1/campaigns/preview", post_preview, schema.PREVIEW)
    add("GET", "/v1/campaigns/{id}/results", get_results, schema.RESULTS)
    add("GET", "/v1/campaigns/{id}", get_one, schema.ONE)
    add("PUT", "/v1/campaigns/{id}", put, schema.PUT)
    add("DELETE", "/v1/campaigns/{id}", delete, schema.DELETE)
    return router


async def get_all(request: Request) -> Response:
    """Answer all campaigns of the site, each with how often it fired and for what reasons not.

    `total` has the same of all that there ever were, those that were ended as well: it never falls.
    """
    begin, serving, campaigns, site = _start(request)
    asking.query(request, ("site",))
    with Mended():
        found = await campaigns.all(site)
        counts = await campaigns.counts(serving.keeper.memory.namespace, site)
    listed = [{**shown(one), "counts": counts.get(one.id, {})} for one in found]
    total: Counter[str] = Counter()
    for each in counts.values():
        total.update(each)
    return reply(serving, "campaigns", begin, {"campaigns": listed, "total": dict(total)})


async def get_one(request: Request) -> Response:
    """Answer a campaign, its counts, and all versions that there were of it."""
    begin, serving, campaigns, site = _start(request)
    asking.query(request, ("site",))
    id_ = _id(request)
    with Mended():
        versions = await campaigns.versions(site, id_)
        counts = await campaigns.counts(serving.keeper.memory.namespace, site)
    if not versions:
        raise _unknown(id_)
    body = {
        **shown(versions[-1]),
        "counts": counts.get(id_, {}),
        "versions": [shown(one) for one in versions],
    }
    return reply(serving, "campaign", begin, body)


async def get_results(request: Request) -> Response:
    """Answer what a campaign did: what was sent and came of it, what it added, and where.

    `version` asks for one of its versions, else it is the newest that did anything. Differences are
    against the people held out, with bounds that hold at any look.
    """
    begin, serving, campaigns, site = _start(request)
    given = asking.query(request, ("site", "version"))
    asked = (
        asking.within("version", asking.whole("version", given["version"][0]), 1_000_000_000)
        if "version" in given
        else None
    )
    id_ = asking.id_field("id", asking.path_id(request, PATH, RESULTS))
    with Mended():
        versions = await campaigns.versions(site, id_)
        namespace = serving.keeper.memory.namespace
        counts = await campaigns.results(namespace, site, id_)
        courses = await campaigns.courses(namespace, site, id_)
    if not versions:
        raise _unknown(id_)
    try:
        days = serving.settings.flow.result_days
        body = results_of(versions, counts, courses, asked, days)
    except KeyError:
        raise ProblemError(
            404, "unknown-version", f"campaign {id_!r} has no version {asked} that did anything"
        ) from None
    return reply(serving, "campaign_results", begin, body)


async def post(request: Request) -> Response:
    """Make a campaign of an id that no other has. In force within two seconds."""
    begin, serving, campaigns, site = _start(request)
    campaign = await _campaign(request, None)
    with Mended():
        before = await campaigns.get(site, campaign.id)
        if before is not None and before.campaign is not None:
            raise ProblemError(
                409,
                "campaign-exists",
                f"there is a campaign {campaign.id!r} already: change it by "
                f"PUT /v1/campaigns/{campaign.id}",
            )
        made = await _change(campaigns, site, campaign.id, campaign)
    return _answer(serving, begin, made, 201, warnings=_warnings(serving, site, campaign))


async def put(request: Request) -> Response:
    """Make a campaign, or a new version of it. In force within two seconds.

    With `If-Match: "VERSION"` only if that is the newest one.
    """
    begin, serving, campaigns, site = _start(request)
    campaign = await _campaign(request, _id(request))
    with Mended():
        before = await campaigns.get(site, campaign.id)
        _check_match(request, before)
        made = await _change(campaigns, site, campaign.id, campaign)
    new = before is None or before.campaign is None
    return _answer(
        serving, begin, made, 201 if new else 200, warnings=_warnings(serving, site, campaign)
    )


async def delete(request: Request) -> Response:
    """End a campaign. Its versions stay, and a later one of the same id goes on counting."""
    begin, serving, campaigns, site = _start(request)
    id_ = _id(request)
    with Mended():
        before = await campaigns.get(site, id_)
        if before is None or before.campaign is None:
            raise _unknown(id_)
        _check_match(request, before)
        made = await campaigns.change(site, id_, None)
    return _answer(serving, begin, made, 200)


async def post_check(request: Request) -> Response:
    """Answer what is wrong with a campaign, and change nothing: for a form, while one types.

    Without `faults` it has the campaign as it would be kept, and the conditions of its template.
    """
    begin, serving, _, site = _start(request)
    asking.query(request, ("site",))
    try:
        campaign = await _campaign(request, None)
    except ProblemError as error:
        faults = error.members.get("faults")
        if faults is None:
            raise
        told: dict[str, Any] = {"faults": faults, "campaign": None, "conditions": []}
        told["warnings"] = []
    else:
        told = {"faults": [], "campaign": campaign.as_dict(), "conditions": campaign.conditions}
        told["warnings"] = _warnings(serving, site, campaign)
    return reply(serving, "campaign_check", begin, told)


async def post_preview(request: Request) -> Response:
    """Answer whom a campaign could reach, by what is stored of people now; it changes nothing.

    `n` people are looked at, at most. What a condition says of moments (`quiet`, `event.type`, ...)
    is taken for granted and told in `moments`; the rest is in `stored`. `replays` has how often a
    campaign of this id fired in other namespaces, as of `headrace replay`.
    """
    begin, serving, campaigns, site = _start(request)
    given = asking.query(request, ("site", "n"))
    most = asking.count("n", given, PREVIEWED, MOST)
    campaign = await _campaign(request, None)
    with Mended():
        namespace = serving.keeper.memory.namespace
        body = await campaigns.preview(namespace, site, campaign, most)
    return reply(serving, "campaign_preview", begin, {**body, "lag_ms": serving.lag_ms()})


async def get_vocabulary(request: Request) -> Response:
    """Answer what conditions may speak of, and the built-in templates."""
    begin, serving, _, _ = _start(request)
    body = {
        "facts": {
            name: {"type": word.type, "meaning": word.meaning} for name, word in words.FACTS.items()
        },
        "functions": {
            name: {"arguments": list(one.arguments), "answers": one.answers, "meaning": one.meaning}
            for name, one in words.FUNCTIONS.items()
        },
        "templates": {
            name: {
                "meaning": one.meaning,
                "conditions": list(one.conditions),
                "with": dict(one.given),
                "cooldown": one.cooldown,
                "service": one.service,
            }
            for name, one in TEMPLATES.items()
        },
    }
    return reply(serving, "vocabulary", begin, body)


def _start(request: Request) -> tuple[float, Serving, Campaigns, str]:
    begin = perf_counter()
    serving = serving_of(request)
    campaigns: Campaigns = request.app.state.campaigns
    return begin, serving, campaigns, admit(request).site


def _id(request: Request) -> str:
    return asking.id_field("id", asking.path_id(request, PATH, ""))


async def _campaign(request: Request, id_: str | None) -> Campaign:
    """Return the campaign in a body; raise a 400 that points at what is wrong."""
    raw = await read_body(request, MAX_BYTES)
    try:
        given = load_json(raw or b"{}")
    except DecodeError as error:
        raise ProblemError(400, "bad-campaign", str(error)) from None
    if not isinstance(given, dict):
        raise ProblemError(400, "bad-campaign", "expected a JSON object with a campaign's fields")
    if id_ is not None and given.setdefault("id", id_) != id_:
        raise _bad([{"field": "id", "detail": f"the address says {id_!r}"}])
    try:
        return read_campaign(given)
    except CampaignError as error:
        raise _bad(error.faults) from None


def _bad(faults: list[dict[str, Any]]) -> ProblemError:
    detail = "; ".join(f"`{fault['field']}`: {fault['detail']}" for fault in faults)
    return ProblemError(400, "bad-campaign", detail, faults=faults)


async def _change(campaigns: Campaigns, site: str, id_: str, campaign: Campaign) -> CampaignVersion:
    others = [one for one in await campaigns.all(site) if one.id != id_]
    if len(others) >= MAX_CAMPAIGNS:
        raise ProblemError(
            409,
            "too-many-campaigns",
            f"the site has {len(others):,} campaigns, which is the most: delete some",
        )
    return await campaigns.change(site, id_, campaign)


def _check_match(request: Request, before: CampaignVersion | None) -> None:
    wanted = request.headers.get("if-match")
    newest = 0 if before is None else before.version
    if wanted is not None and wanted.strip().strip('"') != str(newest):
        raise ProblemError(
            412,
            "changed-meanwhile",
            f"If-Match says version {wanted[:32]}, and the newest is {newest}: read it again",
        )


def _unknown(id_: str) -> ProblemError:
    return ProblemError(404, "unknown-campaign", f"there is no campaign {id_!r}")


def _warnings(serving: Serving, site: str, campaign: Campaign) -> list[str]:
    """Return which segments a campaign names that there are not now: it fires nothing for them."""
    known, warnings = KnownSegments(serving.site(site).segments), []
    for number, condition in enumerate(campaign.conditions):
        field = "condition" if number == 0 else f"condition.{number}"
        warnings += known.warnings(field, segments_named(condition))
    if campaign.audience:
        warnings += known.warnings("audience", segments_named(campaign.audience))
    return warnings


def _answer(
    serving: Serving, begin: float, version: CampaignVersion, status: int, **more: list[str]
) -> Response:
    response = reply(serving, "campaign_change", begin, {**shown(version), **more})
    response.status_code = status
    response.headers["ETag"] = f'"{version.version}"'
    return response


class Mended:
    """A context in which a store or a broker that is away becomes a 503."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if isinstance(error, LogUnavailableError):
            raise error.problem("say it again") from error
        if isinstance(error, StoreError):
            raise ProblemError(
                503, "store-unavailable", str(error), {"Retry-After": "1"}
            ) from error


router = build_router()
