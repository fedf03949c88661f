"""What every route of serving does first and last."""

from time import perf_counter
from typing import Any

from fastapi import Request, Response

from api.gate import admit
from api.serve.serving import Serving
from contracts.codec import dump_json


def serving_of(request: Request) -> Serving:
    """Return what the application's lifespan put into `app.state.serving`."""
    serving: Serving = request.app.state.serving
    return serving


def site_of(request: Request, in_body: str | None = None) -> str:
    """Return the site that a request may ask about; raise a 401 or 403."""
    return admit(request, lambda: in_body).site


def reply(serving: Serving, kind: str, begin: float, body: dict[str, Any]) -> Response:
    """Return an answer, and note how long it took. It is never for a cache: it is of now."""
    raw = dump_json(body)
    serving.metrics.seconds(kind)(perf_counter() - begin)
    return Response(raw, media_type="application/json", headers={"Cache-Control": "no-store"})
