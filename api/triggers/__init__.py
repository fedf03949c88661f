"""Triggers handed out: subscriptions, a stream, a long poll. Webhooks are sent by `api.webhooks`.

`build_router` makes the routes; they use the `Triggers` that a lifespan puts into
`app.state.triggers`::

    async with Triggers.open(settings, registry) as triggers:
        app.state.triggers = triggers
"""

from fastapi import APIRouter

from api.triggers import reading, subscribing
from api.triggers.triggers import Triggers

__all__ = ["Triggers", "build_router"]


def build_router() -> APIRouter:
    """Return the routes of triggers."""
    router = APIRouter()
    reading.add_routes(router)
    subscribing.add_routes(router)
    return router
