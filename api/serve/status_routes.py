"""Routes for operators: readiness, metrics, and what became of the events."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from api.doors import OPERATIONS
from api.gate import admit, gate_of
from api.serve import asking, schema
from api.serve.responding import serving_of
from api.serve.serving import Serving
from contracts.codec import dump_json, load_json
from contracts.keys import SCOREBOARD
from contracts.launch import INSTANCE_HEADER
from storage.errors import StoreError


def add_routes(router: APIRouter) -> None:
    """Add the routes."""
    add = schema.adder(router, tag="operations")
    add("GET", "/readyz", get_ready, schema.READY)
    router.add_api_route("/readyz", get_ready, methods=["HEAD"], include_in_schema=False)
    add("GET", "/metrics", get_metrics, schema.METRICS)
    add("GET", "/v1/stats", get_stats, schema.STATS)


async def get_ready(request: Request) -> Response:
    """Answer 200 once the memory was loaded from the store, and from then on.

    While the store is away the status is `degraded` and the code still 200: answers go on, and
    taking every instance out of service would help nobody.
    """
    serving = serving_of(request)
    loaded = serving.keeper.loaded
    status = "starting" if not loaded else "degraded" if serving.store.away else "ready"
    body = {"status": status}
    if request.scope.get(OPERATIONS, True):
        body |= {
            "store": "away" if serving.store.away else "up",
            "namespace": serving.keeper.memory.namespace,
            "rules": serving.rules_error or "ok",
        }
    code = HTTPStatus.OK if loaded else HTTPStatus.SERVICE_UNAVAILABLE
    instance = getattr(request.app.state, "instance", "")
    headers = {INSTANCE_HEADER: instance} if instance else None
    return Response(dump_json(body), code, headers, media_type="application/json")


async def get_metrics(request: Request) -> Response:
    """Answer the figures of this process and of the models, for Prometheus."""
    serving = serving_of(request)
    ends, degraded = await ends_of(serving)
    if not degraded:
        serving.ends = total(ends)
    return Response(
        generate_latest(serving.registry),
        headers={"Content-Type": CONTENT_TYPE_LATEST},
    )


async def get_stats(request: Request) -> Response:
    """Answer how the events ended, how far each part was read, the last checkpoint, the workers.

    What is counted over all sites is for the operator's key only, unless there is but one site.
    """
    serving = serving_of(request)
    asking.query(request, ("site",))
    grant = admit(request)
    site = serving.site(grant.site)
    body: dict[str, Any] = {
        "namespace": serving.keeper.memory.namespace,
        "lag_ms": serving.lag_ms(),
        "sites": {
            site.name: {"items": len(site.catalogue), "segments": len(site.segments)},
        },
        "scoreboard": {site.name: found} if (found := site.models.get(SCOREBOARD)) else {},
        "models": {site.name: {m: told for m, told in site.models.items() if m != SCOREBOARD}},
        "degraded": serving.store.away,
    }
    if grant.operator or len(gate_of(request).sites) == 1:
        ends, body["degraded"] = await ends_of(serving)
        body["events"] = total(ends)
        memory = serving.keeper.memory
        body["progress"] = memory.progress
        body["checkpoint"], body["workers"] = memory.checkpoint, memory.workers
        body["answers"] = {"logged": serving.answers.logged, "dropped": serving.answers.dropped}
    return Response(dump_json(body), media_type="application/json")


def total(ends: Iterable[bytes]) -> dict[str, Any]:
    """Return how many events ended in which way, over all owners.

    >>> total([b'{"applied": 2, "rejected": {"malformed": 1}}', b'{"duplicate": 3}'])["applied"]
    2
    """
    counts = {"applied": 0, "late": 0, "duplicate": 0}
    reasons: dict[str, dict[str, int]] = {"rejected": {}, "withheld": {}, "unlearnt": {}}
    for one in map(load_json, ends):
        for name in counts:
            counts[name] += one.get(name, 0)
        for name, sums in reasons.items():
            for reason, count in one.get(name, {}).items():
                sums[reason] = sums.get(reason, 0) + count
    accounted = counts["applied"] + counts["duplicate"]
    accounted += sum(sum(reasons[name].values()) for name in ("rejected", "withheld"))
    return {"ended": accounted, **counts, **reasons}


async def ends_of(serving: Serving) -> tuple[list[bytes], bool]:
    """Return how each owner's events ended, and whether the store is away."""
    keys = serving.keeper.memory.ends
    try:
        values = await serving.read(
            "ends", lambda reader: reader.get_many(keys), serving.store.budget()
        )
    except StoreError:
        return [], True
    return [raw for raw in values if raw is not None], False
