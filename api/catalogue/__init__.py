"""Taking catalogue records over HTTP."""

from api.catalogue.routes import build_router

__all__ = ["build_router"]
