"""The routes of triggers; they use the `Triggers` of `app.state.triggers`."""

from fastapi import APIRouter

from api.triggers import personal, reading, subscribing


def build_router() -> APIRouter:
    """Return the routes."""
    router = APIRouter()
    reading.add_routes(router)
    personal.add_routes(router)
    subscribing.add_routes(router)
    return router
