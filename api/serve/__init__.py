"""Serving: recommendations, rankings, profiles and segments, read from the views.

`router` has the routes; they use the `Serving` that a lifespan puts into `app.state.serving`::

    async with Serving.open(settings, registry) as serving:
        app.state.serving = serving
"""

from fastapi import APIRouter

from api.routing import PlainRoute
from api.serve import item_routes, knowledge_routes, people_routes, status_routes
from api.serve.serving import Serving

__all__ = ["Serving", "build_router", "router"]


def build_router() -> APIRouter:
    """Return the routes of serving."""
    router = APIRouter(route_class=PlainRoute)
    for routes in (people_routes, item_routes, knowledge_routes, status_routes):
        routes.add_routes(router)
    return router


router = build_router()
